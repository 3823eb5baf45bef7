#!/usr/bin/env python3
"""A broker in a process of its own under load: a burst of guests, then a steady rate.

usage: bench/broker_load.py BUILD_FOLDER [--burst N] [--rate PER_SECOND] [--seconds S] [--idle N]

--idle: N guests more keep their connections open while the steady rate is served. The soak of the release checklist: bench/broker_load.py build/release --rate 200 --seconds 600
Prints p50 and p99 of connect-to-secret, and the broker's memory and descriptors. Exit codes: 0 every
guest was served and memory and descriptors stayed flat, 1 not so.
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
    run("sim", "init", str(folder / "sim"))
    run("sim", "policy", str(folder / "sim"), "--out", str(folder / "policy.json"))
    (folder / "broker.json").write_text(json.dumps({
        "listen": "127.0.0.1:0", "identity": "broker.pem", "policy": {"file": "policy.json"},
        "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
        "release": {KEY: {"accept": ["simulated-guest"], "per_guest": None}},
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


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--idle", type=int, default=0)
    options = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    tool, driver = options.build + "/cli/ratls", options.build + "/bench/broker_load"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(tool, folder, options.idle)
        broker, serving = start(tool, folder)
        guests = [driver, "--at", serving["listen"], "--pin", serving["pin"], "--source",
                  f"sim:{folder}/sim", "--resource", KEY, "--watch", str(broker.pid)]
        good = True
        served = 0
        if options.burst:
            print(f"{options.burst} guests at once:", flush=True)
            good = subprocess.run([*guests, "--burst", str(options.burst)], check=False).returncode == 0
            served += options.burst
        if options.seconds:
            print(f"{options.rate} guests a second for {options.seconds} s:", flush=True)
            warm = ["--rate", str(options.rate), "--seconds", "3"]
            good &= subprocess.run([*guests, *warm], check=False, stdout=subprocess.DEVNULL).returncode == 0
            before = usage_of(broker.pid)
            steady = ["--rate", str(options.rate), "--seconds", str(options.seconds), "--idle", str(options.idle)]
            good &= subprocess.run([*guests, *steady], check=False).returncode == 0
            if options.idle:
                time.sleep(2)  # the broker hears of their end
            after = usage_of(broker.pid)
            print(f"broker: {before[0]} KiB and {before[1]} descriptors before, "
                  f"{after[0]} KiB and {after[1]} after")
            # Locked memory stays with the broker for whoever comes next.
            flat = (options.idle or after[0] < before[0] * 1.1 + 4096) and after[1] <= before[1] + 4
            print("flat" if flat else "NOT FLAT")
            good &= flat
        broker.terminate()
        good &= broker.wait(20) == 0
        done = subprocess.run([tool, "audit", "check", folder / "audit.log"], check=False,
                              capture_output=True, text=True)
        print(done.stdout.splitlines()[0] if done.stdout else done.stderr)
        good &= done.returncode == 0
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
