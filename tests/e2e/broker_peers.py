"""A running broker, guests that ask it, and what its OpenAPI document says. Used by broker.py."""

import http.client
import json
import pathlib
import re
import signal
import subprocess
import threading
import time

TOOL = [""]
FAILED: list[str] = []
HEADER = "canary-77aa12-header"


def check(name: str, holds: bool, more: object = "") -> None:
    print(("ok    " if holds else "FAIL  ") + name, flush=True)
    if not holds:
        FAILED.append(name)
        print(more, flush=True)


def ratls(*arguments: str, text: bytes = b"", **more) -> subprocess.CompletedProcess:
    return subprocess.run([TOOL[0], *arguments], input=text, capture_output=True, timeout=300,
                          check=False, **more)


def simulator_of(build: pathlib.Path, otherwise: pathlib.Path) -> str:
    """The build's own simulator where CTest has made it: its keys take many seconds."""
    made = build / "sim-authority"
    if made.exists():
        return str(made)
    ratls("sim", "init", str(otherwise))
    return str(otherwise)


class Broker:
    """A running broker; its log is read line by line. `before` is a command that starts it."""

    def __init__(self, folder: pathlib.Path, may_fail: bool = False, before=(), **more) -> None:
        self.lines: list[dict] = []
        self.serving = False
        self.process = subprocess.Popen(
            [*before, TOOL[0], "broker", "serve", "--config", folder / "broker.json"],
            stderr=subprocess.PIPE, text=True, **more)
        self.ready = threading.Event()
        self.text = ""
        threading.Thread(target=self.read, daemon=True).start()
        self.ready.wait(60)
        if not self.serving and may_fail:
            return
        if not self.serving:
            raise SystemExit("the broker did not start: " + self.text)
        serving = self.wait_for("broker.serving")
        self.plain, self.framed = serving["listen"], serving.get("framed", "")
        self.status, self.pin = serving.get("status", ""), serving["pin"]
        self.inherited = serving.get("inherited", "")

    def read(self) -> None:
        for line in self.process.stderr:
            self.text += line
            if line.startswith("{"):
                self.lines.append(json.loads(line))
                if "broker.serving" in line:
                    self.serving = True
                    self.ready.set()
        self.ready.set()  # it ended

    def wait_for(self, event: str, count: int = 1) -> dict:
        for _ in range(500):
            found = [line for line in self.lines if line["event"] == event]
            if len(found) >= count:
                return found[-1]
            time.sleep(0.02)
        raise SystemExit(f"no {event} came: {self.text}")

    def page(self, target: str, method: str = "GET"):
        connection = http.client.HTTPConnection(self.status, timeout=10)
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


class Guest:
    """An attested channel; bytes go through `ratls connect`."""

    def __init__(self, broker: Broker, simulator: str) -> None:
        self.process = subprocess.Popen(
            [TOOL[0], "connect", broker.plain, "--pin", broker.pin, "--source", "sim:" + simulator],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, text: str) -> None:
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def answer(self):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.process.stdout.read(1)
            if not byte:
                return 0, {}, head
            head += byte
        lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), headers, self.process.stdout.read(int(headers["content-length"]))

    def ask(self, uri: str, method: str = "GET"):
        target = uri.replace("kbs:///", "/kbs/v0/resource/")
        self.send(f"{method} {target} HTTP/1.1\r\nhost: broker\r\nx-note: {HEADER}\r\n\r\n")
        return self.answer()

    def ended(self) -> bool:
        """Has the broker ended this channel? Then it answers nothing more."""
        try:
            self.send("GET /v1/status HTTP/1.1\r\nhost: b\r\n\r\n")
            self.process.stdin.close()
        except OSError:
            pass
        return self.answer()[0] == 0

    def close(self) -> None:
        try:
            self.process.stdin.close()
        except OSError:
            pass
        self.process.wait(10)
        self.process.stdout.close()


def matches(operation: dict, status: int, headers: dict, body: str, document: dict) -> bool:
    """Is this answer one that the OpenAPI document describes?"""
    response = operation["responses"].get(str(status))
    if response is None:
        return False
    content = headers["content-type"].split(";")[0]
    if content not in response["content"]:
        return False
    for name, header in response.get("headers", {}).items():
        if name not in headers:
            if header.get("required", True):
                return False
        elif not re.search(header["schema"].get("pattern", ""), headers[name]):
            return False
    schema = response["content"][content].get("schema", {})
    schema = document["components"]["schemas"].get(schema.get("$ref", "").split("/")[-1], schema)
    if schema.get("type") != "object":
        return True
    got = json.loads(body)
    reasons = schema["properties"].get("reason", {}).get("enum", [got.get("reason")])
    return set(got) == set(schema["required"]) and got.get("reason") in reasons


class Described:
    """docs/broker-openapi.json, and which of its answers were seen."""

    def __init__(self) -> None:
        root = pathlib.Path(__file__).resolve().parents[2]
        self.document = json.loads((root / "docs" / "broker-openapi.json").read_text())
        self.seen: set[tuple[str, str]] = set()

    def check(self, name: str, path: str, answer, want: int, reason: str = "") -> None:
        status, headers, body = answer
        headers = {key.lower(): value for key, value in headers.items()}
        text = body if isinstance(body, str) else body.decode(errors="replace")
        operation = self.document["paths"][path]["get"]
        self.seen.add((path, str(status)))
        check(name, status == want and matches(operation, status, headers, text, self.document)
              and (not reason or json.loads(text)["reason"] == reason), answer)

    def finish(self) -> None:
        all_answers = {(path, status) for path, item in self.document["paths"].items()
                       for status in item["get"]["responses"]}
        check("every answer of the OpenAPI document was seen", self.seen == all_answers,
              all_answers ^ self.seen)
