#!/usr/bin/env python3
"""ratls egress between programs and a model: proxying, streams, tunnels, refusals.

usage: tests/e2e/egress.py BUILD_FOLDER
"""

import http.client
import json
import socket
import sys

from agent_world import BUILD, Process, World, check, free_port, run


def talk(where: str, request: bytes) -> bytes:
    host, port = where.split(":")
    with socket.create_connection((host, int(port)), 10) as stream:
        stream.sendall(request)
        got = b""
        stream.settimeout(10)
        try:
            while chunk := stream.recv(65536):
                got += chunk
        except ConnectionResetError:
            got += b"<reset>"
    return got


def smuggling(where: str) -> None:
    host = b"Host: x\r\n"
    for name, request in [
        ("CL and TE", b"POST /v1/echo HTTP/1.1\r\n" + host +
         b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("bare LF", b"GET /v1/models HTTP/1.1\nHost: x\n\n"),
        ("two Hosts", b"GET /v1/models HTTP/1.1\r\n" + host + host + b"\r\n"),
        ("a folded line", b"GET /v1/models HTTP/1.1\r\n" + host + b"A: b\r\n c\r\n\r\n"),
        ("a head that is too long", b"GET /v1/models HTTP/1.1\r\n" + host + b"A: " + b"a" * 70000 +
         b"\r\n\r\n"),
        ("two lengths", b"POST /v1/echo HTTP/1.1\r\n" + host +
         b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        ("an unknown coding", b"POST /v1/echo HTTP/1.1\r\n" + host +
         b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("a blank before the colon", b"GET /v1/models HTTP/1.1\r\n" + host + b"A : b\r\n\r\n"),
        ("HTTP/1.0", b"GET /v1/models HTTP/1.0\r\n" + host + b"\r\n"),
        ("another server's URL", b"GET http://evil.example/ HTTP/1.1\r\n" + host + b"\r\n"),
    ]:
        got = talk(where, request)
        check(f"refused: {name}", got.startswith(b"HTTP/1.1 400 ") and b"malformed_http" in got,
              got[:200])


def proxying(world: World) -> None:
    model = world.model.where
    config = world.guest()
    value = json.loads(config.read_text())
    value["egress"]["tunnels"] = [{"host": "127.0.0.1", "port": int(model.split(":")[1])}]
    value["secrets"][0]["give_to"] = "egress"
    config.write_text(json.dumps(value))
    where = f"127.0.0.1:{world.port}"
    egress = Process(BUILD / "cli/ratls", "egress", "--config", config, ready=r"egress on (\S+)")
    smuggling(where)

    client = http.client.HTTPConnection(where, timeout=10)
    for _ in range(3):
        client.request("GET", "/v1/models")
        answer = client.getresponse()
        check("one connection serves many requests", answer.status == 200
              and json.loads(answer.read())["data"], answer.headers)
    body = (b"x" * 1000 for _ in range(2000))
    client.request("POST", "/v1/echo", body=body, encode_chunked=True,
                   headers={"transfer-encoding": "chunked", "x-ratls-attested": "true"})
    got = json.loads(client.getresponse().read())
    check("two megabytes in chunks arrive whole", got["size"] == 2000000, got)
    check("the program's own x-ratls headers go nowhere", "x-ratls-attested" not in got["headers"],
          got)

    two = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/models HTTP/1.1\r\nHost: x\r\n" \
          b"Connection: close\r\n\r\n"
    got = talk(where, two)
    check("two requests at once get two answers in turn", got.count(b'"mock"') == 2, got)
    got = talk(where, b"GET /v1/until-the-end HTTP/1.1\r\nHost: x\r\n\r\n")
    check("an answer that ends with the connection arrives whole", got.endswith(b"to the end"), got)
    got = talk(where, b"GET /v1/cut HTTP/1.1\r\nHost: x\r\n\r\n")
    check("an answer that was cut is seen as cut", got.endswith(b"<reset>"), got)
    got = talk(where, b"GET /v1/two-lengths HTTP/1.1\r\nHost: x\r\n\r\n")
    check("an answer with two lengths is not passed on", b" 502 " in got.split(b"\r\n")[0], got)
    got = talk(where, b"HEAD /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    check("an upstream's refusal is the program's", got.startswith(b"HTTP/1.1 501 "), got)

    with socket.create_connection(("127.0.0.1", world.port), 10) as stream:
        stream.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
        head = stream.recv(4096)
        stream.sendall(b"both ways")
        got = stream.recv(4096)
    check("another protocol passes both ways", b" 101 " in head and got == b"BOTH WAYS", (head, got))

    got = talk(where, b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n")
    check("a tunnel that is not listed is refused, and named in the log",
          got.startswith(b"HTTP/1.1 403 ") and b"destination_blocked" in got
          and egress.await_line("BLOCKED evil.example:443"), got)
    got = talk(where, b"CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/until-the-end HTTP/1.1\r\n"
               b"Host: x\r\n\r\n" % model.encode())
    check("a tunnel that is listed passes bytes", got.endswith(b"to the end"), got)
    check("and is counted as unattested", egress.await_line("tunnel, unattested"), egress.log())
    check("egress ends in order", egress.stop() == 0, egress.log())


def refusals(world: World) -> None:
    for name, changes, status, reason, retried in [
        ("another measurement", {"attested_by": "others.json"}, 403, "measurement_not_allowed", False),
        ("no evidence", {"connect": world.plain.where}, 403, "malformed_certificate", False),
        ("nobody there", {"connect": "127.0.0.1:%d" % free_port()}, 503, "connection_failed", True),
    ]:
        config = world.guest(egress=world.upstream(**changes))
        with_port = json.loads(config.read_text())
        with_port["egress"]["listen"] = f"127.0.0.1:{world.port}"
        config.write_text(json.dumps(with_port))
        egress = Process(BUILD / "cli/ratls", "egress", "--config", config, ready=r"egress on (\S+)")
        client = http.client.HTTPConnection(f"127.0.0.1:{world.port}", timeout=10)
        client.request("POST", "/v1/chat/completions", b"{}")
        answer = client.getresponse()
        error = json.loads(answer.read())["error"]
        check(f"{name}: {status} {reason}, in the client's own words",
              answer.status == status and error["code"] == reason, (answer.status, error))
        check(f"{name}: retried {'later' if retried else 'never'}",
              (answer.headers["x-should-retry"] == "false") != retried
              and (answer.headers["retry-after"] is not None) == retried, answer.headers)
        client = http.client.HTTPConnection(f"127.0.0.1:{world.port}", timeout=10)
        client.request("POST", "/v1/messages", b"{}", {"anthropic-version": "2023-06-01"})
        error = json.loads(client.getresponse().read())
        check(f"{name}: in Anthropic's shape, too", error["type"] == "error"
              and error["error"]["code"] == reason, error)
        egress.stop()


if __name__ == "__main__":
    sys.exit(run(proxying, refusals))
