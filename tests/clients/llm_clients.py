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

from agent_world import BUILD, Process, World, check, run  # noqa: E402

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


def client(name: str, port: int, **more: str) -> dict:
    """As `ratls run` sets it, but for the network."""
    root = f"http://127.0.0.1:{port}"
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "OPENAI_BASE_URL": root + "/v1",
                   "OPENAI_API_BASE": root + "/v1", "ANTHROPIC_BASE_URL": root,
                   "OPENAI_API_KEY": "ratls-holds-the-key", "ANTHROPIC_API_KEY": "ratls-holds-the-key",
                   "NO_PROXY": "127.0.0.1,localhost", **more}
    done = subprocess.run(["node", PACKAGES / "clients.mjs", name], env=environment, text=True,
                          capture_output=True, timeout=60, check=False)
    if done.returncode != 0:
        return {"failed": done.stderr[-2000:]}
    return json.loads(done.stdout.splitlines()[-1])


def egress(world: World, **changes) -> Process:
    config = json.loads(world.guest(**changes).read_text())
    config["egress"]["listen"] = f"127.0.0.1:{world.port}"
    path = world.folder / "guest.json"
    path.write_text(json.dumps(config))
    return Process(BUILD / "cli/ratls", "egress", "--config", path, ready=r"egress on (\S+)")


def clients(world: World) -> None:
    tools = Process("node", PACKAGES / "clients.mjs", "mcp-server")
    front = world.front(tools.where)
    config = world.upstream()
    config["upstreams"].append({"name": "tools", "prefix": "/mcp", "connect": front.where,
                                "attested_by": "llm.json", "show_evidence": True})
    way = egress(world, egress=config)
    for name in ("openai", "langchain", "ai", "anthropic"):
        got = client(name, world.port)
        check(f"{name}: an answer and a stream, unmodified",
              got.get("text") == "hello from the model" and got["words"] == WORDS, got)
    got = client("mcp", world.port, MCP_URL=f"http://127.0.0.1:{world.port}/mcp")
    check("mcp: a tool behind its own upstream, with its session header",
          got.get("text") == "QUIET" and got["tools"] == ["shout"] and got["session"], got)
    got = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{world.port}/v1/models"], check=False,
                         capture_output=True, text=True)
    check("curl: an answer", '"mock"' in got.stdout, got)
    check("every request was attested", "UNATTESTED" not in way.log(), way.log())
    for each in (way, front, tools):
        each.stop()


def refused(world: World) -> None:
    way = egress(world, egress=world.upstream(attested_by="others.json"))
    got = client("refused", world.port)
    error = got.get("error") or {}
    check("a refused upstream costs the client one request, and its user reads why",
          error.get("status") == 502 and error["code"] == "measurement_not_allowed"
          and "measurement" in error["message"] and way.log().count("POST llm 502") == 1,
          (got, way.log()))
    way.stop()


def replaced(world: World) -> None:
    """The model's machine is restarted, with a new key, between two requests."""
    way = egress(world)
    check("before the restart", client("openai", world.port).get("words") == WORDS)
    where = world.llm.where
    world.llm.stop()
    got = client("refused", world.port)
    check("while it is away the error says that it may come back",
          (got.get("error") or {}).get("status") == 503, got)
    world.llm = world.serve(listen=where)
    check("after it the next request succeeds, judged anew, without a restart here",
          client("openai", world.port).get("words") == WORDS, way.log())
    way.stop()


def main() -> int:
    if reason := install():
        print("skipped:", reason)
        return 4
    return run(clients, refused, replaced)


if __name__ == "__main__":
    sys.exit(main())
