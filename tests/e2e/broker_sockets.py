#!/usr/bin/env python3
"""ratls broker serve on sockets that systemd opened: the units of docs/broker.md, restarts without a gap,
and what does not fit.

usage: tests/e2e/broker_sockets.py BUILD_FOLDER
"""

import configparser
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import broker_peers
from broker_peers import FAILED, Broker, Guest, check, ratls

ROOT = pathlib.Path(__file__).resolve().parents[2]
KEY = "kbs:///agents/llm/api-key"
VALUE = b"the value"


def configuration() -> dict:
    return {"listen": "127.0.0.1:0", "framed": "127.0.0.1:0", "status": "127.0.0.1:0",
            "identity": "broker.pem", "policies": [{"file": "policy.json"}],
            "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
            "release": {KEY: {"accept": ["simulated/simulated-guest"], "per_guest": None}}}


def write(folder: pathlib.Path, **members) -> None:
    document = {key: value for key, value in {**configuration(), **members}.items() if value}
    (folder / "broker.json").write_text(json.dumps(document))


def prepare(folder: pathlib.Path, simulator: str) -> None:
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    write(folder)
    ratls("secret", "keygen", "--out", str(folder / "store.key"))
    ratls("secret", "put", KEY, "--config", str(folder / "broker.json"), text=VALUE)


def tcp(host: str = "127.0.0.1") -> socket.socket:
    return socket.create_server((host, 0))


def unix(path: str) -> socket.socket:
    out = socket.socket(socket.AF_UNIX)
    out.bind(path)
    out.listen(16)
    return out


def activated(folder: pathlib.Path, *named, **more) -> Broker:
    """As systemd starts it: descriptors from 3 on, and variables that say whose they are."""
    names = ":".join(name for name, _ in named)
    # The shell's own copies first, so that none is overwritten before it is placed.
    moved = " ".join(f"{10 + i}<&{each.fileno()}" for i, (_, each) in enumerate(named))
    placed = " ".join(f"{3 + i}<&{10 + i} {10 + i}<&-" for i in range(len(named)))
    shell = f'exec {moved}; exec env LISTEN_PID=$$ LISTEN_FDS={len(named)} LISTEN_FDNAMES={names} "$@" {placed}'
    return Broker(folder, before=["bash", "-c", shell, "bash"],
                  pass_fds=[each.fileno() for _, each in named], **more)


def port_of(listener: socket.socket) -> str:
    return "127.0.0.1:%d" % listener.getsockname()[1]


def given(broker: Broker, simulator: str) -> bytes:
    guest = Guest(broker, simulator)
    try:
        answer = guest.ask(KEY)
        return answer[2] if answer[0] == 200 else repr(answer).encode()
    except OSError as error:
        return repr(error).encode()
    finally:
        guest.close()


def units() -> dict[str, configparser.ConfigParser]:
    """The unit files of docs/broker.md, by their names."""
    out = {}
    for text in re.findall(r"```ini\n# (\S+)\n(.*?)```", (ROOT / "docs" / "broker.md").read_text(), re.S):
        out[text[0]] = configparser.ConfigParser(strict=False, interpolation=None)
        out[text[0]].optionxform = str
        out[text[0]].read_string(text[1])
    return out


def verified(folder: pathlib.Path, all_units: dict[str, configparser.ConfigParser]) -> None:
    """systemd's own opinion of the units."""
    if shutil.which("systemd-analyze") is None:
        print("      systemd-analyze is not here: its opinion of the units was not asked")
        return
    for name, unit in all_units.items():
        if "Service" in unit:
            unit["Service"]["ExecStart"] = unit["Service"]["ExecStart"].replace("/usr/bin/ratls", broker_peers.TOOL[0])
        with open(folder / name, "w", encoding="utf-8") as file:
            unit.write(file, space_around_delimiters=False)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *all_units], cwd=folder, text=True,
                          capture_output=True, check=False, timeout=60)
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "ratls-broker" in line]
    check("systemd finds nothing wrong with the units of docs/broker.md", done.returncode == 0 and not ours,
          done)


def as_documented(folder: pathlib.Path, simulator: str) -> None:
    found = units()
    check("docs/broker.md has a socket and a service", set(found) == {"ratls-broker.socket", "ratls-broker.service"})
    opened, service = found["ratls-broker.socket"]["Socket"], found["ratls-broker.service"]["Service"]
    words = service["ExecStart"].split()
    check("the service is what this test starts", words[1:4] == ["broker", "serve", "--config"]
          and service["Type"] == "notify", words)
    host, _, port = opened["ListenStream"].rpartition(":")
    check("the socket is for guests on every address", (host, port) == ("0.0.0.0", "8443"))
    with tcp(host) as listener:
        broker = activated(folder, (opened["FileDescriptorName"], listener))
        check("a broker listens where its unit says, and says so", broker.inherited == "listen"
              and broker.plain == "0.0.0.0:%d" % listener.getsockname()[1], broker.text)
        broker.plain = port_of(listener)
        check("and releases there", given(broker, simulator) == VALUE)
        check("and binds the addresses that were not handed over", broker.framed.startswith("127.0.0.1:")
              and broker.page("/metrics")[0] == 200)
        broker.stop()
    verified(folder, found)


