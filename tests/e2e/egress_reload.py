#!/usr/bin/env python3
"""SIGHUP of ratls egress and ratls run: a rotated key, another policy, an upstream that comes back.

usage: tests/e2e/egress_reload.py BUILD_FOLDER
"""

import http.client
import json
import os
import pathlib
import shutil
import socket
import sys
import time

from agent_world import BUILD, SECRET, Process, World, check, no_cell, run

NEW = "sk-rotated-9876543210"


def key_of(client: http.client.HTTPConnection) -> str:
    """What the model is shown; or why there was no answer."""
    client.request("POST", "/v1/echo", b"{}")
    answer = client.getresponse()
    got = json.loads(answer.read())
    return got["headers"]["authorization"] if answer.status == 200 else got["error"]["code"]


def connect(where: str) -> http.client.HTTPConnection:
    host, port = where.split(":")
    return http.client.HTTPConnection(host, int(port), timeout=30)


def key_rotation(world: World) -> None:
    way = world.egress()
    client = connect(way.where)
    check("before: the first key", key_of(client) == "Bearer " + SECRET)
    world.put(NEW)
    check("a new key at the broker changes nothing by itself", key_of(client) == "Bearer " + SECRET)
    said = way.reload()
    check("SIGHUP: the next request has the new key", "are new" in said
          and key_of(client) == "Bearer " + NEW, way.log())
    check("neither key is in the log", NEW not in way.log() and SECRET not in way.log())
    world.put(SECRET)
    for _ in range(5):
        way.process.send_signal(1)
    client.close()
    check("many at once end in the newest", way.await_line("are new", 2)
          and settles(way, "Bearer " + SECRET), way.log())
    way.stop()


def settles(way: Process, wanted: str) -> bool:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if key_of(connect(way.where)) == wanted:
            return True
        time.sleep(0.1)
    return False


def policy_change(world: World) -> None:
    policy = world.folder / "mine.json"
    shutil.copy(world.folder / "llm.json", policy)
    way = world.egress(egress=world.upstream(attested_by="mine.json"))
    client = connect(way.where)
    check("before: accepted", key_of(client) == "Bearer " + SECRET)
    upgraded = socket.create_connection(client.sock.getpeername(), 30)
    upgraded.sendall(b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\n")
    check("a WebSocket is open", b" 101 " in upgraded.recv(4096))
    stream = connect(way.where)
    stream.request("POST", "/v1/chat/completions", b'{"stream": true, "pause": 0.4}')
    answer = stream.getresponse()
    shutil.copy(world.folder / "others.json", policy)
    check("a policy file that changed changes nothing by itself", key_of(client) == "Bearer " + SECRET)
    said = way.reload()
    check("SIGHUP: the channel that waits is not used any more, and the upstream is refused",
          "are new" in said and key_of(client) == "measurement_not_allowed", way.log())
    check("an answer that was under way ends whole", b"[DONE]" in answer.read())
    upgraded.settimeout(20)
    check("what was upgraded under the old policy is cut", upgraded.recv(4096) == b"", way.log())
    upgraded.close()
    for name, text, hint in [("is broken", "{", "mine.json"), ("is gone", None, "mine.json")]:
        policy.unlink()
        if text is not None:
            policy.write_text(text)
        said = way.reload()
        check(f"a policy that {name} is refused, and the one in force stays",
              "REFUSED" in said and hint in said and key_of(connect(way.where)) == "measurement_not_allowed",
              way.log())
    shutil.copy(world.folder / "llm.json", policy)
    check("the old policy again: accepted again", "are new" in way.reload()
          and key_of(connect(way.where)) == "Bearer " + SECRET, way.log())
    way.stop()


def refused_reloads(world: World) -> None:
    path = world.folder / "guest.json"
    way = world.egress()
    good = path.read_text()

    def changed(**parts) -> str:
        return json.dumps({**json.loads(good), **parts})

    for name, act, hint in [
        ("a host that says more than an address", lambda: world.say(world.broker.where, ',"policy":"x"'),
         'the key "policy" is refused'),
        ("a host that names another broker", lambda: world.say(world.llm.where), "pin_mismatch"),
        ("a typo in guest.json", lambda: path.write_text(changed(agnet={})), "agnet"),
        ("another user for a program that runs", lambda: path.write_text(
            changed(agent={"user": "daemon", "env": {"A": "b"}})), "agent cannot change"),
        ("another listener", lambda: path.write_text(changed(egress={
            **json.loads(good)["egress"], "listen": "127.0.0.1:1"})), "egress.listen cannot change"),
        ("a secret that the broker does not have", lambda: path.write_text(changed(secrets=[
            {"uri": "kbs:///agents/llm/other", "as": "LLM_API_KEY"}])), "unknown_resource"),
    ]:
        act()
        said = way.reload()
        check(f"reload refused: {name}; what was in force stays", "REFUSED" in said and hint in said
              and key_of(connect(way.where)) == "Bearer " + SECRET, said)
        world.say(world.broker.where)
        path.write_text(good)
    path.write_text(changed(egress={**json.loads(good)["egress"], "upstreams": [
        {**json.loads(good)["egress"]["upstreams"][0], "prefix": "/moved"}]}))
    said = way.reload()
    check("upstreams are read anew, too", key_of(connect(way.where)) == "unknown_resource", said)
    way.stop()


def upstream_restarts(world: World) -> None:
    way = world.egress()
    client = connect(way.where)
    check("before the restart", key_of(client) == "Bearer " + SECRET)
    where = world.llm.where
    world.llm.process.kill()
    world.llm.process.wait()
    check("while it is away: 503, by its name", key_of(connect(way.where)) == "connection_failed")
    world.llm = world.serve(listen=where)
    check("after it the next request succeeds, judged anew", key_of(connect(way.where)) ==
          "Bearer " + SECRET, way.log())
    way.stop()


def in_a_run(world: World) -> None:
    if reason := no_cell():
        print("skip  run: no network namespaces here:", reason)
        return
    runtime = pathlib.Path("/dev/shm") / (world.folder.name + "-run")
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    marks = world.folder / "marks"
    marks.mkdir()
    marks.chmod(0o777)
    config = world.guest(agent={**user, "runtime": str(runtime), "env": {"MARKS": str(marks)}}, secrets=[
        {"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY"},
        {"uri": "kbs:///agents/llm/api-key", "as": "FILE_KEY", "give_to": "file"}])
    program = Process(BUILD / "cli/ratls", "run", "--config", config, "--", "python3", "-u", "-c", """
import json, os, time, urllib.request
def see():
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + "/echo", b"{}")
    echo = json.load(urllib.request.urlopen(request, timeout=30))
    print("model", echo["headers"]["authorization"], "file", open(os.environ["FILE_KEY_FILE"]).read())
see()
print("listening on nothing,")
while not os.path.exists(os.environ["MARKS"] + "/go"):
    time.sleep(0.05)
see()
""")
    check("run: the program's file and the model have the first key",
          f"model Bearer {SECRET} file {SECRET}" in program.log(), program.log())
    world.put(NEW)
    said = program.reload()
    (marks / "go").touch()
    check("run: SIGHUP renews file and header, and does not reach the program", "are new" in said
          and program.process.wait(30) == 0
          and program.await_line(f"model Bearer {NEW} file {NEW}"), program.log())
    world.put(SECRET)
    check("run: no file is left", not list(runtime.glob("*")))
    runtime.rmdir()


if __name__ == "__main__":
    sys.exit(run(key_rotation, policy_change, refused_reloads, upstream_restarts, in_a_run))
