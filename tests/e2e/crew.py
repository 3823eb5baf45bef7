#!/usr/bin/env python3
"""examples/crewai, unmodified, in a guest: its key from a broker, its model attested.

usage: tests/e2e/crew.py BUILD_FOLDER

Where the package crewai is not installed, a stand-in of ours takes its place (stand_in/crewai).
"""

import json
import os
import subprocess
import sys

from agent_world import HERE, SECRET, World, check, no_cell, ratls, run

EXAMPLE = HERE.parents[1] / "examples" / "crewai"


def crew_is_installed() -> bool:
    return subprocess.run(["/usr/bin/env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", "python3", "-c",
                           "import crewai"], capture_output=True, check=False).returncode == 0


def deployed(world: World) -> None:
    shown = json.loads((EXAMPLE / "guest.json").read_text())
    env = dict(shown["agent"]["env"])
    if crew_is_installed():
        print("      crewai: the installed package")
        env["HOME"] = "/tmp"
    else:
        print("      crewai is not installed; tests/e2e/stand_in/crewai stands for it")
        env["PYTHONPATH"] = str(HERE / "stand_in")
    base = json.loads(world.guest().read_text())
    # What an operator would change of the example, and nothing else.
    shown["report_source"] = base["report_source"]
    shown["broker"] = base["broker"]
    shown["egress"]["listen"] = base["egress"]["listen"]
    shown["egress"]["upstreams"][0].update(connect=world.llm.where, attested_by="llm.json")
    shown["agent"] = {**shown["agent"], **base["agent"], "env": env}
    if os.geteuid() != 0:
        shown["agent"].pop("user")
    path = world.folder / "crew.json"
    path.write_text(json.dumps(shown))
    done = ratls("run", "--config", path, "--", "python3", EXAMPLE / "crew.py")
    check("the crew's script, unchanged, ends well", done.returncode == 0, done)
    check("it prints what the model said", "hello from the model" in done.stdout, done)
    check("each agent's request was attested", done.stderr.count("POST llm 200 attested") >= 2
          and "UNATTESTED" not in done.stderr, done.stderr)
    check("the key is in nothing that it printed", SECRET not in done.stdout + done.stderr)


def script_is_plain(_: World) -> None:
    text = (EXAMPLE / "crew.py").read_text()
    check("the script names neither ratls nor an address",
          not any(word in text for word in ("ratls", "127.0.0.1", "http://", "base_url")))


def shown_config_is_read(world: World) -> None:
    """The example's guest.json as it stands: good up to the pin that its reader replaces."""
    done = ratls("run", "--config", EXAMPLE / "guest.json", "--source", f"sim:{world.sim}", "--", "true")
    check("the example's guest.json is well-formed; only what is to be replaced is refused",
          done.returncode == 125 and ("pin" in done.stderr or "agent" in done.stderr)
          and "line" not in done.stderr, done)


if __name__ == "__main__":
    if reason := no_cell():
        print("skipped, as this machine allows no network namespaces:", reason)
        sys.exit(4)
    sys.exit(run(deployed, script_is_plain, shown_config_is_read))