def served_in_between(folder: pathlib.Path, simulator: str) -> None:
    """A guest that connects while no broker runs is served by the next one."""
    with tcp() as listener:
        first = activated(folder, ("listen", listener))
        before = given(first, simulator)
        code = first.stop()
        got: list[bytes] = []
        guest = threading.Thread(target=lambda: got.append(given(first, simulator)))
        guest.start()
        time.sleep(1)
        waited = first.process.poll() is not None and not got
        second = activated(folder, ("listen", listener))
        guest.join(30)
        check("a guest that connects between two brokers is served", before == VALUE and code == 0 and waited
              and got == [VALUE], (before, code, waited, got))
        second.stop()


def restarts_under_load(folder: pathlib.Path, simulator: str) -> None:
    with tcp() as listener:
        broker = activated(folder, ("listen", listener))
        where, answers, over = broker, [], threading.Event()

        def keep_asking() -> None:
            while not over.is_set():
                answers.append(given(where, simulator))

        def more_answers(count: int) -> None:
            wanted = len(answers) + count
            for _ in range(600):
                if len(answers) >= wanted:
                    return
                time.sleep(0.05)

        threads = [threading.Thread(target=keep_asking) for _ in range(4)]
        for thread in threads:
            thread.start()
        codes = []
        for _ in range(3):
            more_answers(20)
            codes.append(broker.stop())
            broker = activated(folder, ("listen", listener))
        more_answers(20)
        over.set()
        for thread in threads:
            thread.join(30)
        broker.stop()
        wrong = [answer for answer in answers if answer != VALUE]
        check(f"three restarts under load: {len(answers)} guests, and each was served", not wrong
              and codes == [0, 0, 0] and len(answers) >= 80, (wrong, codes))


def every_door(folder: pathlib.Path, simulator: str) -> None:
    path = str(folder / "status.sock")
    with tcp() as one, tcp() as two, tcp() as framed, unix(path) as status:
        broker = activated(folder, ("status", status), ("listen", one), ("framed", framed), ("listen", two))
        check("every address can be handed over", broker.inherited == "listen, framed, status"
              and broker.plain == port_of(one) + ", " + port_of(two) and broker.framed == port_of(framed)
              and broker.status == "unix:" + path, broker.text)
        for listener in (one, two):
            broker.plain = port_of(listener)
            check("guests are served on each socket of one name", given(broker, simulator) == VALUE)
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(path)
            visitor.sendall(b"GET /metrics HTTP/1.1\r\nhost: b\r\n\r\n")
            page = visitor.recv(65536)
        check("metrics stand on the Unix socket", page.startswith(b"HTTP/1.1 200"), page)
        broker.stop()
        check("whose file is systemd's, and stays", os.path.exists(path))
    with tcp() as listener:
        broker = activated(folder, ("ratls-broker.socket", listener))
        check("one socket alone is for guests, whatever it is called", broker.inherited == "listen")
        broker.stop()


def what_does_not_fit(folder: pathlib.Path) -> None:
    def refused(name: str, words: str, *named) -> None:
        broker = activated(folder, *named, may_fail=True)
        code = broker.process.wait(20)
        check(f"{name}: refused, and it says {words!r}", not broker.serving and code == 78
              and words in broker.text, (code, broker.text))

    path = str(folder / "guests.sock")
    with tcp() as one, tcp() as two, tcp("0.0.0.0") as wide, unix(path) as local:
        refused("a Unix socket for guests", "guests come over TCP", ("listen", local))
        refused("metrics for everybody", "nobody is asked who he is", ("listen", one), ("status", wide))
        refused("two sockets, one without a meaning", "FileDescriptorName=listen", ("listen", one), ("web", two))
        refused("two status pages", "two inherited sockets", ("status", one), ("status", two))
        write(folder, framed=None)
        refused("a door that broker.json does not have", 'add "framed"', ("listen", one), ("framed", two))
        write(folder)
        with socket.create_connection(("127.0.0.1", one.getsockname()[1])) as connected:
            refused("a socket that does not listen (Accept=yes)", "not_a_listener", ("connection", connected))


def by_systemd(folder: pathlib.Path, simulator: str) -> None:
    """systemd's own half of the protocol."""
    if shutil.which("systemd-socket-activate") is None:
        print("      systemd-socket-activate is not here: its half of the protocol was not tried")
        return
    with tcp() as free:
        address = port_of(free)

    def knock() -> None:  # it starts the program at the first connection
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", int(address.split(":")[1])), 5).close()
                return
            except OSError:
                time.sleep(0.05)

    threading.Thread(target=knock, daemon=True).start()
    broker = Broker(folder, before=["systemd-socket-activate", "-l", address, "--fdname=listen"])
    check("a broker that systemd-socket-activate starts serves its socket", broker.inherited == "listen"
          and broker.plain == address and given(broker, simulator) == VALUE, broker.text)
    broker.stop()


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    with tempfile.TemporaryDirectory() as name:
        simulator = broker_peers.simulator_of(build, pathlib.Path(name) / "sim")
        folder = pathlib.Path(name) / "broker"
        folder.mkdir()
        prepare(folder, simulator)
        as_documented(folder, simulator)
        served_in_between(folder, simulator)
        restarts_under_load(folder, simulator)
        every_door(folder, simulator)
        what_does_not_fit(folder)
        by_systemd(folder, simulator)
    print(f"{len(FAILED)} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
