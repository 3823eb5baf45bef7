#!/usr/bin/env python3
"""kill -9 and a full disk at every step that a broker takes on its files.

usage: tests/e2e/broker_faults.py BUILD_FOLDER [--all]

A step is a call that may change the disk (tests/support/fault_shim.c counts them): writes, flushes,
renames, new files. Keys are made, the broker starts for the first time, releases, renews a lease and
goes on in a new file of its audit log, and is killed before each step, or in the middle of a write, or
finds no more room from there on. Then it starts again without repair, and every value that a guest
was given is on record. Without --all some steps of each kind are tried.
"""

import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

import broker_peers
from broker_peers import FAILED, Broker, Guest, check, ratls

KEY = "kbs:///agents/llm/api-key"
LEASED = "kbs:///agents/llm/leased"
ONCE = "kbs:///agents/llm/once"
PROGRAM = (LEASED, KEY, LEASED, ONCE, KEY, LEASED)
SHIM = [""]


class Fault:
    """The environment of a process whose Nth step goes wrong."""

    def __init__(self, folder: pathlib.Path, mode: str, at: int) -> None:
        self.lift = folder.parent / (folder.name + ".lift")
        self.steps = folder.parent / (folder.name + ".steps")
        for file in (self.lift, self.steps):
            file.unlink(missing_ok=True)
        self.env = {**os.environ, "LD_PRELOAD": SHIM[0], "RATLS_FAULT_FOLDER": str(folder),
                    "RATLS_FAULT_AT": str(at), "RATLS_FAULT_MODE": mode,
                    "RATLS_FAULT_LIFT": str(self.lift), "RATLS_FAULT_STEPS": str(self.steps)}

    def taken(self) -> list[str]:
        return self.steps.read_text().splitlines() if self.steps.exists() else []


def configuration() -> dict:
    rule = {"accept": ["simulated/simulated-guest"], "per_guest": None}
    return {"listen": "127.0.0.1:0", "framed": "127.0.0.1:0", "status": "127.0.0.1:0",
            "identity": "broker.pem", "policies": [{"file": "policy.json", "state": "policy.state"}],
            "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
            "receipts": "receipts.key", "limits": {"audit_bytes": 65536},
            "release": {KEY: rule, LEASED: {**rule, "lease_seconds": 3600},
                        ONCE: {**rule, "one_shot": True}}}


def prepare(folder: pathlib.Path, simulator: str) -> None:
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    (folder / "broker.json").write_text(json.dumps(configuration()))
    ratls("secret", "keygen", "--out", str(folder / "store.key"))
    for uri in (KEY, LEASED, ONCE):
        ratls("secret", "put", uri, "--config", str(folder / "broker.json"), text=b"the value")


def grow(folder: pathlib.Path, simulator: str) -> None:
    """Until the next line begins another file of the audit log."""
    broker = Broker(folder)
    guest = Guest(broker, simulator)
    while (folder / "audit.log").stat().st_size <= 65536:
        if guest.ask(KEY)[0] != 200:
            raise SystemExit("the broker does not release: " + broker.text)
    guest.close()
    broker.stop()


