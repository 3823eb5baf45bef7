#!/usr/bin/env python3
"""ratls bootstrap as systemd runs it: a notify socket, signals, files that others read.

usage: tests/e2e/bootstrap.py BUILD_FOLDER
"""

import json
import os
import pathlib
import pwd
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

from agent_world import BUILD, SECRET, World, check, free_port, ratls, run

URI = "kbs:///agents/llm/api-key"


class Manager:
    """Stands for systemd: hears what a service says, and looks at the files at that moment."""

    def __init__(self, path: pathlib.Path, runtime: pathlib.Path) -> None:
        self.path, self.runtime, self.heard, self.present = path, runtime, [], []
        path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            text = self.socket.recv(4096).decode()
            self.present.append(sorted(each.name for each in self.runtime.glob("*")))
            self.heard.append(text)

    def hears(self, text: str, after: int = 0) -> bool:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if any(text in each for each in self.heard[after:]):
                return True
            time.sleep(0.01)
        return False


def config(world: World, runtime: pathlib.Path, give_to: str = "file", **changes) -> pathlib.Path:
    base = json.loads(world.guest().read_text())["agent"]
    return world.guest(**{"egress": ..., "agent": {**base, "runtime": str(runtime)}, "secrets": [
        {"uri": URI, "as": "LLM_API_KEY", "give_to": give_to}], **changes})


def start(world: World, runtime: pathlib.Path, manager: Manager) -> subprocess.Popen:
    return subprocess.Popen(
        [str(BUILD / "cli/ratls"), "bootstrap", "--config", str(config(world, runtime))],
        env={**os.environ, "NOTIFY_SOCKET": str(manager.path), "WATCHDOG_USEC": "100000"},
        stderr=(world.folder / "bootstrap.log").open("w"))


def service(world: World) -> None:
    runtime = pathlib.Path("/dev/shm") / world.folder.name
    manager = Manager(world.folder / "notify", runtime)
    child = start(world, runtime, manager)
    check("READY=1 comes", manager.hears("READY=1"), manager.heard)
    at = next(i for i, text in enumerate(manager.heard) if "READY=1" in text)
    check("and not before the file has its name", manager.present[at] == ["LLM_API_KEY"],
          (manager.heard, manager.present))
    file = runtime / "LLM_API_KEY"
    facts = file.stat()
    reader = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.getuid()
    check("the file holds the secret, for the agent's user alone", file.read_text() == SECRET
          and stat.S_IMODE(facts.st_mode) == 0o400 and facts.st_uid == reader, facts)
    check("the watchdog is told, again and again", manager.hears("WATCHDOG=1")
          and manager.hears("WATCHDOG=1", len(manager.heard)))
    rotate(world, child, manager, file)
    child.terminate()
    check("SIGTERM ends it in order", child.wait(10) == 0)
    check("the files are gone, and systemd was told", not list(runtime.iterdir())
          and manager.hears("STOPPING=1"), list(runtime.iterdir()))
    log = (world.folder / "bootstrap.log").read_text()
    check("no secret is in the log", SECRET not in log and "sk-rotated" not in log, log)


def rotate(world: World, child: subprocess.Popen, manager: Manager, file: pathlib.Path) -> None:
    seen, over = set(), threading.Event()

    def watch() -> None:
        while not over.is_set():
            try:
                seen.add(file.read_text())
            except OSError as error:
                seen.add(repr(error))

    reader = threading.Thread(target=watch)
    reader.start()
    new = "sk-rotated-" + "x" * 3000
    ratls("secret", "put", URI, "--config", world.folder / "broker.json", input=new)
    before = len(manager.heard)
    child.send_signal(signal.SIGHUP)
    check("SIGHUP fetches anew", manager.hears("published anew", before), manager.heard)
    over.set()
    reader.join()
    check("the new value is there", file.read_text() == new)
    check("who read meanwhile found the old or the new, whole", seen <= {SECRET, new}, seen)
    world.say("127.0.0.1:%d" % free_port())
    before = len(manager.heard)
    child.send_signal(signal.SIGHUP)
    check("where the broker is away the secrets of before stay, and the status says why",
          manager.hears("stay: connection_failed", before) and file.read_text() == new,
          manager.heard)
    world.say(world.broker.where)
    ratls("secret", "put", URI, "--config", world.folder / "broker.json", input=SECRET)


def once(world: World) -> None:
    runtime = pathlib.Path("/dev/shm") / world.folder.name
    done = ratls("bootstrap", "--once", "--config", config(world, runtime, "credential"))
    check("--once ends, and the file stays", done.returncode == 0
          and (runtime / "LLM_API_KEY").read_text() == SECRET, done)
    check("nothing else does", [each.name for each in runtime.iterdir()] == ["LLM_API_KEY"])
    (runtime / "LLM_API_KEY").unlink()
    broker = {"pin": world.pin, "address_from": "systemd-credential:host.json"}
    path = config(world, runtime, broker=broker)
    done = ratls("bootstrap", "--once", "--config", path,
                 env={**os.environ, "CREDENTIALS_DIRECTORY": str(world.folder)})
    check("the host's hint may come as a credential of systemd", done.returncode == 0, done)
    (runtime / "LLM_API_KEY").unlink()
    done = ratls("bootstrap", "--once", "--config", path)
    check("without LoadCredential= the fix is named", done.returncode == 78
          and "LoadCredential=" in done.stderr, done)


def refusals(world: World) -> None:
    runtime = pathlib.Path("/dev/shm") / world.folder.name
    good = config(world, runtime)
    pair = [{"uri": URI, "as": "ONE", "give_to": "file"},
            {"uri": "kbs:///agents/llm/none", "as": "TWO", "give_to": "file"}]
    for name, code, words, arguments in [
        ("a guest that the broker refuses", 77, "measurement_not_allowed",
         ["--config", good, "--sim-measurement", "8" * 96]),
        ("one of two secrets that does not come", 77, "unknown_resource",
         ["--config", config(world, runtime, secrets=pair).rename(world.folder / "pair.json")]),
        ("a secret for an environment", 78, "give_to is env",
         ["--config", config(world, runtime, "env").rename(world.folder / "env.json")]),
        ("nothing to publish", 78, "nothing to publish",
         ["--config", config(world, runtime, "egress").rename(world.folder / "none.json")]),
        ("a folder on a disk", 78, "not in memory",
         ["--config", config(world, world.folder).rename(world.folder / "disk.json")]),
        ("no such file", 66, "no-such.json", ["--config", world.folder / "no-such.json"]),
        ("no config", 64, "--config", []),
    ]:
        config(world, runtime)
        done = ratls("bootstrap", *arguments)
        check(f"refused: {name}, exit code {code}", done.returncode == code
              and words in done.stderr, done)
        check(f"{name}: nothing is published", not list(runtime.iterdir()), list(runtime.iterdir()))
    for name, code, words, where in [
        ("nobody there", 69, "connection_failed", "127.0.0.1:%d" % free_port()),
        ("another broker", 1, "pin_mismatch", world.llm.where),
    ]:
        world.say(where)
        done = ratls("bootstrap", "--config", config(world, runtime))
        check(f"refused: {name}, exit code {code}", done.returncode == code
              and words in done.stderr and not list(runtime.iterdir()), done)
    world.say(world.broker.where)
    runtime.rmdir()


if __name__ == "__main__":
    sys.exit(run(service, once, refusals))
