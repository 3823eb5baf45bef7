#!/usr/bin/env python3
"""ratls run as people run it: broker, model, hostile host, unchanged program.

usage: tests/e2e/agent.py BUILD_FOLDER
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys

from agent_world import BUILD, HERE, SECRET, World, check, no_cell, ratls, run


def unchanged_program(world: World) -> None:
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    config = world.guest(agent={**user, "env": {
        "CANARY_PATTERN": "s[k]-canar[y]-0123", "RATLS_TEST_OUTSIDE": world.model.where,
        "OPENAI_BASE_URL": "http://attacker.example/v1"}})
    host = {**os.environ, "OPENAI_BASE_URL": "http://attacker.example", "LD_DEBUG": "help",
            "RATLS_POLICY": "none", "HTTPS_PROXY": "http://attacker.example:1"}
    host.pop("LD_DEBUG")
    done = ratls("run", "--config", config, "--", "python3", HERE / "agent_program.py", env=host)
    check("run returns the program's own code", done.returncode == 0, done)
    seen = json.loads(done.stdout)
    env, echo = seen["environment"], seen["echo"]
    base = f"http://127.0.0.1:{world.port}"
    check("both names of the base URL are the egress, whatever host and image say",
          env["OPENAI_BASE_URL"] == env["OPENAI_API_BASE"] == base + "/v1"
          and env["ANTHROPIC_BASE_URL"] == base, env)
    check("nothing is inherited from the host",
          "RATLS_POLICY" not in env and "HTTPS_PROXY" not in env, env)
    check("telemetry is off", env["CREWAI_DISABLE_TELEMETRY"] == env["OTEL_SDK_DISABLED"] == "true")
    check("the program holds a placeholder under the secret's name",
          env["LLM_API_KEY"] == env["OPENAI_API_KEY"] == "ratls-holds-the-key", env)
    check("the model gets the real key, once, and no placeholder",
          echo["body"]["headers"]["authorization"] == "Bearer " + SECRET, echo)
    check("an attested answer says so, and a forged header is replaced",
          echo["headers"]["x-ratls-attested"] == "true"
          and re.fullmatch("[0-9a-f]{96}", echo["headers"]["x-ratls-measurement"]), echo)
    check("the program's memory does not hold the key, until a model tells it",
          (seen["canary_before"], seen["canary_after"]) == (False, True), seen)
    check("tokens come one by one", seen["stream"]["words"][-1] == "six"
          and seen["stream"]["first"] < seen["stream"]["all"] - 0.2, seen["stream"])
    check("the program has no network", "unreachable" in seen["outside"], seen["outside"])
    check("not even the machine's own loopback", "refused" in seen["host_loopback"], seen)
    if os.geteuid() == 0:
        check("the program runs without rights", seen["uid"] != 0 and seen["groups"] == [], seen)
    check("and cannot look into the process that holds the key",
          seen["parent"] == "PermissionError", seen["parent"])
    check("the log shows release and requests", "released: kbs:///agents/llm/api-key" in done.stderr
          and "POST llm 200 attested" in done.stderr, done.stderr)
    check("no secret is in the log", SECRET not in done.stderr)


def exit_codes(world: World) -> None:
    config = world.guest()
    for name, code, command in [("its own", 3, ["sh", "-c", "exit 3"]),
                                ("a signal's", 128 + 9, ["sh", "-c", "kill -9 $$"]),
                                ("127 where there is none", 127, ["/no/such/program"]),
                                ("126 where it is no program", 126, ["/etc/passwd"])]:
        done = ratls("run", "-q", "--config", config, "--", *command)
        check(f"exit code: {name}", done.returncode == code
              and ("exec_failed" in done.stderr) == (code in (126, 127)), done)
    world.say(world.broker.where, ', "policy": "none"')
    done = ratls("run", "--config", config, "--", "true")
    check("a host that says more than an address is refused, by name, before anything starts",
          done.returncode == 125 and '"policy"' in done.stderr, done)
    world.say(world.llm.where)
    done = ratls("run", "--config", config, "--", "true")
    check("a host that names another broker gets nothing", done.returncode == 125
          and "pin_mismatch" in done.stderr, done)
    world.say(world.broker.where)
    done = ratls("run", "--config", config, "--sim-measurement", "8" * 96, "--", "true")
    check("a guest that the broker refuses does not start its program", done.returncode == 125
          and "measurement_not_allowed" in done.stderr, done)


def isolation(world: World) -> None:
    # A user namespace in which no network namespace may be made.
    script = 'echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"'
    config = world.guest(agent={"user": "nobody"})  # whoever runs this is root in there
    command = [BUILD / "cli/ratls", "run", "--config", config, "--", "true"]
    done = subprocess.run(["unshare", "-Ur", "sh", "-c", script, "sh", *map(str, command)],
                          capture_output=True, text=True, timeout=30, check=False)
    if "unshare: " in done.stderr or "sh: " in done.stderr:
        print("skip  no user namespaces here:", done.stderr.strip())
        return
    check("without a network of its own the program does not start, and the fix is named",
          done.returncode == 125 and "isolation_failed" in done.stderr
          and '"net": "open"' in done.stderr and "released" not in done.stderr, done)


def without_root(world: World) -> None:
    """The same from an ordinary user, in a user namespace of its own."""
    if b"__tsan_init" in (BUILD / "cli/ratls").read_bytes():
        print("skip  ThreadSanitizer's own thread keeps its process out of a new user namespace")
        return
    nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}
    probe = subprocess.run(["unshare", "-Urn", "true"], capture_output=True, text=True, check=False, **nobody)
    if probe.returncode != 0:
        print("skip  no user namespaces for ordinary users here:", probe.stderr.strip())
        return
    source = world.folder / "sim-of-its-own"
    subprocess.run(["cp", "-R", world.sim, source], check=True)
    if nobody:
        subprocess.run(["chown", "-R", "65534:65534", source], check=True)
    config = world.guest(agent={}, report_source=f"sim:{source}")
    done = ratls("run", "--config", config, "--", "python3", HERE / "agent_program.py", **nobody)
    seen = json.loads(done.stdout) if done.returncode == 0 else {}
    check("an ordinary user's program runs, reaches its model and nothing else", seen
          and seen["echo"]["body"]["headers"]["authorization"] == "Bearer " + SECRET
          and "unreachable" in seen["outside"] and seen["parent"] == "PermissionError", done)


def signals(world: World) -> None:
    child = subprocess.Popen([str(BUILD / "cli/ratls"), "run", "-q", "--config", str(world.guest()),
                              "--", "sh", "-c", "trap 'exit 7' TERM; echo up; while :; do sleep 0.1; done"],
                             stdout=subprocess.PIPE, text=True)
    child.stdout.readline()
    child.send_signal(signal.SIGTERM)
    check("a signal reaches the program, and its code comes back", child.wait(10) == 7)


def give_to(world: World) -> None:
    runtime = pathlib.Path("/dev/shm") / world.folder.name
    base = json.loads(world.guest().read_text())["agent"]
    for kind, script in [("env", "printf %s \"$LLM_API_KEY\""), ("file", "cat $LLM_API_KEY_FILE"),
                         ("credential", "cat $CREDENTIALS_DIRECTORY/LLM_API_KEY")]:
        config = world.guest(egress=..., agent={**base, "runtime": str(runtime)}, secrets=[
            {"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY", "give_to": kind}])
        done = ratls("run", "-q", "--config", config, "--", "sh", "-c", script)
        check(f"give_to {kind}: the program gets the secret", done.stdout == SECRET, done)
    check("and no file is left", not list(runtime.glob("*")))
    runtime.rmdir()
    config = world.guest(egress=..., agent={**base, "runtime": str(world.folder / "disk")}, secrets=[
        {"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY", "give_to": "file"}])
    done = ratls("run", "-q", "--config", config, "--", "true")
    check("a secret is never written to a disk", done.returncode == 125
          and "not in memory" in done.stderr, done)


def wrong_configs(world: World) -> None:
    good = json.loads(world.guest().read_text())
    upstream = good["egress"]["upstreams"][0]

    def with_upstream(**changes) -> dict:
        new = {k: v for k, v in {**upstream, **changes}.items() if v is not ...}
        return {**good, "egress": {**good["egress"], "upstreams": [new]}}

    for name, value, hint in [
        ("a typo", {**good, "agnet": {}}, "agnet"),
        ("no broker", {k: v for k, v in good.items() if k != "broker"}, "broker"),
        ("a broker that nothing identifies", {**good, "broker": {"address": "a:1"}}, "exactly one"),
        ("an upstream that nothing attests",
         with_upstream(attested_by=..., pin=world.pin), "unattested"),
        ("a key for an upstream that is no secret",
         with_upstream(inject={"authorization": "Bearer ${OTHER}"}), "OTHER"),
        ("a listener for everybody",
         {**good, "egress": {**good["egress"], "listen": "0.0.0.0:1"}}, "127.0.0.1, ::1"),
        ("a variable that changes programs",
         {**good, "secrets": [{**good["secrets"][0], "as": "LD_PRELOAD"}]}, "LD_PRELOAD"),
    ]:
        path = world.folder / "wrong.json"
        path.write_text(json.dumps(value))
        done = ratls("run", "--config", path, "--", "true")
        check(f"refused: {name}, with its place", done.returncode == 125 and "line 1" in done.stderr
              and hint in done.stderr and len(done.stderr.strip().splitlines()) == 1, done)
    if os.geteuid() == 0:
        done = ratls("run", "--config", world.guest(agent={}), "--", "true")
        check("root must say whose rights the program gets", done.returncode == 125
              and "agent.user" in done.stderr, done)


if __name__ == "__main__":
    if reason := no_cell():
        print("skipped, as this machine allows no network namespaces:", reason)
        sys.exit(4)
    sys.exit(run(unchanged_program, exit_codes, isolation, without_root, signals, give_to, wrong_configs))
