#!/usr/bin/env python3
"""A refused client that is still writing reads VERDICT and access_denied, in 100 of 100 runs.

usage: verdict_arrives.py openssl|node BUILD_FOLDER     (our own client: tests/ratls/tcp_test.cpp)

Close over unread input makes a TCP reset that can overtake what was sent before it; a server that
does not wait for the client's end loses some of these runs.

Exit codes: 0 all arrived, 1 one did not, 4 skipped (something is missing).
"""

import pathlib
import subprocess
import sys
import time

try:
    import cryptography  # noqa: F401
except ImportError:
    print("skipped: python3-cryptography is not installed; run: apt-get install python3-cryptography")
    sys.exit(4)

from peers import HERE, PEERS
from world import World

RUNS = 100


def openssl_runs(world, port: int, identity) -> int:
    good = 0
    for run in range(RUNS):
        log = world.work / "client.log"
        with world.running(PEERS["openssl"]().client(port, identity, False), log) as process:
            end = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < end:
                world.say(process, b"still writing " * 10)
                time.sleep(0.001)
        said = log.read_bytes()
        if b"not_authentic" in said and b"SSL alert number 49" in said:
            good += 1
        else:
            print(f"run {run}: {said!r}")
    return good


def node_runs(port: int, identity) -> int:
    said = subprocess.run(["node", str(HERE / "peer.mjs"), "flood", str(port), "1.3", identity.certificate,
                           identity.key], capture_output=True, text=True, timeout=100).stdout
    print(said)
    return int(said.splitlines()[-1].split()[0])


def refused_in(log: pathlib.Path) -> int:
    """How many the server says it refused; its last line may come after the client's end."""
    end = time.monotonic() + 10
    while True:
        count = log.read_text().count("refused: malformed_certificate")
        if count >= RUNS or time.monotonic() > end:
            return count
        time.sleep(0.02)


def main() -> int:
    name, build = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    if reason := PEERS[name]().missing():
        print(f"skipped: {reason}")
        return 4
    world = World(build)
    identity = world.identity("plain")
    with world.our_server() as (port, log):
        good = openssl_runs(world, port, identity) if name == "openssl" else node_runs(port, identity)
        refusals = refused_in(log)
    print(f"{good} of {RUNS} read VERDICT and alert 49; our server refused {refusals}")
    return 0 if good == refusals == RUNS else 1


if __name__ == "__main__":
    sys.exit(main())
