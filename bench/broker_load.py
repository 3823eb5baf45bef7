#!/usr/bin/env python3
"""A broker in a process of its own under load: a burst of guests, then a steady rate.

usage: bench/broker_load.py BUILD_FOLDER [--burst N] [--rate PER_SECOND] [--seconds S] [--idle N]
       bench/broker_load.py BUILD_FOLDER --soak SECONDS [--rate PER_SECOND]

The first prints p50 and p99 of connect-to-secret and the most memory that the broker had; with --idle
N guests more keep their connections open while the steady rate is served. The second
is the soak of the release checklist (600 s at 200 a second): after a warm-up it prints the broker's
memory and descriptors, how much they grew, and what was lost. Exit codes: 0 every guest was served, with
a verdict each, and memory (1 % in a soak) and descriptors stayed flat; 1 not so.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import tempfile
import time

KEY = "kbs:///agents/llm/api-key"


def prepare(tool: str, folder: pathlib.Path, idle: int) -> None:
    def run(*arguments: str, **more) -> None:
        subprocess.run([tool, *arguments], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, **more)
    made = pathlib.Path(tool).resolve().parents[1] / "sim-authority"
    if made.exists():  # the build's own: its keys take many seconds
        (folder / "sim").symlink_to(made)
    else:
        run("sim", "init", str(folder / "sim"))
    run("sim", "policy", str(folder / "sim"), "--out", str(folder / "policy.json"))
    (folder / "broker.json").write_text(json.dumps({
        "listen": "127.0.0.1:0", "identity": "broker.pem", "policies": [{"file": "policy.json"}],
        "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
        "release": {KEY: {"accept": ["simulated/simulated-guest"], "per_guest": None}},
        "limits": {"connections": 4096 + idle, "connections_per_address": 4096 + idle,
                   "idle_seconds": 3600 if idle else 30, "requests_per_minute": 10_000_000}}))
    run("secret", "keygen", "--out", str(folder / "store.key"))
    run("secret", "put", KEY, "--config", str(folder / "broker.json"), input=b"x" * 40)


def start(tool: str, folder: pathlib.Path):
    log = open(folder / "log", "w+", encoding="utf-8")
    broker = subprocess.Popen([tool, "broker", "serve", "--config", folder / "broker.json"], stderr=log)
    while True:
        for line in (folder / "log").read_text().splitlines():
            if "broker.serving" in line:
                return broker, json.loads(line)
        if broker.poll() is not None:
            raise SystemExit("the broker did not start: " + (folder / "log").read_text())


def usage_of(pid: int) -> tuple[int, int]:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)), len(os.listdir(f"/proc/{pid}/fd"))


def peak_of(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1))


def settled(pid: int) -> tuple[int, int]:
    """Memory and descriptors once the broker has given back what a load took: the least of some."""
    seen = []
    for _ in range(15):
        time.sleep(1)
        seen.append(usage_of(pid))
    return min(rss for rss, _ in seen), min(files for _, files in seen)


def verdicts_of(folder: pathlib.Path) -> int:
    return sum('"handshake.accepted"' in line for line in open(folder / "log", encoding="utf-8"))


class Load:
    """A broker and guests for it."""

    def __init__(self, build: str, folder: pathlib.Path, idle: int) -> None:
        self.tool, self.folder = build + "/cli/ratls", folder
        prepare(self.tool, folder, idle)
        self.broker, serving = start(self.tool, folder)
        self.guests = [build + "/bench/broker_load", "--at", serving["listen"], "--pin", serving["pin"],
                       "--source", f"sim:{folder}/sim", "--resource", KEY, "--watch", str(self.broker.pid)]

    def run(self, *load: str) -> tuple[bool, int]:
        """Were all served, and how many were there?"""
        done = subprocess.run([*self.guests, *load], check=False, capture_output=True, text=True)
        print(done.stdout, end="", flush=True)
        print(done.stderr, end="", file=sys.stderr, flush=True)
        counted = re.search(r"^(\d+) guests, (\d+) served", done.stdout, re.M)
        return done.returncode == 0, int(counted.group(1)) if counted else 0

    def end(self, guests: int) -> bool:
        """Does the audit log hold a release for each, and the journal a verdict?"""
        self.broker.terminate()
        good = self.broker.wait(20) == 0
        done = subprocess.run([self.tool, "audit", "check", "--json", self.folder / "audit.log"],
                              check=False, capture_output=True, text=True)
        if done.returncode != 0:
            print(done.stdout, done.stderr)
            return False
        released, verdicts = json.loads(done.stdout)["releases"], verdicts_of(self.folder)
        print(f"{guests} guests, {guests - verdicts} verdicts lost, {guests - released} releases not on record")
        return good and released == guests and verdicts == guests


def burst_and_rate(load: Load, options: argparse.Namespace) -> tuple[bool, int]:
    good, guests, pid = True, 0, load.broker.pid
    if options.burst:
        print(f"{options.burst} guests at once:", flush=True)
        served, guests = load.run("--burst", str(options.burst))
        print(f"broker: {peak_of(pid)} KiB resident at most")
        good &= served
    if options.seconds:
        print(f"{options.rate} guests a second for {options.seconds} s:", flush=True)
        rate = ["--rate", str(options.rate)]
        warm, count = load.run(*rate, "--seconds", "3")
        before = usage_of(pid)
        steady, more = load.run(*rate, "--seconds", str(options.seconds), "--idle", str(options.idle))
        if options.idle:
            time.sleep(2)  # the broker hears of their end
        after = usage_of(pid)
        guests += count + more + options.idle
        print(f"broker: {before[0]} KiB and {before[1]} descriptors before, "
              f"{after[0]} KiB and {after[1]} after")
        # What idle connections took stays with a broker whose memory is locked.
        flat = (options.idle > 0 or after[0] < before[0] * 1.1 + 4096) and after[1] <= before[1] + 4
        good &= warm and steady and flat
    return good, guests


def soak(load: Load, options: argparse.Namespace) -> tuple[bool, int]:
    # What is remembered of reports (8192 of them) must be full before growth means anything, and
    # there must have been as many guests at once as a slow moment of this machine can bring.
    warm_up = max(10, 12000 // options.rate)
    rate = ["--rate", str(options.rate)]
    print(f"warm-up: 1000 guests at once, then {options.rate} a second for {warm_up} s", flush=True)
    crowd, first = load.run("--burst", "1000")
    print(f"broker: {peak_of(load.broker.pid)} KiB resident at most, {settled(load.broker.pid)[0]} KiB afterwards")
    warm, count = load.run(*rate, "--seconds", str(warm_up))
    before = settled(load.broker.pid)
    print(f"soak: {options.rate} guests a second for {options.soak} s", flush=True)
    steady, more = load.run(*rate, "--seconds", str(options.soak))
    after = settled(load.broker.pid)
    growth = 100 * (after[0] - before[0]) / before[0]
    print(f"broker after the warm-up: {before[0]} KiB resident, {before[1]} descriptors")
    print(f"broker after the soak:    {after[0]} KiB resident, {after[1]} descriptors; growth {growth:.2f} %")
    good = crowd and warm and steady and growth <= 1 and after[1] <= before[1]
    return good, first + count + more


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--soak", type=int, default=0)
    parser.add_argument("--idle", type=int, default=0)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as name:
        load = Load(options.build, pathlib.Path(name), options.idle)
        good, guests = soak(load, options) if options.soak else burst_and_rate(load, options)
        good &= load.end(guests)
    print("good" if good else "NOT GOOD")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
