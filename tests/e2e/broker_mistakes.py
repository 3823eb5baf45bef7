#!/usr/bin/env python3
"""What a newcomer gets wrong on the first day: every refusal names the file and says what to do.

usage: tests/e2e/broker_mistakes.py BUILD_FOLDER

Each mistake is made in a folder that works, and both `broker check-config` and `broker serve` must refuse
it with the same words, on standard error, without a stack of anything, and leave no file behind.
"""

import json
import os
import pathlib
import shutil
import socket
import sys
import tempfile

import broker_peers
from broker_peers import FAILED, Broker, check, ratls

KEY = "kbs:///agents/llm/api-key"


def configuration() -> dict:
    return {"listen": "127.0.0.1:0", "framed": "127.0.0.1:0", "status": "127.0.0.1:0",
            "identity": "broker.pem", "policies": [{"file": "policy.json"}],
            "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
            "release": {KEY: {"accept": ["simulated/simulated-guest"], "per_guest": None}}}


def prepare(folder: pathlib.Path, simulator: str) -> None:
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    (folder / "broker.json").write_text(json.dumps(configuration()))
    ratls("secret", "keygen", "--out", str(folder / "store.key"))
    ratls("secret", "put", KEY, "--config", str(folder / "broker.json"), text=b"the value")
    Broker(folder).stop()  # identity and audit log


