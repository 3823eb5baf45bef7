#!/usr/bin/env python3
"""A key service that fails as it is told, on loopback, for tests.

Usage: stand_in.py FOLDER

FOLDER/answers holds what it serves. When it is ready, FOLDER/ports.json names its ports; every
request is a line of FOLDER/requests.log. It ends when its standard input does.
"""

import json
import os
import pathlib
import socket
import ssl
import sys
import threading

import stand_in_faults
from stand_in_keys import Keys

LOG = threading.Lock()


def log(folder: pathlib.Path, line: str) -> None:
    with LOG, open(folder / "requests.log", "a", encoding="utf-8") as out:
        out.write(line + "\n")


def read_head(connection) -> str:
    data = b""
    while b"\r\n\r\n" not in data and len(data) < 65536:
        piece = connection.recv(4096)
        if not piece:
            break
        data += piece
    return data.decode("latin-1")


def serve_key_service(folder: pathlib.Path, connection) -> None:
    """https://.../<fault>/vcek/v1/..."""
    target = (read_head(connection).split(" ") + [""])[1]
    log(folder, target)
    mode, _, rest = target.lstrip("/").partition("/")
    request = stand_in_faults.Request(connection, folder, mode, rest.partition("?")[0])
    request.rest = rest
    stand_in_faults.PATHS[mode](request)


def tls(folder: pathlib.Path, name: str, **limits: ssl.TLSVersion):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    context.set_alpn_protocols(["http/1.1"])
    for limit, version in limits.items():
        setattr(context, limit, version)

    def serve(raw: socket.socket) -> None:
        with context.wrap_socket(raw, server_side=True) as connection:
            serve_key_service(folder, connection)
            if connection.fileno() >= 0:
                connection.unwrap()
    return serve


def relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def proxy(folder: pathlib.Path):
    """CONNECT only; a host called refused.invalid is refused."""
    def serve(client: socket.socket) -> None:
        line = read_head(client).split("\r\n", 1)[0]
        log(folder, line)
        host, _, port = line.split(" ")[1].rpartition(":")
        if host == "refused.invalid":
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection((host, int(port))) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            threading.Thread(target=relay, args=(server, client), daemon=True).start()
            relay(client, server)
    return serve


def says(data: bytes):
    """No TLS at all: the same bytes for whoever comes."""
    def serve(raw: socket.socket) -> None:
        raw.recv(4096)
        raw.sendall(data)
    return serve


def silent(raw: socket.socket) -> None:
    """Takes the connection, and says nothing."""
    while raw.recv(4096):
        pass


def listen(serve) -> int:
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def handle(raw: socket.socket) -> None:
        try:
            with raw:
                serve(raw)
        except (OSError, ssl.SSLError):
            pass

    def loop() -> None:
        while True:
            raw, _ = listener.accept()
            threading.Thread(target=handle, args=(raw,), daemon=True).start()
    threading.Thread(target=loop, daemon=True).start()
    return listener.getsockname()[1]


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    (folder / "answers").mkdir(exist_ok=True)
    (folder / "requests.log").touch()
    Keys(folder).make()
    servers = {name: tls(folder, name) for name in ("good", "wrong_name", "expired", "untrusted", "rsa", "p384")}
    servers["tls12"] = tls(folder, "good", maximum_version=ssl.TLSVersion.TLSv1_2)
    servers["proxy"] = proxy(folder)
    servers["alert40"] = says(bytes.fromhex("15030300020228"))
    servers["http"] = says(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    servers["silent"] = silent
    ports = {name: listen(serve) for name, serve in servers.items()}
    draft = folder / "ports.draft"
    draft.write_text(json.dumps(ports), encoding="ascii")
    os.replace(draft, folder / "ports.json")
    sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
