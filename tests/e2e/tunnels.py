#!/usr/bin/env python3
"""ratls verify tls, connect and serve as people run them: processes, sockets, exit codes.

usage: tests/e2e/tunnels.py BUILD_FOLDER
"""

import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

TOOL = ""
FAILED = []


def check(name: str, holds: bool, more: object = "") -> None:
    print(("ok    " if holds else "FAIL  ") + name, flush=True)
    if not holds:
        FAILED.append(name)
        print(more, flush=True)


class Backend:
    """Echoes; counts who came."""

    def __init__(self) -> None:
        self.count = 0
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.where = "127.0.0.1:%d" % self.socket.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self) -> None:
        while True:
            stream, _ = self.socket.accept()
            self.count += 1
            threading.Thread(target=self.echo, args=(stream,), daemon=True).start()

    @staticmethod
    def echo(stream: socket.socket) -> None:
        with stream:
            try:
                while chunk := stream.recv(65536):
                    stream.sendall(chunk)
            except OSError:
                pass


class Process:
    """A service that says "listening on WHERE" when it is ready."""

    def __init__(self, *arguments: str, before=(), **more) -> None:
        self.lines: list[str] = []
        self.ready = threading.Event()
        self.where = self.pin = ""
        self.process = subprocess.Popen([*before, TOOL, *arguments], stderr=subprocess.PIPE,
                                        text=True, **more)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        if not self.ready.wait(20):
            raise SystemExit("the service did not start: " + "".join(self.lines))

    def read(self) -> None:
        for line in self.process.stderr:
            self.lines.append(line)
            if "clients pin" in line:
                self.pin = line.split()[-1]
            if "listening on" in line:
                self.where = line.split("listening on ")[1].split(",")[0]
                self.ready.set()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(20)
        self.reader.join(5)
        return code

    def log(self) -> str:
        return "".join(self.lines)


def ratls(*arguments: str, text: str = "") -> subprocess.CompletedProcess:
    return subprocess.run([TOOL, *arguments], input=text, capture_output=True, text=True, timeout=60,
                          check=False)


def prepare(folder: pathlib.Path, simulator: str) -> None:
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    ratls("sim", "policy", simulator, "--measurement", "7" * 96, "--out", str(folder / "others.json"))


def attested_server(folder: pathlib.Path, simulator: str) -> None:
    backend = Backend()
    policy, others = str(folder / "policy.json"), str(folder / "others.json")
    me = ["--source", "sim:" + simulator]
    server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, *me,
                     "--policy", policy)

    done = ratls("verify", "tls", server.where, "--policy", policy, "--json")
    verdict = json.loads(done.stdout)
    check("verify tls accepts a server in this very session",
          done.returncode == 0 and verdict["accepted"] and verdict["scope"] == "session", done)
    done = ratls("verify", "tls", server.where, "--policy", others)
    check("verify tls refuses a server that the policy does not list, with got, want and hint",
          done.returncode == 1 and "FAIL  measurement" in done.stdout and "hint" in done.stdout
          and done.stdout.rstrip().splitlines()[-1].startswith("REJECTED"), done)

    done = ratls("connect", server.where, "--policy", policy, *me, text="hello")
    check("connect carries standard input and output", done.returncode == 0
          and done.stdout == "hello" and "accepted" in done.stderr, done)
    came = backend.count
    done = ratls("connect", server.where, "--policy", others, *me, text="hello")
    check("connect sends nothing to a server that it refuses", done.returncode == 1
          and done.stdout == "" and "measurement_not_allowed" in done.stderr, done)
    done = ratls("connect", server.where, "--policy", policy, text="hello")
    check("a client without evidence is refused and its exit code says so", done.returncode == 77, done)
    check("nothing reached the plain server of either", backend.count == came, backend.count)
    check("serve ends in order on SIGTERM", server.stop() == 0, server.log())


