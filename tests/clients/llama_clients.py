#!/usr/bin/env python3
"""A real model server (llama-server) behind `ratls serve`, and unmodified clients inside `ratls run`.

usage: tests/clients/llama_clients.py BUILD_FOLDER     exit code 4: skipped, something cannot be had here

The server demands the key that only the broker releases; its model is llama's shape with random weights.
"""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from agent_world import BUILD, SECRET, Process, World, check, no_cell, ratls, run  # noqa: E402
from llm_clients import PACKAGES, install  # noqa: E402

SERVER = HERE / "llama_server"


def status(url: str, **headers: str) -> int:
    try:
        return urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20).status
    except urllib.error.HTTPError as error:
        return error.code


def start_model(folder: pathlib.Path) -> Process:
    file = folder / "tiny.gguf"
    subprocess.run([sys.executable, HERE / "tiny_model.py", file], check=True)
    keys = folder / "keys"
    keys.write_text(SECRET + "\n")
    model = Process(SERVER, "--model", file, "--alias", "mock", "--host", "127.0.0.1", "--port", 0,
                    "--ctx-size", 2048, "--threads", 1, "--predict", 48, "--api-key-file", keys,
                    ready=r"listening on http://(\S+)")
    end = time.monotonic() + 60
    while status(f"http://{model.where}/health") != 200 and time.monotonic() < end:
        time.sleep(0.1)
    return model


def real_server(world: World) -> None:
    model = start_model(world.folder)
    check("the model's server wants the key", status(f"http://{model.where}/v1/models") == 401
          or status(f"http://{model.where}/props") == 401, model.log())
    front = world.front(model.where)
    agent = {**({"user": "nobody"} if os.geteuid() == 0 else {}), "env": {"PATH": os.environ["PATH"]}}
    key = "${LLM_API_KEY}"
    upstreams = [{"name": "llama", "prefix": "/", "connect": front.where, "attested_by": "llm.json",
                  "show_evidence": True, "inject": {"authorization": "Bearer " + key}},
                 {"name": "llama-anthropic", "prefix": "/v1/messages", "connect": front.where,
                  "attested_by": "llm.json", "show_evidence": True, "inject": {"x-api-key": key}}]
    for name in ("openai", "langchain", "ai", "anthropic"):
        config = world.guest(agent=agent)
        value = json.loads(config.read_text())
        value["egress"]["upstreams"] = upstreams
        config.write_text(json.dumps(value))
        done = ratls("run", "--config", config, "--", "node", PACKAGES / "clients.mjs", name)
        got = json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}
        check(f"{name}: an answer of a real model, and a stream of many tokens, inside ratls run",
              got.get("text") and len(got["words"]) > 3, (got, done.stderr[-3000:]))
        check(f"{name}: every answer was attested, and no key is in the log",
              " 200 attested" in done.stderr and "UNATTESTED" not in done.stderr
              and SECRET not in done.stdout + done.stderr, done.stderr)
    for each in (front, model):
        each.stop()


def main() -> int:
    reason = no_cell() or install()
    if not reason:
        fetched = subprocess.run([SERVER], capture_output=True, text=True, timeout=300, check=False)
        reason = "" if fetched.returncode == 0 else fetched.stderr.strip()
    if reason:
        print("skipped:", reason)
        return 4
    return run(real_server)


if __name__ == "__main__":
    sys.exit(main())
