#!/usr/bin/env python3
"""What a server's memory still holds of a session that is over: none of its keys.

usage: tests/e2e/session_keys.py BUILD_FOLDER
The client is OpenSSL's, which tells the session's secrets (-keylogfile); this test then looks for
them in the server's memory as a debugger with all rights would. While the session is open some
must be there: that is the control. Exit code 4, and why, where memory cannot be read.
"""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

FAILED = []
CANARY = "canary-of-the-application-0123456789abcdef"


def check(name: str, holds: bool, more: object = "") -> None:
    print(("ok    " if holds else "FAIL  ") + name, flush=True)
    if not holds:
        FAILED.append(name)
        print(more, flush=True)


def run(*words: str, **more) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def make_client(folder: str) -> str:
    """A key and its certificate; returns the pin."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", "client.key", "-out", "client.pem", "-subj", "/CN=client", "-days", "9", cwd=folder)
    return "sha256//" + run("sh", "-c", "openssl pkey -in client.key -pubout -outform DER | "
                            "openssl dgst -sha256 -binary | base64", cwd=folder).strip()


def echo_server() -> str:
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            stream, _ = listener.accept()
            with stream, contextlib.suppress(OSError):  # whoever resets ends only its own
                while chunk := stream.recv(4096):
                    stream.sendall(chunk)

    threading.Thread(target=serve, daemon=True).start()
    return "127.0.0.1:%d" % listener.getsockname()[1]


def writable(pid: int) -> list[tuple[int, int]]:
    lines = pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="ascii").splitlines()
    found = [re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line) for line in lines]
    return [(int(match.group(1), 16), int(match.group(2), 16)) for match in found if match]


def memory(pid: int) -> bytes:
    out = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as file:
        for begin, end in writable(pid):
            try:
                file.seek(begin)
                out.append(file.read(end - begin))
            except OSError:
                continue  # a guard page
    return b"".join(out)


def secrets_in(log: pathlib.Path) -> dict[str, bytes]:
    """By name; what OpenSSL wrote of the last session."""
    lines = [line.split() for line in log.read_text(encoding="ascii").splitlines() if line[:1] != "#"]
    return {words[0]: bytes.fromhex(words[2]) for words in lines}


def found_in(content: bytes, secrets: dict[str, bytes]) -> list[str]:
    return sorted(name for name, value in secrets.items() if value in content or value[:16] in content)


class Server:
    def __init__(self, tool: str, folder: str, pin: str) -> None:
        self.process = subprocess.Popen(
            [tool, "serve", "--listen", "127.0.0.1:0", "--to", echo_server(), "--pin", pin,
             "--identity", "server.pem"], cwd=folder, stderr=subprocess.PIPE, text=True)
        self.where = ""
        while not self.where:
            line = self.process.stderr.readline()
            if not line:
                raise SystemExit("ratls serve did not start")
            self.where = (re.findall(r"listening on ([0-9.]+:[0-9]+)", line) or [""])[0]
        threading.Thread(target=self.process.stderr.read, daemon=True).start()


def session(server: Server, folder: str) -> tuple[list[str], list[str], dict[str, bytes]]:
    """What was there while it was open, and after it; and what was looked for."""
    log = pathlib.Path(folder, "keys.log")
    log.unlink(missing_ok=True)
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", server.where, "-tls1_3", "-quiet", "-cert", "client.pem",
         "-key", "client.key", "-keylogfile", str(log)], cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    client.stdin.write(CANARY.encode() + b"\n")
    client.stdin.flush()
    answer = client.stdout.readline()
    check("the session carries the application's bytes", CANARY.encode() in answer, answer)
    secrets = secrets_in(log)
    during = found_in(memory(server.process.pid), secrets)
    client.stdin.close()
    client.terminate()
    client.wait()
    time.sleep(0.5)
    return during, found_in(memory(server.process.pid), secrets), secrets


def main() -> int:
    tool = str(pathlib.Path(sys.argv[1], "cli/ratls").resolve())
    with tempfile.TemporaryDirectory() as folder:
        pin = make_client(folder)
        server = Server(tool, folder, pin)
        try:
            memory(server.process.pid)
        except PermissionError:
            print("skipped: this user may not read another process's memory, nor, rightly, this one's")
            server.process.kill()
            return 4
        for number in (1, 2, 3):
            during, after, secrets = session(server, folder)
            check(f"session {number}: OpenSSL told {len(secrets)} secrets", len(secrets) >= 5, secrets)
            check(f"session {number}: while it is open, {', '.join(during) or 'none'} (the control)", bool(during), during)
            check(f"session {number}: when it is over none is", not after, (after, during))
        limits = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text(encoding="ascii")
        check("the server leaves no core dump", re.search(r"Max core file size +0 +0", limits) is not None, limits)
        server.process.terminate()
        server.process.wait()
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    os.environ.pop("SSLKEYLOGFILE", None)
    sys.exit(main())
