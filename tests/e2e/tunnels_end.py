#!/usr/bin/env python3
"""How ratls serve and connect end on SIGTERM: idle tunnels at once and in order, answers that are due not.

usage: tests/e2e/tunnels_end.py BUILD_FOLDER
"""

import pathlib
import signal
import socket
import sys
import tempfile
import threading
import time

import broker_peers
import tunnels
from tunnels import FAILED, Backend, Process, check, ratls


class Thinker(Backend):
    """Answers each question after a while."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__()

    def echo(self, stream: socket.socket) -> None:
        with stream:
            while chunk := stream.recv(65536):
                time.sleep(self.seconds)
                stream.sendall(chunk)


class World:
    """A plain client's connection through `ratls connect` and `ratls serve` to a backend."""

    def __init__(self, folder: pathlib.Path, simulator: str, backend: Backend, *more: str) -> None:
        policy, me = str(folder / "policy.json"), ["--source", "sim:" + simulator]
        self.server = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, *me, "--policy", policy,
                              *more)
        self.client = Process("connect", self.server.where, "--listen", "127.0.0.1:0", *me, "--policy", policy,
                              *more)
        host, _, port = self.client.where.rpartition(":")
        self.stream = socket.create_connection((host, int(port)), 20)
        self.got: list[bytes] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        try:
            while chunk := self.stream.recv(4096):
                self.got.append(chunk)
            self.got.append(b"END")
        except OSError as error:
            self.got.append(repr(error).encode())

    def ask(self, question: bytes, answered: bool = True) -> None:
        self.stream.sendall(question)
        for _ in range(1000):
            if not answered or self.got:
                break
            time.sleep(0.02)

    def end(self, process: Process) -> tuple[int, float]:
        start = time.monotonic()
        code = process.stop()
        took = time.monotonic() - start
        self.reader.join(20)
        return code, took

    def close(self) -> None:
        self.stream.close()
        for each in (self.client, self.server):
            if each.process.poll() is None:
                each.process.send_signal(signal.SIGTERM)
                each.process.send_signal(signal.SIGTERM)
                each.process.wait(20)


def idle(folder: pathlib.Path, simulator: str) -> None:
    for which in ("server", "client"):
        world = World(folder, simulator, Backend())
        world.ask(b"question")
        code, took = world.end(getattr(world, which))
        # 10 s is --drain, 1 s the silence.
        check(f"an idle tunnel does not hold up the end of its {which}", code == 0 and 0.9 < took < 6, (code, took))
        check("and its plain client reads an end, not a reset", world.got == [b"question", b"END"], world.got)
        world.close()
        for process in (world.server, world.client):
            process.reader.join(5)
            check("and nobody calls it cut off", "closed" in process.log() and "truncated" not in process.log(),
                  process.log())


def thinking(folder: pathlib.Path, simulator: str) -> None:
    world = World(folder, simulator, Thinker(3))
    world.ask(b"question", answered=False)
    time.sleep(0.5)
    code, took = world.end(world.server)
    check("an answer that is due comes, however long its server thinks", code == 0 and 2 < took < 9
          and world.got == [b"question", b"END"], (code, took, world.got))
    world.close()


def patient(folder: pathlib.Path, simulator: str) -> None:
    world = World(folder, simulator, Backend(), "--drain-silence", "3")
    world.ask(b"question")
    code, took = world.end(world.server)
    check("--drain-silence says how long silence lasts", code == 0 and 2.9 < took < 9, (code, took))
    world.close()


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    tunnels.TOOL = broker_peers.TOOL[0] = str(build / "cli" / "ratls")
    with tempfile.TemporaryDirectory(prefix="ratls-tunnels-") as name:
        folder = pathlib.Path(name)
        simulator = broker_peers.simulator_of(build, folder / "sim")
        ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
        idle(folder, simulator)
        thinking(folder, simulator)
        patient(folder, simulator)
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
