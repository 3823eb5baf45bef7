#!/usr/bin/env python3
"""The host's network: passes every byte between guest and broker, and keeps a copy of each.

usage: wire.py HOST:PORT FOLDER     writes FOLDER/connection-N.to-broker and .to-guest
"""

import pathlib
import socket
import sys
import threading


def copy(source: socket.socket, target: socket.socket, record: pathlib.Path) -> None:
    with record.open("ab", buffering=0) as out:
        try:
            while data := source.recv(65536):
                out.write(data)
                target.sendall(data)
        except OSError:
            pass  # one side is gone; the other is told below
    try:
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def carry(guest: socket.socket, broker: tuple[str, int], folder: pathlib.Path, number: int) -> None:
    with guest, socket.create_connection(broker, timeout=10) as out:
        out.settimeout(None)
        there = threading.Thread(target=copy, args=(guest, out, folder / f"connection-{number}.to-broker"))
        there.start()
        copy(out, guest, folder / f"connection-{number}.to-guest")
        there.join()


def main() -> None:
    host, _, port = sys.argv[1].rpartition(":")
    folder = pathlib.Path(sys.argv[2])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(f"host                  carries bytes from 127.0.0.1:{listener.getsockname()[1]}", flush=True)
        number = 0
        while True:
            guest, _ = listener.accept()
            number += 1
            threading.Thread(target=carry, args=(guest, (host, int(port)), folder, number), daemon=True).start()


if __name__ == "__main__":
    main()
