#!/usr/bin/env python3
"""ratls egress at its edges: who may reach it, half-sent requests, second tries, what it tells.

usage: tests/e2e/egress_edges.py BUILD_FOLDER
"""

import http.client
import json
import re
import socket
import sys

from agent_world import HERE, World, check, free_port, ratls, run

DOCS = HERE.parent.parent / "docs" / "agent.md"


def documented() -> set[str]:
    """The names in the first column of the table of metrics."""
    table = DOCS.read_text(encoding="utf-8").split("## Metrics", 1)[1].split("\n## ", 1)[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`(ratls_[a-z_]+)", row)}


def ask(where: str, method: str = "GET", path: str = "/v1/models", body: object = None,
        **headers: str) -> tuple[int, dict, bytes]:
    host, port = where.rsplit(":", 1)
    client = http.client.HTTPConnection(host, int(port), timeout=30)
    client.request(method, path, body, headers)
    answer = client.getresponse()
    got = answer.status, dict(answer.headers), answer.read()
    client.close()
    return got


def unix_get(path: str, target: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(20)
        stream.connect(path)
        stream.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target.encode())
        got = b""
        while chunk := stream.recv(65536):
            got += chunk
        return got


def figures(page: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def reach(world: World) -> None:
    path = world.folder / "wide.json"
    config = json.loads(world.guest().read_text())
    config["egress"]["listen"] = f"0.0.0.0:{free_port()}"
    path.write_text(json.dumps(config))
    done = ratls("egress", "--config", path)
    check("an egress for everybody is refused, with its place",
          done.returncode == 78 and "line 1" in done.stderr and "127.0.0.1" in done.stderr, done)
    config["egress"].update(listen="127.0.0.1:0", status="0.0.0.0:0")
    path.write_text(json.dumps(config))
    done = ratls("egress", "--unsafe-listen", "--config", path)
    check("a status page for everybody is refused, whatever the command line says",
          done.returncode == 78 and "status is on 127.0.0.1" in done.stderr, done)
    way = world.egress("--unsafe-listen", listen="0.0.0.0:0")
    check("with --unsafe-listen it starts, and warns", "WARNING: whoever reaches" in way.log(), way.log())
    check("and serves", ask(way.where.replace("0.0.0.0", "127.0.0.1"))[0] == 200)
    way.stop()
    inside = world.folder / "egress.sock"
    way = world.egress(listen=f"unix:{inside}")
    got = unix_get(str(inside), "/v1/models")
    check("it listens on a Unix socket, for its user only",
          got.startswith(b"HTTP/1.1 200 ") and inside.stat().st_mode & 0o777 == 0o600, got)
    way.stop()
    for listen in (f"unix:{inside}", "127.0.0.1:0"):
        config = json.loads(world.guest().read_text())
        config["egress"]["listen"] = listen
        path.write_text(json.dumps(config))
        done = ratls("run", "--config", path, "--", "true")
        check(f"run: no program's variables can say {listen}", done.returncode == 125
              and "egress.listen" in done.stderr, done)


def half_sent(world: World) -> None:
    way = world.egress()
    host, port = way.where.split(":")
    with socket.create_connection((host, int(port)), 30) as stream:
        stream.sendall(b"POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"
                       b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        first = stream.recv(4096)
        stream.sendall(b"12345")
        rest = b""
        while chunk := stream.recv(4096):
            rest += chunk
    check("Expect: 100-continue: the upstream's 100 comes before the body is sent",
          first == b"HTTP/1.1 100 Continue\r\n\r\n" and b'"size": 5' in rest, (first, rest))
    status, _, body = ask(way.where, "POST", "/v1/unwanted", b"x" * 4_000_000, expect="100-continue")
    check("a final answer in place of 100 arrives, whatever is still being sent", status == 417, body)
    check("sixty kilobytes of head pass", ask(way.where, a="a" * 60000)[0] == 200)
    check("a GET on a channel that dies under it is asked for again on a fresh one",
          [ask(way.where, path="/v1/once")[0] for _ in range(2)] == [200, 200], way.log())
    check("a POST is not: 503, and the client decides",
          [ask(way.where, "POST", "/v1/once", b"{}")[0] for _ in range(2)] == [503, 200], way.log())
    way.stop()
    way = world.egress(egress=world.upstream(attested_by="others.json"))
    for kind, headers in [("a length", {}), ("chunks", {"transfer-encoding": "chunked"})]:
        body = b"x" * 8_000_000 if not headers else (b"x" * 100_000 for _ in range(80))
        status, _, got = ask(way.where, "POST", "/v1/chat/completions", body, **headers)
        check(f"a refusal reaches a program that is still sending eight megabytes with {kind}",
              status == 403 and b"measurement_not_allowed" in got, (status, got))
    check("and nothing was asked twice", way.log().count("POST llm 403") == 2, way.log())
    way.stop()


def told(world: World) -> None:
    door = world.folder / "status.sock"
    config = world.upstream()
    config["status"] = f"unix:{door}"
    config["tunnels"] = [{"host": "api.example", "port": 443},
                         {"host": "127.0.0.1", "port": int(world.model.where.split(":")[1])}]
    config["upstreams"].append({"name": 'pin"ned', "prefix": "/pinned", "connect": world.plain.where,
                                "pin": re.search(r"clients pin (\S+)", world.plain.log())[1],
                                "show_evidence": True, "unattested": "accepted"})
    config["upstreams"].append({**config["upstreams"][0], "name": "refused", "prefix": "/no",
                                "attested_by": "others.json"})
    way = world.egress(egress=config)
    check("what nothing attests is announced, upstream and tunnel",
          'WARNING: pin"ned is not attested' in way.log()
          and "WARNING: the tunnel to api.example:443 is not attested" in way.log(), way.log())
    host, port = way.where.split(":")
    for _ in range(3):
        ask(way.where)
        with socket.create_connection((host, int(port)), 20) as stream:
            stream.sendall(b"CONNECT telemetry.example:4319 HTTP/1.1\r\nHost: x\r\n\r\n")
            check("a blocked name is answered every time", b" 403 " in stream.recv(4096))
    inner = http.client.HTTPConnection(host, int(port), timeout=20)
    inner.set_tunnel(world.model.where)
    inner.request("GET", "/v1/models")
    check("a tunnel that is listed carries an unmodified client", inner.getresponse().status == 200)
    inner.close()
    answer = ask(way.where, path="/pinned/v1/models")
    check("an unattested answer says so",
          answer[1]["x-ratls-attested"] == "false" and "x-ratls-measurement" not in answer[1], answer)
    ask(way.where, path="/no/thing")
    way.await_line("GET refused 403")
    check("and logged once", way.log().count("BLOCKED telemetry.example:4319") == 1, way.log())
    got = unix_get(str(door), "/metrics").decode()
    page = got.split("\r\n\r\n", 1)[1]
    families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M))
    check("the metrics are exactly those that docs/agent.md lists, each with its type",
          set(families) == documented() and set(families.values()) == {"counter", "gauge", "histogram"}
          and all(name.endswith("_total") == (kind == "counter") for name, kind in families.items()),
          set(families) ^ documented())
    samples = {re.sub("_(bucket|sum|count)$", "", name) if families.get(name) is None else name
               for name in re.findall(r"^(ratls_[a-z_]+)", page, re.M)}
    check("each family has a sample, and each sample a family", samples == set(families),
          samples ^ set(families))
    seen = figures(page)
    for name, value in [
        ('ratls_egress_requests_total{upstream="llm",code_class="2xx"}', 3),
        ('ratls_egress_requests_total{upstream="",code_class="4xx"}', 3),
        ('ratls_egress_requests_total{upstream="pin\\"ned",code_class="4xx"}', 1),
        ('ratls_egress_requests_total{upstream="refused",code_class="4xx"}', 1),
        ('ratls_egress_requests_total{upstream="tunnel",code_class="2xx"}', 1),
        ("ratls_egress_first_byte_seconds_count", 4),
        ("ratls_egress_blocked_total", 3),
        ("ratls_egress_tunnels_total", 1),
        ("ratls_egress_unattested_upstreams", 3),
        ('ratls_report_requests_total{result="failed"}', 0),
        ('ratls_rejections_total{role="client",reason="measurement_not_allowed"}', None),
        ('ratls_handshakes_total{role="client",result="rejected"}', None),
        ('ratls_handshakes_total{role="client",result="accepted"}', None),
        ('ratls_evidence_expiry_timestamp_seconds{upstream="llm"}', None),
    ]:
        check(f"metrics: {name}", name in seen and seen[name] == (seen[name] if value is None else value)
              and (value is not None or seen[name] > 0), (seen.get(name), page))
    check("no metric has an address, a path or a measurement",
          not any(where in page for where in (world.llm.where, world.model.where, "telemetry.example"))
          and "/pinned" not in page and not re.search("[0-9a-f]{40}", page), page)
    status = json.loads(unix_get(str(door), "/v1/status").split(b"\r\n\r\n", 1)[1])
    check("status names the policy in force", status["upstreams"][0]["policy"]["name"]
          and len(status["upstreams"][0]["policy"]["sha256"]) == 64, status)
    check("nothing else is served there", b" 404 " in unix_get(str(door), "/v1/models"))
    way.stop()
    check("the socket goes with it", not door.exists())


if __name__ == "__main__":
    sys.exit(run(reach, half_sent, told))
