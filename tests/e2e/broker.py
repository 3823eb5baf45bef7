#!/usr/bin/env python3
"""ratls broker serve as people run it: releases, refusals, reload, drain, kill -9, and no secret
in any log.

usage: tests/e2e/broker.py BUILD_FOLDER
"""

import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import broker_peers
from broker_peers import FAILED, Broker, Described, Guest, check, ratls
from broker_logs import log_fields, no_canary, rejected_fields
from broker_receipts import receipt

CANARY = "canary-5b1f0c-value"
KEY = "kbs:///agents/llm/api-key"
HELPED = "kbs:///agents/db/password"
LEASED = "kbs:///agents/llm/leased"
ONCE = "kbs:///agents/llm/once"
EMPTY = "kbs:///agents/llm/empty"
NOBODY = "kbs:///agents/llm/others"


def one(broker: Broker, simulator: str, uri: str, method: str = "GET"):
    guest = Guest(broker, simulator)
    try:
        return guest.ask(uri, method)
    finally:
        guest.close()


def configuration() -> dict:
    rule = {"accept": ["simulated/simulated-guest"], "per_guest": None}
    return {
        "listen": "127.0.0.1:0", "framed": "127.0.0.1:0", "status": "127.0.0.1:0",
        "identity": "broker.pem", "policies": [{"file": "policy.json"}],
        "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log", "receipts": "receipts.key",
        "release": {
            KEY: rule, EMPTY: rule, ONCE: {**rule, "one_shot": True},
            LEASED: {**rule, "lease_seconds": 3600},
            NOBODY: {**rule, "not_after": "2020-01-01T00:00:00Z"},
            HELPED: {**rule, "backend": "exec", "exec": ["/bin/sh", "-c", f"echo {CANARY}-helper"]},
            "kbs:///agents/db/broken": {**rule, "backend": "exec",
                                        "exec": ["/bin/sh", "-c", f"echo {CANARY} >&2; exit 4"]}}}


def write(folder: pathlib.Path, document: dict) -> None:
    (folder / "broker.json").write_text(json.dumps(document))


def prepare(folder: pathlib.Path, simulator: str) -> None:
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    write(folder, configuration())
    ratls("secret", "keygen", "--out", str(folder / "store.key"))
    for uri in (KEY, LEASED, ONCE, NOBODY):
        done = ratls("secret", "put", uri, "--config", str(folder / "broker.json"), text=CANARY.encode())
        check(f"secret put {uri}", done.returncode == 0 and CANARY.encode() not in done.stdout, done)
    done = ratls("broker", "check-config", "--config", str(folder / "broker.json"))
    check("check-config says what is missing, and OK", done.returncode == 0
          and b"NO VALUE YET" in done.stdout and done.stdout.endswith(b"OK\n"), done)


RESOURCE = "/kbs/v0/resource/{repository}/{type}/{tag}"


def releases(broker: Broker, folder: pathlib.Path, simulator: str, described: Described) -> None:
    guest = Guest(broker, simulator)
    answer = guest.ask(KEY)
    described.check("a secret is released", RESOURCE, answer, 200)
    check("and is the value", answer[2] == CANARY.encode(), answer)
    check("a second request on the same channel, a helper's", guest.ask(HELPED)[2]
          == f"{CANARY}-helper".encode())
    described.check("one_shot once", RESOURCE, guest.ask(ONCE), 200)
    described.check("and not twice", RESOURCE, guest.ask(ONCE), 403, "release_used_up")
    described.check("a rule that has ended", RESOURCE, guest.ask(NOBODY), 403, "release_expired")
    empty, none = guest.ask(EMPTY), guest.ask("kbs:///agents/llm/no-such")
    described.check("unknown", RESOURCE, none, 404, "unknown_resource")
    check("a rule without a value looks like no rule", empty == none, (empty, none))
    described.check("a helper that fails", RESOURCE, guest.ask("kbs:///agents/db/broken"), 503,
                    "cannot_release_now")
    described.check("another method", RESOURCE, guest.ask(KEY, "DELETE"), 405, "malformed_http")
    guest.send("GET /v1/status HTTP/1.1\r\nhost: broker\r\n\r\n")
    described.check("status on the attested channel", "/v1/status", guest.answer(), 200)
    guest.send("GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n")
    described.check("two hosts", RESOURCE, guest.answer(), 400, "malformed_http")
    check("and the connection ends", guest.ended())
    guest.close()
    leased = one(broker, simulator, LEASED)
    described.check("a lease says until when", RESOURCE, leased, 200)
    check("in its own header, and in the receipt's", "ratls-lease-until" in leased[1], leased)
    receipt(folder, described, answer, leased, KEY)
    described.check("a secret on the status listener", RESOURCE,
                    broker.page("/kbs/v0/resource/agents/llm/api-key"), 401, "not_attested")
    described.check("metrics", "/metrics", broker.page("/metrics"), 200)


