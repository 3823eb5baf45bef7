#!/usr/bin/env python3
"""What the egress adds to the time to a first token, against the same model asked directly.

usage: bench/egress.py BUILD_FOLDER [REQUESTS]

Program, egress, `ratls serve` and model on one machine's loopback; one connection each way, kept
alive; the two ways take turns, so that both see the same machine.
"""

import contextlib
import json
import pathlib
import socket
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "e2e"))

from agent_world import BUILD, Process, World, run  # noqa: E402

REQUEST = (b"POST /v1/chat/completions HTTP/1.1\r\nHost: llm\r\nContent-Type: application/json\r\n"
           b"Content-Length: 15\r\n\r\n{\"stream\":true}")
TOKEN = b"data: {\"choices\":[{\"delta\":{\"content\":\"token\"}}]}\n\n"
HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"%x\r\n%s\r\n" % (len(TOKEN), TOKEN))


def read_until(stream: socket.socket, end: bytes) -> bytes:
    got = b""
    while end not in got:
        more = stream.recv(65536)
        if not more:
            raise SystemExit("the model ended: " + got.decode(errors="replace"))
        got += more
    return got


def answer(stream: socket.socket) -> None:
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with stream, contextlib.suppress(ConnectionResetError):
        while request := stream.recv(65536):
            while not request.endswith(b"true}"):
                request += stream.recv(65536)
            stream.sendall(HEAD)
            time.sleep(0.002)
            stream.sendall(b"0\r\n\r\n")


def model() -> str:
    listening = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return "127.0.0.1:%d" % listening.getsockname()[1]


def connect(where: str) -> socket.socket:
    host, port = where.split(":")
    stream = socket.create_connection((host, int(port)), 20)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stream


def first_token(stream: socket.socket) -> float:
    began = time.perf_counter()
    stream.sendall(REQUEST)
    got = read_until(stream, b"token")
    took = time.perf_counter() - began
    if b"0\r\n\r\n" not in got:
        read_until(stream, b"0\r\n\r\n")
    return took * 1000


def centile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def measure(world: World) -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    where = model()
    front = world.front(where)
    config = json.loads(world.guest(egress=world.upstream(connect=front.where)).read_text())
    config["egress"]["listen"] = f"127.0.0.1:{world.port}"
    path = world.folder / "guest.json"
    path.write_text(json.dumps(config))
    egress = Process(BUILD / "cli/ratls", "egress", "--config", path, ready=r"egress on (\S+)")
    direct, through = connect(where), connect(egress.where)
    for stream in (direct, through):
        for _ in range(20):
            first_token(stream)
    rows: dict[str, list[float]] = {"direct": [], "egress": []}
    for _ in range(count):
        rows["direct"].append(first_token(direct))
        rows["egress"].append(first_token(through))
    for name, values in rows.items():
        print(f"{name:8} first token, ms: p50 {statistics.median(values):.3f}  "
              f"p99 {centile(values, 0.99):.3f}")
    added = statistics.median(rows["egress"]) - statistics.median(rows["direct"])
    print(f"the egress adds {added:.3f} ms at p50, over {count} requests each "
          f"(target: below 1 ms, {'met' if added < 1 else 'MISSED'})")
    egress.stop()
    front.stop()


if __name__ == "__main__":
    sys.exit(run(measure))