class Mistake:
    """One thing wrong in a copy of a folder that works."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def config(self, **members) -> None:
        document = json.loads((self.folder / "broker.json").read_text())
        document.update(members)
        (self.folder / "broker.json").write_text(json.dumps(document))

    def rule(self, **members) -> None:
        rule = {"accept": ["simulated/simulated-guest"], "per_guest": None, **members}
        self.config(release={KEY: rule})

    def without(self, member: str) -> None:
        document = json.loads((self.folder / "broker.json").read_text())
        del document[member]
        (self.folder / "broker.json").write_text(json.dumps(document))

    def empty(self, name: str) -> None:
        (self.folder / name).write_bytes(b"")

    def remove(self, name: str) -> None:
        (self.folder / name).unlink()

    def mode(self, name: str) -> None:
        (self.folder / name).chmod(0o644)

    def other_key(self) -> None:
        self.remove("store.key")
        ratls("secret", "keygen", "--out", str(self.folder / "store.key"))

    def old_form(self) -> None:
        self.without("policies")
        self.config(policy={"file": "policy.json"})

    def changed_log(self) -> None:
        log = self.folder / "audit.log"
        log.write_bytes(log.read_bytes().replace(b"audit.begun", b"audit.bogus", 1))


# What is wrong, and the words that must be there.
MISTAKES = [
    ("no broker.json", lambda m: m.remove("broker.json"), ["broker.json", "No such file"]),
    ("an empty broker.json", lambda m: m.empty("broker.json"), ["broker.json", "line 1, column 1"]),
    ("a policy as one member", Mistake.old_form, ["line 1", 'unknown key "policy"']),
    ("no rule", lambda m: m.without("release"), ['"release" is missing']),
    ("no policy file", lambda m: m.remove("policy.json"), ["policy.json", "No such file"]),
    ("an empty policy", lambda m: m.empty("policy.json"), ["policy.json", "line 1, column 1"]),
    ("two policies of one name", lambda m: m.config(policies=[{"file": "policy.json"}] * 2),
     ["two policies are called simulated"]),
    ("a guest without its policy", lambda m: m.rule(accept=["simulated-guest"]),
     ["a guest is written POLICY/GUEST"]),
    ("a guest that is misspelt", lambda m: m.rule(accept=["simulated/simulated-gest"]),
     [KEY, 'did you mean "simulated/simulated-guest"?']),
    ("a rule's misspelt key", lambda m: m.rule(one_shoot=True), ['did you mean "one_shot"?']),
    ("no store key", lambda m: m.remove("store.key"), ["store.key", "ratls secret keygen"]),
    ("an empty store key", lambda m: m.empty("store.key"), ["store.key", "64 hex digits"]),
    ("a store key that others may read", lambda m: m.mode("store.key"), ["store.key", "chmod 600"]),
    ("another store's key", Mistake.other_key, ["secrets.db", "store_key_mismatch"]),
    ("no store", lambda m: m.remove("secrets.db"), ["secrets.db", "ratls secret put"]),
    ("an empty store", lambda m: m.empty("secrets.db"), ["secrets.db", "ratls secret put"]),
    ("a store that others may read", lambda m: m.mode("secrets.db"), ["secrets.db", "chmod 600"]),
    ("an empty identity", lambda m: m.empty("broker.pem"), ["broker.pem"]),
    ("an identity that others may read", lambda m: m.mode("broker.pem"), ["broker.pem", "600"]),
    ("an audit log that was changed", Mistake.changed_log, ["audit.log", "line 2"]),
    ("metrics for everybody", lambda m: m.config(status="0.0.0.0:9464"), ["nobody is asked who he is"]),
    ("a key of a policy that is none", lambda m: m.config(policies=[{"file": "policy.json", "key": "store.key"}]),
     ["store.key"]),
    ("no signature", lambda m: m.config(policies=[{"file": "policy.json", "key": "policy.key.pub"}]),
     ["policy.key.pub", "No such file"]),
]


def listing(folder: pathlib.Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def try_mistake(template: pathlib.Path, what: str, make, words: list[str]) -> None:
    for verb in ("check-config", "serve"):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name) / "broker"
            shutil.copytree(template, folder)
            make(Mistake(folder))
            before = listing(folder)
            done = ratls("broker", verb, "--config", str(folder / "broker.json"))
            said = done.stderr.decode()
            new = {file for file in listing(folder) - before if not file.endswith((".lock", "-wal", "-shm"))}
            check(f"{what}, {verb}: refused, and it says {words[-1]!r}", done.returncode not in (0, 70)
                  and all(word in said for word in words) and not new, (done, new))


def taken(template: pathlib.Path) -> None:
    """What another process has already: a port, the audit log."""
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        folder = pathlib.Path(name) / "broker"
        shutil.copytree(template, folder)
        where = f"127.0.0.1:{listener.getsockname()[1]}"
        Mistake(folder).config(listen=where)
        done = ratls("broker", "serve", "--config", str(folder / "broker.json"))
        check("a port that is taken is named", done.returncode != 0 and where in done.stderr.decode()
              and "in use" in done.stderr.decode(), done)
        shutil.copy(template / "broker.json", folder / "broker.json")
        broker = Broker(folder)
        done = ratls("broker", "serve", "--config", str(folder / "broker.json"))
        check("a second broker on one audit log is told so", b"another broker writes to this audit log"
              in done.stderr, done)
        broker.stop()


def emptied(template: pathlib.Path) -> None:
    """An audit log that is gone is no mistake that a broker can see, so it warns."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "broker"
        shutil.copytree(template, folder)
        Mistake(folder).empty("audit.log")
        done = ratls("audit", "check", str(folder / "audit.log"))
        check("an empty audit log is no proof, and the check says so", b"WARNING it is empty" in done.stdout, done)
        done = ratls("broker", "check-config", "--config", str(folder / "broker.json"))
        check("check-config says that it is empty", b"is EMPTY" in done.stdout, done)
        broker = Broker(folder)
        broker.wait_for("audit.begun")
        broker.stop()
        check("and the broker that begins it anew warns", "is forgotten" in broker.text)
        broker = Broker(folder)
        broker.stop()
        check("once", "audit.begun" not in broker.text)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    os.environ.pop("CREDENTIALS_DIRECTORY", None)
    with tempfile.TemporaryDirectory() as name:
        template = pathlib.Path(name) / "works"
        template.mkdir()
        prepare(template, broker_peers.simulator_of(build, pathlib.Path(name) / "sim"))
        for what, make, words in MISTAKES:
            try_mistake(template, what, make, words)
        taken(template)
        emptied(template)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