def framed(broker: Broker, simulator: str) -> None:
    """The framed door answers framed clients, and no plain one."""
    done = ratls("connect", broker.framed, "--pin", broker.pin, "--source", "sim:" + simulator,
                 text=b"GET /v1/status HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n")
    check("a plain client at the framed listener is refused by name, not answered",
          done.returncode != 0 and b"serving" not in done.stdout
          and b"framing_mismatch" in done.stderr, done)


def reload(broker: Broker, folder: pathlib.Path, simulator: str) -> None:
    waiting = Guest(broker, simulator)
    check("before the reload", waiting.ask(KEY)[0] == 200)
    good = (folder / "policy.json").read_text()
    (folder / "policy.json").write_text("{")
    broker.process.send_signal(signal.SIGHUP)
    refused = broker.wait_for("policy.refused")
    check("a broken policy is refused and changes nothing", refused["reason"] == "invalid_policy"
          and waiting.ask(KEY)[0] == 200, refused)
    others = folder / "policy.json"
    others.unlink()
    ratls("sim", "policy", simulator, "--measurement", "7" * 96, "--out", str(others))
    broker.process.send_signal(signal.SIGHUP)
    broker.wait_for("policy.replaced")
    check("a channel that the old policy opened is ended", waiting.ended())
    waiting.close()
    check("and the guest is refused from then on", one(broker, simulator, KEY)[0] == 0)
    rejected_fields(broker)
    others.write_text(good)
    document = configuration()
    document["release"][KEY]["per_guest"] = 3
    document["limits"] = {"requests_per_minute": 1}
    write(folder, document)
    broker.process.send_signal(signal.SIGHUP)
    broker.wait_for("policy.replaced", 2)
    answer = one(broker, simulator, KEY)
    check("a limit that came by reload counts what was released before",
          answer[0] == 403 and json.loads(answer[2])["reason"] == "release_limit_reached", answer)


def new_identity(broker: Broker, folder: pathlib.Path, simulator: str) -> None:
    """Another key: channels of the old one go on until they are judged anew."""
    old, file = broker.pin, folder / "broker.pem"
    kept = file.read_bytes()
    file.unlink()
    replaced = sum(line["event"] == "policy.replaced" for line in broker.lines)
    broker.process.send_signal(signal.SIGHUP)
    broker.wait_for("policy.refused", 2)
    check("an identity that is gone changes nothing and is not made",
          one(broker, simulator, KEY)[0] != 0 and not file.exists())
    with tempfile.TemporaryDirectory() as other:  # a key of another broker's
        for name in ("broker.json", "policy.json", "store.key", "secrets.db"):
            shutil.copy(folder / name, other)
        second = Broker(pathlib.Path(other))
        second.stop()
        file.touch(mode=0o600)
        file.write_bytes((pathlib.Path(other) / "broker.pem").read_bytes())
    broker.process.send_signal(signal.SIGHUP)
    line = broker.wait_for("identity.replaced")
    broker.wait_for("policy.replaced", replaced + 1)
    check("a new identity is in force and named", line["pin"] == second.pin and line["was"] == old, line)
    check("who pins the old one is not answered", one(broker, simulator, KEY)[0] == 0)
    broker.pin = second.pin
    check("who pins the new one is", one(broker, simulator, KEY)[0] != 0)
    file.write_bytes(kept)
    broker.process.send_signal(signal.SIGHUP)
    broker.wait_for("identity.replaced", 2)
    broker.pin = old


