#!/usr/bin/env python3
"""examples/service as one would run it: many guests, another policy, an end that cuts nobody off.

usage: tests/e2e/service.py BUILD_FOLDER
"""

import concurrent.futures
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading

from tunnels import FAILED, check


class Service:
    def __init__(self, command: list[str], **more) -> None:
        self.lines: list[str] = []
        self.changed = threading.Condition()
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        bufsize=1, **more)
        threading.Thread(target=self.read, daemon=True).start()
        self.pin = self.wait_for("identity").split()[-1]
        self.where = self.wait_for("listening on").split()[-1]

    def read(self) -> None:
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line)
                self.changed.notify_all()

    def wait_for(self, text: str, seconds: float = 20) -> str:
        """The first line with this text; "" where none came in time."""
        def said() -> str:
            return next((line for line in self.lines if text in line), "")
        with self.changed:
            self.changed.wait_for(said, seconds)
            return said()

    def log(self) -> str:
        return "".join(self.lines)


class World:
    def __init__(self, build: pathlib.Path, folder: pathlib.Path) -> None:
        self.build, self.folder, self.simulator = build, folder, str(build / "sim-authority")
        self.tool = str(build / "cli" / "ratls")
        self.policy = folder / "policy.json"
        self.allow()

    def allow(self, *arguments: str) -> None:
        subprocess.run([self.tool, "sim", "policy", self.simulator, *arguments, "--out", str(self.folder / "new")],
                       check=True, capture_output=True)
        (self.folder / "new").replace(self.policy)

    def service(self, *arguments: str, before=(), **more) -> Service:
        return Service([*before, str(self.build / "examples/service/service"), "--identity",
                        str(self.folder / "server.pem"), "--policy", str(self.policy), *arguments], **more)

    def ask(self, service: Service, line: str) -> subprocess.CompletedProcess:
        return subprocess.run([str(self.build / "examples/echo/echo_client"), "--connect", service.where, "--pin",
                               service.pin, "--report-source", "sim:" + self.simulator, "--line", line],
                              capture_output=True, text=True, timeout=60, check=False)

    def guest(self, service: Service) -> subprocess.Popen:
        """One that stays: what is written to it comes back."""
        return subprocess.Popen([self.tool, "connect", service.where, "--pin", service.pin, "--source",
                                 "sim:" + self.simulator], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.DEVNULL, text=True, bufsize=1)


def says(guest: subprocess.Popen, line: str) -> bool:
    guest.stdin.write(line + "\n")
    guest.stdin.flush()
    return guest.stdout.readline() == line + "\n"


def many(world: World, service: Service) -> None:
    host, port = service.where.rsplit(":", 1)
    silent = [socket.create_connection((host, int(port))) for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(lambda i: world.ask(service, f"guest {i}"), range(24)))
    check("24 guests are answered beside 40 connections that say nothing",
          [done.stdout for done in asked] == [f"guest {i}\n" for i in range(24)], service.log())
    for stream in silent:
        stream.close()


def another_policy(world: World, service: Service) -> None:
    guest = world.guest(service)
    check("a guest stays connected", says(guest, "before"), service.log())
    world.allow("--measurement", "7" * 96)
    service.process.send_signal(signal.SIGHUP)
    check("SIGHUP replaces the policy", service.wait_for("policy replaced") != "", service.log())
    done = world.ask(service, "late")
    check("the next guest is judged by the new one, and the log has every check",
          done.returncode == 77 and service.wait_for("FAIL  measurement") != "", (done, service.log()))
    check("and the open channel stays", says(guest, "after"), service.log())
    world.policy.write_text('{"version": 1, "nmae": "x"}')
    service.process.send_signal(signal.SIGHUP)
    check("a policy that cannot be read changes nothing, and the log says why",
          "nmae" in service.wait_for("policy kept") and world.ask(service, "x").returncode == 77, service.log())

    service.process.send_signal(signal.SIGTERM)
    check("SIGTERM is said", service.wait_for("stopping") != "", service.log())
    check("no new guest comes in", world.ask(service, "too late").returncode == 69, service.log())
    check("whoever is open goes on", says(guest, "last words"), service.log())
    guest.stdin.close()
    check("and ends in order", guest.wait(10) == 0, service.log())
    check("then the service ends, with 0", service.process.wait(9) == 0, service.log())


def from_systemd(world: World) -> None:
    world.allow()
    listening = socket.create_server(("127.0.0.1", 0))
    shell = f'exec env LISTEN_PID=$$ LISTEN_FDS=1 "$@" 3<&{listening.fileno()}'
    service = world.service(before=["bash", "-c", shell, "bash"], pass_fds=[listening.fileno()])
    check("a socket of systemd's is served", world.ask(service, "hello").stdout == "hello\n", service.log())
    service.process.send_signal(signal.SIGINT)
    check("SIGINT ends it as well", service.process.wait(9) == 0, service.log())


def mistakes(world: World) -> None:
    program = str(world.build / "examples/service/service")
    for arguments, code, text in [
            ([], 78, "--policy"), (["--policy", "/none"], 69, "/none"), (["--polcy", "x"], 64, "--polcy"),
            (["--policy", str(world.policy), "--identity", str(world.folder / "server.pem")], 78, "--listen")]:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=20, check=False)
        check(f"service {' '.join(arguments[:1])} ends with {code} and names {text}",
              done.returncode == code and text in done.stderr, done)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        world = World(build, pathlib.Path(folder))
        service = world.service("--listen", "127.0.0.1:0")
        many(world, service)
        another_policy(world, service)
        from_systemd(world)
        mistakes(world)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
