#!/usr/bin/env python3
"""kill -9 at every step of what writes a key: the key is there whole or not at all.

usage: tests/e2e/key_files.py BUILD_FOLDER

A step is a call that may change the disk (tests/support/fault_shim.c counts them). After each kill the
folder holds what it held before, the key perhaps, and, where a key is replaced or the file system makes no
files without a name, at most one file of mode 0600 beside it, which the next run removes.
"""

import os
import pathlib
import re
import stat
import subprocess
import sys
import tempfile

import broker_peers
from broker_faults import SHIM, Fault
from broker_peers import FAILED, check

DRAFT = re.compile(r"^(.+)\.[0-9a-f]{16}\.tmp$")


class Maker:
    """A command that writes a key into a folder."""

    def __init__(self, what: str, key: str, *arguments: str, replaces: bool = False) -> None:
        self.what, self.key, self.replaces = what, key, replaces
        self.arguments = arguments

    def run(self, folder: pathlib.Path, env=None) -> subprocess.CompletedProcess:
        arguments = [each.replace("FOLDER", str(folder)) for each in self.arguments]
        return subprocess.run([broker_peers.TOOL[0], *arguments], env=env, check=False, timeout=60,
                              capture_output=True)


def makers(simulator: str) -> list[Maker]:
    new = ("cert", "new", "--source", "sim:" + simulator, "--key-out", "FOLDER/key.pem", "--cert-out",
           "FOLDER/../cert.pem", "--replace")
    return [Maker("ratls secret keygen", "store.key", "secret", "keygen", "--out", "FOLDER/store.key"),
            Maker("ratls policy keygen", "policy.key", "policy", "keygen", "--out", "FOLDER/policy.key",
                  "--public-out", "FOLDER/../policy.pub"),
            Maker("ratls cert new", "key.pem", *new),
            Maker("ratls cert new over a key", "key.pem", *new, replaces=True)]


def names(folder: pathlib.Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def is_private(path: pathlib.Path) -> bool:
    return stat.S_IMODE(path.stat().st_mode) == 0o600


def wrong_after_kill(folder: pathlib.Path, maker: Maker, before: bytes, may_leave: bool) -> str:
    key = folder / maker.key
    if key.exists() and (not is_private(key) or not key.read_bytes().endswith(b"\n")):
        return f"the key is torn or open: {key.read_bytes()!r}"
    if before and not key.exists():
        return "the old key is gone"
    beside = names(folder) - {maker.key}
    if len(beside) > (1 if may_leave else 0) or any(not DRAFT.match(name) for name in beside):
        return f"beside the key: {beside}"
    if any(not is_private(folder / name) for name in beside):
        return f"open to others: {beside}"
    return ""


def wrong_afterwards(folder: pathlib.Path, maker: Maker) -> str:
    made = (folder / maker.key).exists() and not maker.replaces
    done = maker.run(folder)
    if made and maker.key != "key.pem" and b"exists already" not in done.stderr:
        return f"a key was overwritten: {done}"
    if (not made or maker.key == "key.pem") and done.returncode != 0:
        return f"the next run failed: {done}"
    return "" if names(folder) == {maker.key} else f"the next run left {names(folder)}"


def kill_at(maker: Maker, at: int, mode: str, named: bool) -> tuple[str, int]:
    """Empty, or what is wrong; and how many steps were taken."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "keys"
        folder.mkdir()
        if maker.replaces:
            maker.run(folder)
        key = folder / maker.key
        before = key.read_bytes() if key.exists() else b""
        fault = Fault(folder, mode, at)
        if named:
            fault.env["RATLS_FAULT_ONLY_NAMED"] = "1"
        maker.run(folder, fault.env)
        steps = fault.taken()
        wrong = wrong_after_kill(folder, maker, before, named or maker.replaces)
        wrong = wrong or wrong_afterwards(folder, maker)
        return wrong and f"{mode} at {at}: {wrong}; {steps[-2:]}", len(steps)


def kill_everywhere(maker: Maker, named: bool) -> None:
    wrong, at, reached = [], 0, True
    while reached:
        at += 1
        for mode in ("kill", "torn"):
            said, steps = kill_at(maker, at, mode, named)
            reached = steps >= at
            if said:
                wrong.append(said)
    kind = "in files with names only" if named else "in files without a name"
    check(f"{maker.what}, {kind}: killed at {at - 1} steps", not wrong and at > 4, wrong)


def unnamed_here() -> bool:
    """Does this file system make files without a name?"""
    try:
        os.close(os.open(tempfile.gettempdir(), os.O_TMPFILE | os.O_WRONLY, 0o600))
    except OSError:
        return False
    return True


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    SHIM[0] = str(build / "tests" / "support" / "libfault_shim.so")
    with tempfile.TemporaryDirectory() as name:
        simulator = broker_peers.simulator_of(build, pathlib.Path(name) / "sim")
        for maker in makers(simulator):
            kill_everywhere(maker, named=True)
            if unnamed_here():
                kill_everywhere(maker, named=False)
            else:
                print("      this file system makes no files without a name: that half was not tried")
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