def refused_by_policy(folder: pathlib.Path, simulator: str) -> None:
    backend = Backend()
    server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, "--identity",
                     str(folder / "server.pem"), "--policy", str(folder / "others.json"), "--verdict")
    done = ratls("connect", server.where, "--pin", server.pin, "--source", "sim:" + simulator,
                 text="hello")
    check("a refused guest reads the rule that refused it", done.returncode == 77
          and "measurement_not_allowed" in done.stderr, done)
    server.stop()
    check("and the server's log has every check", "FAIL  measurement" in server.log(), server.log())
    check("and the plain server saw nobody", backend.count == 0)


def key_bound(folder: pathlib.Path, simulator: str) -> None:
    """Level 0, as ratls cert new makes it: refused unless it is accepted by name."""
    danger = "--dangerously-accept-key-bound"
    backend, policy = Backend(), str(folder / "policy.json")
    for side, more in (("server", []), ("client", ["--client"])):
        ratls("cert", "new", "--source", "sim:" + simulator, "--key-out", str(folder / (side + ".key")),
              "--cert-out", str(folder / (side + ".crt")), *more)
    identity = {side: ["--identity", str(folder / (side + ".key")), "--identity-cert",
                       str(folder / (side + ".crt"))] for side in ("server", "client")}

    server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, "--policy", policy, danger,
                     *identity["server"])
    done = ratls("connect", server.where, "--policy", policy, *identity["client"], text="hello")
    check("connect refuses a server whose evidence covers its key only", done.returncode == 1
          and "level_too_low" in done.stderr and done.stdout == "", done)
    done = ratls("verify", "tls", server.where, "--policy", policy)
    check("so does verify tls", done.returncode == 1 and "level_too_low" in done.stdout, done)
    done = ratls("verify", "tls", server.where, "--policy", policy, danger, *identity["client"])
    check("verify tls accepts it where it is told to, and says KEY-BOUND", done.returncode == 0
          and "KEY-BOUND" in done.stdout and "DANGER" in done.stderr, done)
    done = ratls("connect", server.where, "--policy", policy, danger, *identity["client"], text="hello")
    check("connect carries bytes both ways with evidence over keys only, loudly", done.returncode == 0
          and done.stdout == "hello" and "DANGER" in done.stderr and "KEY-BOUND" in done.stderr, done)
    server.stop()
    check("and serve said DANGER at its start and KEY-BOUND of the client",
          "DANGER" in server.log() and "KEY-BOUND" in server.log(), server.log())

    server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, "--policy", policy,
                     "--identity", str(folder / "server.pem"))
    done = ratls("connect", server.where, "--pin", server.pin, *identity["client"], text="hello")
    check("serve refuses a client whose evidence covers its key only", done.returncode == 77, done)
    server.stop()
    check("and says why", "level_too_low" in server.log(), server.log())
    done = ratls("connect", server.where, "--pin", server.pin, danger)
    check("the switch without a policy is a mistake", done.returncode == 64, done)