def throttle(folder: pathlib.Path, simulator: str, described: Described) -> None:
    broker = Broker(folder)
    guest = Guest(broker, simulator)
    guest.ask(HELPED)
    answers = [guest.ask(HELPED) for _ in range(2)]  # the minute may turn between two
    limited = [answer for answer in answers if answer[0] == 429]
    described.check("a guest that asks too often", RESOURCE, limited[0] if limited else answers[0], 429,
                    "too_many_requests")
    guest.close()
    check("SIGTERM ends the broker with code 0", broker.stop() == 0, broker.text)


def drain(folder: pathlib.Path, simulator: str) -> None:
    document = configuration()
    document["release"][HELPED]["exec"] = ["/bin/sh", "-c", "sleep 1; echo late"]
    write(folder, document)
    broker = Broker(folder)
    guest, idle = Guest(broker, simulator), Guest(broker, simulator)
    idle.ask(KEY)
    target = HELPED.replace("kbs:///", "/kbs/v0/resource/")
    guest.send(f"GET {target} HTTP/1.1\r\nhost: b\r\n\r\n")
    broker.wait_for("handshake.accepted", 2)
    time.sleep(0.3)
    broker.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)  # a request that overtakes the signal is answered
    check("an idle channel ends at once", idle.ended())
    answer = guest.answer()
    check("an answer under way is given after SIGTERM", answer[0] == 200 and answer[2] == b"late"
          and answer[1].get("connection") == "close", answer)
    guest.close()
    idle.close()
    check("and then the broker ends", broker.process.wait(10) == 0)


def kill(folder: pathlib.Path, simulator: str) -> None:
    """kill -9 while guests are served: whatever a guest holds is on record, over several files too."""
    write(folder, {**configuration(), "limits": {"audit_bytes": 65536}})
    held = 0
    before = json.loads(ratls("audit", "check", "--json", str(folder / "audit.log")).stdout)["releases"]
    for _ in range(6):
        broker = Broker(folder)
        got: list[int] = []

        def keep_asking(broker=broker, got=got) -> None:
            guest = Guest(broker, simulator)
            try:
                while True:
                    answer = guest.ask(KEY)
                    if answer[0] != 200:
                        break
                    got.append(1)
            except (OSError, ValueError):
                pass
            guest.process.kill()
            guest.process.wait()

        threads = [threading.Thread(target=keep_asking) for _ in range(3)]
        for thread in threads:
            thread.start()
        enough = random.randint(5, 40)
        for _ in range(1000):  # at most 20 s, on a machine that is busy
            if len(got) >= enough:
                break
            time.sleep(0.02)
        broker.process.kill()
        broker.process.wait()
        for thread in threads:
            thread.join(20)
        held += len(got)
    done = json.loads(ratls("audit", "check", "--json", str(folder / "audit.log")).stdout)
    check(f"kill -9: {held} releases arrived, and each is on record", held > 25 and done["unbroken"]
          and done["releases"] - before >= held, (held, before, done))


def notified(folder: pathlib.Path) -> None:
    path = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(10)
        broker = Broker(folder, env={**os.environ, "NOTIFY_SOCKET": path})
        first = manager.recv(100)
        broker.stop()
        check("systemd is told READY=1 and STOPPING=1", first == b"READY=1"
              and manager.recv(100) == b"STOPPING=1")
    os.unlink(path)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        simulator = str(folder.parent / (folder.name + "-sim"))
        made = build / "sim-authority"  # RSA keys take seconds; CTest's fixture has made some
        if (made / "seed").exists():
            shutil.copytree(made, simulator)
        else:
            ratls("sim", "init", simulator)
        prepare(folder, simulator)
        described = Described()
        broker = Broker(folder)
        releases(broker, folder, simulator, described)
        log_fields(broker)
        framed(broker, simulator)
        reload(broker, folder, simulator)
        new_identity(broker, folder, simulator)
        texts = [broker.page("/metrics")[2], broker.page("/v1/status")[2]]
        check("metrics count the releases", 'ratls_broker_releases_total{result="released"}' in texts[0])
        check("SIGTERM ends it", broker.stop() == 0, broker.text)
        texts.append(broker.text)
        throttle(folder, simulator, described)
        described.finish()
        drain(folder, simulator)
        kill(folder, simulator)
        notified(folder)
        no_canary(folder, texts, json.dumps(configuration()))
        subprocess.run(["rm", "-rf", simulator], check=True)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
