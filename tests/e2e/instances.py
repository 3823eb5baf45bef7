#!/usr/bin/env python3
"""A guest with a key of its own, made by the commands of docs/policy.md, and policies that ask for it.

usage: tests/e2e/instances.py BUILD_FOLDER
Exit codes: 0 passed, 1 failed, 4 skipped (no openssl).
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import tunnels
from tunnels import Backend, Process, check, ratls

KEY = "kbs:///agents/llm/api-key"
ROOT = pathlib.Path(__file__).resolve().parents[2]


def make_keys(folder: pathlib.Path) -> str:
    """What the page says, as it stands; what it prints last is the issuer."""
    section = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8").split("### One instance")[1]
    commands = re.search(r"```\n(openssl .*?)```", section, re.S).group(1)
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, text=True,
                          capture_output=True, timeout=60, check=False)
    check("the commands of the page run in an empty folder", done.returncode == 0, done)
    return done.stdout.strip().splitlines()[-1]


def demanding(folder: pathlib.Path, name: str, keys: dict) -> str:
    policy = json.loads((folder / "policy.json").read_text())
    policy["accept"][0]["instance_keys"] = keys
    (folder / name).write_text(json.dumps(policy))
    return str(folder / name)


def pin_of(folder: pathlib.Path) -> str:
    der = subprocess.run(["openssl", "pkey", "-in", "instance.key", "-pubout", "-outform", "der"], cwd=folder,
                         capture_output=True, check=True).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-binary"], input=der, capture_output=True, check=True)
    return "sha256//" + subprocess.run(["base64", "-w0"], input=digest.stdout, capture_output=True,
                                       check=True).stdout.decode()


def serve(folder: pathlib.Path, policy: str, backend: Backend) -> Process:
    return Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, "--identity",
                   str(folder / "server.pem"), "--policy", policy, "--verdict")


def run(folder: pathlib.Path) -> None:
    simulator, backend = str(folder / "sim"), Backend()
    ratls("sim", "init", simulator)
    ratls("sim", "policy", simulator, "--out", str(folder / "policy.json"))
    issuer = make_keys(folder)
    guest = ["--source", "sim:" + simulator]
    mine = [*guest, "--instance", str(folder / "instance.pem")]

    for way, keys in (("issued", {"issuers": [issuer]}), ("pinned", {"pins": [pin_of(folder)]})):
        server = serve(folder, demanding(folder, way + ".json", keys), backend)
        done = ratls("connect", server.where, "--pin", server.pin, *mine, text="hello")
        check(f"a guest whose key is {way} is accepted", done.stdout == "hello" and done.returncode == 0, done)
        done = ratls("connect", server.where, "--pin", server.pin, *guest, text="hello")
        check(f"a guest without a key is refused where one is {way}", done.returncode == 77
              and "instance_key_missing" in done.stderr and done.stdout == "", done)
        server.stop()
        check("the server's verdict names the check", "ok    instance key" in server.log()
              and "FAIL  instance key" in server.log(), server.log())

    releases_to_an_instance(folder, guest)

    # Mutual: who is verified by a guest is told by whose clock.
    attested = Process("serve", "--listen", "127.0.0.1:0", "--to", backend.where, *mine, "--policy",
                       str(folder / "issued.json"), "--verdict")
    done = ratls("connect", attested.where, "--policy", str(folder / "issued.json"), *mine, text="hello")
    check("two guests with keys of their own accept each other", done.stdout == "hello", done)
    attested.stop()
    check("and a guest's verdict says that its host sets its clock", "which its host sets" in attested.log(),
          attested.log())

    done = ratls("connect", "127.0.0.1:1", "--pin", server.pin, "--instance", str(folder / "instance.pem"))
    check("--instance without --source is a mistake", done.returncode == 64 and "--source" in done.stderr, done)
    done = ratls("connect", "127.0.0.1:1", "--pin", server.pin, *guest, "--instance", str(folder / "ca.key"))
    check("a file that is no key and certificate is said by its name", done.returncode == 78
          and "ca.key" in done.stderr, done)


def releases_to_an_instance(folder: pathlib.Path, guest: list[str]) -> None:
    """A broker that releases to one instance, which says in guest.json whose key it has."""
    (folder / "broker.json").write_text(json.dumps({
        "listen": "127.0.0.1:0", "identity": "broker.pem", "policies": [{"file": "issued.json"}],
        "secrets": {"store": "secrets.db", "key": "store.key"}, "audit": "audit.log",
        "release": {KEY: {"accept": ["simulated/simulated-guest"], "per_guest": None}}}))
    ratls("secret", "keygen", "--out", str(folder / "store.key"))
    ratls("secret", "put", KEY, "--config", str(folder / "broker.json"), text="sk-for-one")
    broker = subprocess.Popen([tunnels.TOOL, "broker", "serve", "--config", str(folder / "broker.json")],
                              stderr=subprocess.PIPE, text=True)
    serving = next(json.loads(line) for line in broker.stderr if "broker.serving" in line)
    config = {"instance": "instance.pem", "secrets": [{"uri": KEY, "as": "KEY", "give_to": "env"}],
              "agent": {"net": "open", "user": "nobody"},
              "broker": {"pin": serving["pin"], "address": serving["listen"]}}
    for name in ("with", "without"):
        (folder / f"{name}.json").write_text(json.dumps(config))
        done = ratls("run", "--config", str(folder / f"{name}.json"), *guest, "--", "/usr/bin/env")
        if name == "with":
            check("a guest whose guest.json names its key is given the secret", done.returncode == 0
                  and "KEY=sk-for-one" in done.stdout, done)
            del config["instance"]
        else:
            check("and the same guest without it is given nothing", done.returncode == 125
                  and "instance_key_missing" in done.stderr and "sk-for-one" not in done.stdout, done)
    broker.terminate()
    broker.wait(20)


def main() -> int:
    if shutil.which("openssl") is None:
        print("skipped: openssl is not installed")
        return 4
    tunnels.TOOL = str(pathlib.Path(sys.argv[1]).resolve() / "cli" / "ratls")
    with tempfile.TemporaryDirectory(prefix="ratls-instances-") as name:
        run(pathlib.Path(name))
    return 1 if tunnels.FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