def rotation(folder: pathlib.Path, simulator: str) -> None:
    """A new pair and SIGHUP again and again, while clients come without a pause."""
    backend, policy = Backend(), str(folder / "policy.json")
    danger = "--dangerously-accept-key-bound"
    key, certificate = str(folder / "turn.key"), str(folder / "turn.crt")

    new = ["cert", "new", "--source", "sim:" + simulator, "--replace", "--key-out", key, "--cert-out", certificate]
    ratls(*new)
    server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, "--policy", policy,
                     "--identity", key, "--identity-cert", certificate)
    arguments = ["connect", server.where, "--policy", policy, danger, "--source", "sim:" + simulator]
    old = subprocess.Popen([TOOL, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                           stderr=subprocess.DEVNULL)
    old.stdin.write(b"before")
    old.stdin.flush()
    got = old.stdout.read(6)
    wrong, calls, over = [], [], threading.Event()

    def call() -> None:
        while not over.is_set():
            done = ratls(*arguments, text="hello")
            calls.append(done.returncode)
            if done.stdout != "hello" or done.returncode != 0:
                wrong.append(done)

    callers = [threading.Thread(target=call) for _ in range(2)]
    _ = [caller.start() for caller in callers]
    for turn in range(1, 7):
        ratls(*new)
        server.process.send_signal(signal.SIGHUP)
        for _ in range(500):
            if server.log().count("were read again") >= turn:
                break
            time.sleep(0.02)
    over.set()
    _ = [caller.join() for caller in callers]
    check("six new identities under load: no client failed", not wrong and len(calls) >= 6
          and server.log().count("were read again") == 6, wrong or server.log())
    old.stdin.write(b"after")
    old.stdin.close()
    check("and a tunnel that the first one opened went on", got == b"before"
          and old.stdout.read() == b"after" and old.wait(10) == 0)
    pathlib.Path(certificate).write_text("no certificate")
    server.process.send_signal(signal.SIGHUP)
    for _ in range(500):
        if "nothing has changed" in server.log():
            break
        time.sleep(0.02)
    done = ratls(*arguments, text="hello")
    check("what is not good is said and changes nothing", done.stdout == "hello"
          and certificate + ": not an X.509" in server.log(), server.log())
    check("serve ends in order after it all", server.stop() == 0, server.log())


def local_doors(folder: pathlib.Path, simulator: str) -> None:
    backend = Backend()
    listening = socket.create_server(("127.0.0.1", 0))

    # As systemd starts it: the socket is descriptor 3, and the environment says whose it is.
    shell = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$@" 3<&{listening.fileno()}'
    server = Process("serve", "--to", backend.where, "--identity", str(folder / "server.pem"),
                     "--policy", str(folder / "policy.json"), before=["bash", "-c", shell, "bash"],
                     pass_fds=[listening.fileno()])
    check("serve takes a socket from systemd", server.where.startswith("127.0.0.1:"), server.log())

    path = str(folder / "plain.sock")
    client = Process("connect", "127.0.0.1:%d" % listening.getsockname()[1], "--pin", server.pin,
                     "--source", "sim:" + simulator, "--listen", "unix:" + path)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.connect(path)
        stream.sendall(b"through two tunnels")
        stream.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := stream.recv(4096):
            got += chunk
    check("a plain program talks through a Unix socket", got == b"through two tunnels", got)
    client.stop()
    check("and the socket's file is gone afterwards", not os.path.exists(path))
    server.stop()


def wrong_usage(folder: pathlib.Path, simulator: str) -> None:
    policy = str(folder / "policy.json")
    broken = folder / "broken.json"
    broken.write_text('{"name": "x", "nmae": 1}')
    for name, code, arguments in [
        ("nobody to accept", 64, ["connect", "127.0.0.1:1"]),
        ("two ways to accept", 64, ["connect", "127.0.0.1:1", "--policy", policy, "--pin", "x"]),
        ("a pin that is none", 64, ["connect", "127.0.0.1:1", "--pin", "sha256//no"]),
        ("a CA without a name", 64, ["connect", "127.0.0.1:1", "--ca", policy]),
        ("a server that is nobody", 64,
         ["serve", "--listen", ":0", "--to", "127.0.0.1:1", "--policy", policy]),
        ("a policy that is not there", 66, ["connect", "127.0.0.1:1", "--policy", "no.json"]),
        ("a policy with a typo", 78, ["connect", "127.0.0.1:1", "--policy", str(broken)]),
        ("an address that is none", 78, ["verify", "tls", "nowhere", "--policy", policy]),
        ("a simulator that is not there", 78,
         ["connect", "127.0.0.1:1", "--policy", policy, "--source", "sim:" + str(folder / "no")]),
        ("nobody at the address", 69, ["verify", "tls", "127.0.0.1:1", "--policy", policy]),
    ]:
        done = ratls(*arguments)
        lines = done.stderr.strip().splitlines()
        check(f"{name}: exit code {code} and one line", done.returncode == code and len(lines) == 1,
              done)


def main() -> int:
    global TOOL
    build = pathlib.Path(sys.argv[1])
    TOOL = str(build / "cli" / "ratls")
    with tempfile.TemporaryDirectory(prefix="ratls-tunnels-") as name:
        folder = pathlib.Path(name)
        simulator = shutil.copytree(build / "sim-authority", str(folder / "sim"))  # CTest's fixture
        prepare(folder, simulator)
        attested_server(folder, simulator)
        refused_by_policy(folder, simulator)
        key_bound(folder, simulator)
        rotation(folder, simulator)
        local_doors(folder, simulator)
        wrong_usage(folder, simulator)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
