#!/usr/bin/env python3
"""The client libraries of LLM services, unmodified, through `ratls egress` to an attested model.

usage: tests/clients/llm_clients.py BUILD_FOLDER     exit code 4: skipped, npm's packages are not to be had
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from agent_world import BUILD, SECRET, Process, World, check, ratls, run  # noqa: E402

PACKAGES = BUILD / "tests" / "clients" / "packages"
WORDS = "one two three four five six".split()


def install() -> str:
    """Why not, or nothing."""
    if shutil.which("npm") is None:
        return "npm is not installed"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False).stdout
    if int(version.lstrip("v").split(".")[0] or 0) < 20:
        return f"node {version.strip()} is older than 20"
    PACKAGES.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json", ".npmrc", "clients.mjs"):
        shutil.copy(HERE / name, PACKAGES / name)
    lock = (HERE / "package-lock.json").read_bytes()
    done = PACKAGES / "installed"
    if done.exists() and done.read_bytes() == lock:
        return ""
    got = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=PACKAGES,
                         capture_output=True, text=True, timeout=300, check=False)
    if got.returncode != 0:
        return "npm ci: " + (got.stderr.strip().splitlines() or ["failed"])[-1]
    done.write_bytes(lock)
    return ""


def client(name: str, way: Process, **more: str) -> dict:
    """As `ratls run` sets it, but for the network."""
    root = f"http://{way.where}"
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "OPENAI_BASE_URL": root + "/v1",
                   "OPENAI_API_BASE": root + "/v1", "ANTHROPIC_BASE_URL": root,
                   "OPENAI_API_KEY": "ratls-holds-the-key", "ANTHROPIC_API_KEY": "ratls-holds-the-key",
                   "NO_PROXY": "127.0.0.1,localhost", **more}
    done = subprocess.run(["node", PACKAGES / "clients.mjs", name], env=environment, text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        return {"failed": done.stderr[-2000:]}
    return json.loads(done.stdout.splitlines()[-1])


def clients(world: World) -> None:
    tools = Process("node", PACKAGES / "clients.mjs", "mcp-server")
    front = world.front(tools.where)
    config = world.upstream()
    config["upstreams"].append({"name": "tools", "prefix": "/mcp", "connect": front.where,
                                "attested_by": "llm.json", "show_evidence": True})
    way = world.egress(egress=config)
    for name in ("openai", "langchain", "ai", "anthropic"):
        got = client(name, way)
        check(f"{name}: an answer and a stream, unmodified",
              got.get("text") == "hello from the model" and got["words"] == WORDS, got)
    got = client("mcp", way, MCP_URL=f"http://{way.where}/mcp")
    check("mcp: a tool behind its own upstream, with its session header",
          got.get("text") == "QUIET" and got["tools"] == ["shout"] and got["session"], got)
    got = subprocess.run(["curl", "-sS", f"http://{way.where}/v1/models"], check=False,
                         capture_output=True, text=True)
    check("curl: an answer", '"mock"' in got.stdout, got)
    check("every request was attested", "UNATTESTED" not in way.log(), way.log())
    for each in (way, front, tools):
        each.stop()


def refused(world: World) -> None:
    way = world.egress(egress=world.upstream(attested_by="others.json"))
    for number, name in enumerate(("openai", "anthropic", "langchain", "ai", "large"), 1):
        got = client("refused-" + name, way)
        error = got.get("error") or {}
        check(f"{name}: a refused upstream costs one request, and its user reads why",
              error.get("status") == 403 and "measurement" in error["message"]
              and way.await_line("POST llm 403", number)
              and way.log().count("POST llm 403") == number, (got, way.log()))
        check(f"{name}: the reason's code is in the exception", name not in ("openai", "large")
              or error.get("code") == "measurement_not_allowed", error)
    way.stop()


def replaced(world: World) -> None:
    """The model's machine is restarted, with a new key, between two requests."""
    way = world.egress()
    check("before the restart", client("openai", way).get("words") == WORDS)
    where = world.llm.where
    world.llm.stop()
    got = client("refused-openai", way)
    check("while it is away the error says that it may come back",
          (got.get("error") or {}).get("status") == 503, got)
    world.llm = world.serve(listen=where)
    check("after it the next request succeeds, judged anew, without a restart here",
          client("openai", way).get("words") == WORDS, way.log())
    way.stop()


def agent_of(world: World) -> dict:
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    return {**user, "env": {"PATH": os.environ["PATH"], "GO": str(world.folder / "go")}}


def closed(world: World) -> None:
    """Node's libraries read no proxy variable: what they try to reach by themselves they do not reach."""
    config = world.guest(agent=agent_of(world), egress={**world.upstream(), "tunnels": [
        {"host": "api.search.example", "port": 443}]})
    done = ratls("run", "--config", config, "--", "node", PACKAGES / "clients.mjs", "outside")
    got = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
    reasons = ("EAI_AGAIN", "ENETUNREACH", "ENOTFOUND", "ECONNREFUSED")
    check("a client that was told another address, past any proxy, fails closed", got
          and got["error"] and got["error"].get("status") is None
          and any(each in got["fetch"] for each in reasons), (got, done.stderr))
    check("and none of it passed the egress", "egress: GET" not in done.stderr, done.stderr)


def changes(world: World) -> None:
    """What happens under one client that runs: a new key, another policy, another process upstream."""
    new = "sk-rotated-9876543210"
    policy = world.folder / "mine.json"

    def rotate() -> None:
        world.put(new)

    def forbid() -> None:
        shutil.copy(world.folder / "others.json", policy)

    def restart() -> None:
        where = world.llm.where
        world.llm.process.kill()
        world.llm.process.wait()
        world.llm = world.serve(listen=where)

    for name, act, reload, after in [
        ("a key that was rotated at the broker", rotate, True, "Bearer " + new),
        ("a policy that no longer accepts the upstream", forbid, True, "measurement_not_allowed"),
        ("an upstream that was restarted with a new key", restart, False, "Bearer " + SECRET),
    ]:
        shutil.copy(world.folder / "llm.json", policy)
        (world.folder / "go").unlink(missing_ok=True)
        config = world.guest(agent=agent_of(world), egress=world.upstream(attested_by="mine.json"))
        program = Process(BUILD / "cli/ratls", "run", "--config", config, "--", "node",
                          PACKAGES / "clients.mjs", "twice")
        act()
        said = program.reload() if reload else ""
        (world.folder / "go").touch()
        code = program.process.wait(30)
        program.await_line('{"before"')
        got = json.loads([line for line in program.lines if line.startswith("{")][-1])
        check(f"openai: {name}, under a client that runs", code == 0 and "REFUSED" not in said
              and (got["before"], got["after"]) == ("Bearer " + SECRET, after), program.log())
        world.put(SECRET)


def main() -> int:
    if reason := install():
        print("skipped:", reason)
        return 4
    return run(clients, refused, replaced, closed, changes)


if __name__ == "__main__":
    sys.exit(main())