def releases(folder: pathlib.Path) -> int:
    done = ratls("audit", "check", "--json", str(folder / "audit.log"))
    if done.returncode != 0:
        raise SystemExit(f"the audit log is broken: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)["releases"]


def ask_all(broker: Broker, simulator: str) -> list[tuple[str, int]]:
    """What a guest was given, as far as it came."""
    got: list[tuple[str, int]] = []
    guest = Guest(broker, simulator)
    try:
        for uri in PROGRAM:
            answer = guest.ask(uri)
            if answer[0] == 0:
                break
            if answer[0] == 200 and "ratls-receipt" not in answer[1]:
                raise SystemExit(f"released without a receipt: {answer}")
            got.append((uri, answer[0]))
    except (OSError, ValueError, KeyError):
        pass
    guest.process.kill()
    guest.process.wait()
    return got


def end(broker: Broker) -> None:
    if broker.process.poll() is None:
        broker.process.send_signal(signal.SIGTERM)
    broker.process.wait(20)


def starts_again(folder: pathlib.Path, simulator: str, given: list, before: int, flushing: bool) -> str:
    """Empty, or what is wrong after a fault. `flushing`: it came before a line was flushed."""
    recorded = releases(folder) - before if (folder / "audit.log").exists() else 0
    if recorded < len(given) or recorded > len(given) + 1:
        return f"{len(given)} arrived, {recorded} are on record"
    if flushing and given and recorded == len(given):
        return f"the last of {len(given)} values left before its line was on disk"
    broker = Broker(folder)  # without repair, or the test ends here
    guest = Guest(broker, simulator)
    once, again = guest.ask(ONCE)[0], guest.ask(ONCE)[0]
    value = guest.ask(KEY)
    guest.close()
    end(broker)
    if value[0] != 200 or value[2] != b"the value":
        return f"afterwards it answered {value}"
    if again != 403 or (once == 200 and ONCE in given):
        return f"what is released once was released again: {once}, {again}"
    return "" if releases(folder) else "nothing on record"


def serve_with(folder: pathlib.Path, simulator: str, fault: Fault) -> list[str]:
    """Runs a broker into its fault; the URIs of what was given."""
    broker = Broker(folder, env=fault.env, may_fail=True)
    if not broker.serving:
        broker.process.wait(20)
        return []
    answers = ask_all(broker, simulator)
    given = [uri for uri, status in answers if status == 200]
    if fault.env["RATLS_FAULT_MODE"] == "full":
        if any(status not in (200, 403, 503) for _, status in answers):
            check(f"a full disk is 503, never {answers}", False)
        if broker.process.poll() is not None:
            check("a broker outlives a full disk", False, broker.text)
        fault.lift.touch()
    end(broker)
    return given


def one_fault(template: pathlib.Path, simulator: str, mode: str, at: int) -> str:
    """Empty, or what is wrong."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "broker"
        shutil.copytree(template, folder)
        fault = Fault(folder, mode, at)
        before = releases(folder) if (folder / "audit.log").exists() else 0
        given = serve_with(folder, simulator, fault)
        taken = fault.taken()
        flushing = mode == "kill" and " fdatasync " in taken[-1] and taken[-1].endswith("audit.log")
        wrong = starts_again(folder, simulator, given, before, flushing)
        return wrong and f"{wrong}; steps {taken[-2:]}"


def steps_of(template: pathlib.Path, simulator: str) -> list[str]:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "broker"
        shutil.copytree(template, folder)
        fault = Fault(folder, "kill", 0)
        given = serve_with(folder, simulator, fault)
        if len(given) != len(PROGRAM):
            raise SystemExit(f"a broker without a fault gave {given}")
        return fault.taken()


def chosen(steps: list[str], everything: bool) -> list[int]:
    numbers = list(range(1, len(steps) + 1))
    if everything:
        return numbers
    # A new file and a line's flush are the narrowest places.
    narrow = [i for i in numbers if " rename " in steps[i - 1] or " open " in steps[i - 1]]
    flushes = [i for i in numbers if " fdatasync " in steps[i - 1]]
    return sorted({random.choice(some) for some in (numbers, narrow, flushes)})


def try_all(what: str, template: pathlib.Path, simulator: str, everything: bool) -> None:
    steps = steps_of(template, simulator)
    for mode in ("kill", "torn", "full"):
        wrong = []
        places = chosen(steps, everything)
        for at in places:
            said = one_fault(template, simulator, mode, at)
            if said:
                wrong.append((at, steps[at - 1], said))
        check(f"{what}: {mode} at {len(places)} of {len(steps)} steps, and nothing is lost or repaired by hand",
              not wrong, wrong)


def store_key(everything: bool) -> None:
    """`ratls secret keygen` and the first `secret put`: a key is whole or not there."""
    wrong, at, reached = [], 0, True
    while reached and (everything or at < 4):
        at += 1
        for mode in ("kill", "torn", "full"):
            with tempfile.TemporaryDirectory() as name:
                folder = pathlib.Path(name) / "broker"
                folder.mkdir()
                fault = Fault(folder, mode, at)
                key = folder / "store.key"
                subprocess.run([broker_peers.TOOL[0], "secret", "keygen", "--out", str(key)],
                               env=fault.env, check=False, capture_output=True)
                reached = len(fault.taken()) >= at
                if not key.exists():
                    ratls("secret", "keygen", "--out", str(key))
                put = ratls("secret", "put", KEY, "--store", str(folder / "db"), "--key", str(key), text=b"x")
                listed = ratls("secret", "list", "--store", str(folder / "db"), "--key", str(key))
                if put.returncode != 0 or KEY.encode() not in listed.stdout:
                    wrong.append((at, mode, put, fault.taken()))
    check(f"store key: kill, torn and full at {at} steps leave a whole key or none", not wrong, wrong)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    everything = "--all" in sys.argv
    broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    SHIM[0] = str(build / "tests" / "support" / "libfault_shim.so")
    with tempfile.TemporaryDirectory() as name:
        simulator = broker_peers.simulator_of(build, pathlib.Path(name) / "sim")
        fresh, grown = (pathlib.Path(name) / part for part in ("fresh", "grown"))
        fresh.mkdir()
        prepare(fresh, simulator)
        store_key(everything)
        try_all("first start, its keys and its log", fresh, simulator, everything)
        shutil.copytree(fresh, grown)
        grow(grown, simulator)
        try_all("releases, a renewed lease and the log's next file", grown, simulator, everything)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
