"""A broker, a model behind `ratls serve`, and guests' images, for the tests of run and egress."""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SECRET = "sk-canary-0123456789abcdef"
FAILED = []
BUILD = pathlib.Path(sys.argv[1]).resolve()


def check(name: str, holds: object, more: object = "") -> None:
    print(("ok    " if holds else "FAIL  ") + name, flush=True)
    if not holds:
        FAILED.append(name)
        print(more, flush=True)


class Process:
    """Something that says where it listens, on either stream."""

    def __init__(self, *arguments: object, ready: str = r"listening on (\S+?),?(\s|$)", text=None,
                 **more) -> None:
        self.lines: list[str] = []
        self.found: re.Match | None = None
        self.ready = threading.Event()
        self.process = subprocess.Popen([str(each) for each in arguments], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        **more)
        if text is not None:
            self.process.stdin.write(text)
        self.process.stdin.close()
        self.reader = threading.Thread(target=self.read, args=(ready,), daemon=True)
        self.reader.start()
        if not self.ready.wait(30) or self.found is None:
            raise SystemExit(f"{arguments} did not start: {self.log()}")
        self.where = self.found[1]

    def read(self, pattern: str) -> None:
        for line in self.process.stdout:
            self.lines.append(line)
            if self.found is None and (found := re.search(pattern, line)):
                self.found = found
                self.ready.set()
        self.ready.set()

    def log(self) -> str:
        return "".join(self.lines)

    def await_line(self, text: str, count: int = 1) -> bool:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.log().count(text) >= count:
                return True
            time.sleep(0.02)
        return False

    def reload(self) -> str:
        """SIGHUP; the line that says what came of it."""
        before = self.log().count("ratls: reload")
        self.process.send_signal(signal.SIGHUP)
        if not self.await_line("ratls: reload", before + 1):
            raise SystemExit("nothing was said of a reload: " + self.log())
        return [line for line in self.log().splitlines() if line.startswith("ratls: reload")][-1]

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(20)
        self.reader.join(5)
        return code


def ratls(*arguments: object, **more) -> subprocess.CompletedProcess:
    return subprocess.run([str(BUILD / "cli" / "ratls"), *map(str, arguments)], capture_output=True,
                          text=True, timeout=60, check=False, **more)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def no_cell() -> str:
    """Why no process can be shut into a network of its own here, or nothing."""
    flags = "-n" if os.geteuid() == 0 else "-Urn"
    done = subprocess.run(["unshare", flags, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or "unshare failed"


class World:
    """A broker, a model behind `ratls serve`, and a guest's image."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self.sim = folder, folder / "sim"
        folder.chmod(0o755)
        made = BUILD / "sim-authority"  # RSA keys take seconds; CTest's fixture has made some
        if (made / "seed").exists():
            shutil.copytree(made, self.sim)
        else:
            ratls("sim", "init", self.sim)
        ratls("sim", "policy", self.sim, "--out", folder / "guests.json")
        ratls("sim", "policy", self.sim, "--out", folder / "llm.json")
        ratls("sim", "policy", self.sim, "--measurement", "7" * 96, "--out", folder / "others.json")
        self.model = Process("python3", HERE / "mock_llm.py")
        self.broker = self.start_broker()
        self.pin = re.search(r"pin (sha256//\S+)", self.broker.log())[1]
        self.llm = self.serve()
        self.plain = self.serve("--identity", folder / "llm.pem")
        self.say(self.broker.where)

    def start_broker(self) -> Process:
        uri = "kbs:///agents/llm/api-key"
        config = self.folder / "broker.json"
        config.write_text(json.dumps({
            "listen": "127.0.0.1:0", "identity": "broker.pem", "audit": "audit.log",
            "policies": [{"file": "guests.json"}], "secrets": {"store": "secrets.db", "key": "store.key"},
            "release": {uri: {"accept": ["simulated/simulated-guest"], "per_guest": None}}}))
        ratls("secret", "keygen", "--out", self.folder / "store.key")
        ratls("secret", "put", uri, "--config", config, input=SECRET)
        return Process(BUILD / "cli/ratls", "broker", "serve", "--config", config, "--log", "text",
                       ready=r"broker.serving.*listen (\S+)")

    def serve(self, *identity: object, listen: str = "127.0.0.1:0") -> Process:
        return self.front(self.model.where, *identity, listen=listen)

    def front(self, to: str, *identity: object, listen: str = "127.0.0.1:0") -> Process:
        """`ratls serve` before a plain server; attested where nothing else is said."""
        me = identity or ("--source", f"sim:{self.sim}")
        return Process(BUILD / "cli/ratls", "serve", "--listen", listen, "--to", to, "--policy",
                       self.folder / "guests.json", *me)

    def say(self, address: str, more: str = "") -> None:
        (self.folder / "host.json").write_text('{"broker":"%s"%s}' % (address, more))

    def guest(self, name: str = "guest.json", **changes) -> pathlib.Path:
        """guest.json with some parts replaced; ... removes one."""
        self.port = free_port()
        config = {
            "report_source": f"sim:{self.sim}",
            "broker": {"pin": self.pin, "address_from": f"file:{self.folder}/host.json"},
            "secrets": [{"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY"}],
            "egress": {"listen": f"127.0.0.1:{self.port}", "upstreams": [
                {"name": "llm", "prefix": "/", "connect": self.llm.where, "attested_by": "llm.json",
                 "show_evidence": True, "inject": {"authorization": "Bearer ${LLM_API_KEY}"}}]},
            "agent": {"user": "nobody"} if os.geteuid() == 0 else {},
        }
        for key, value in changes.items():
            config.pop(key) if value is ... else config.__setitem__(key, value)
        path = self.folder / name
        path.write_text(json.dumps(config, indent=1))
        return path

    def egress(self, *arguments: object, listen: str = "127.0.0.1:0", **changes) -> Process:
        """`ratls egress`, on a port that the system chooses where nothing else is said."""
        path = self.guest(**changes)
        config = json.loads(path.read_text())
        config["egress"]["listen"] = listen
        path.write_text(json.dumps(config))
        return Process(BUILD / "cli/ratls", "egress", "--config", path, *arguments,
                       ready=r"egress on (\S+)")

    def put(self, value: str) -> None:
        """Another value for the broker's secret."""
        done = ratls("secret", "put", "kbs:///agents/llm/api-key", "--config",
                     self.folder / "broker.json", input=value)
        assert done.returncode == 0, done

    def upstream(self, **changes) -> dict:
        config = json.loads(self.guest().read_text())["egress"]
        config["upstreams"][0].update(changes)
        config["upstreams"] = [{k: v for k, v in config["upstreams"][0].items() if v is not ...}]
        return config

    def stop(self) -> None:
        for each in (self.llm, self.plain, self.broker, self.model):
            each.stop()


def run(*parts) -> int:
    with tempfile.TemporaryDirectory(prefix="ratls-agent-") as name:
        world = World(pathlib.Path(name))
        try:
            for part in parts:
                part(world)
        finally:
            world.stop()
    return 1 if FAILED else 0
