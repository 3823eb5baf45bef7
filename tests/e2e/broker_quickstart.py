#!/usr/bin/env python3
"""The quick start of docs/broker.md, as it stands there, from an empty folder.

usage: tests/e2e/broker_quickstart.py BUILD_FOLDER
"""

import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def commands() -> str:
    text = (ROOT / "docs" / "broker.md").read_text(encoding="utf-8")
    part = text.split("## Quick start")[1].split("\n## ")[0]
    return "\n".join(line[4:] for line in part.splitlines() if line.startswith("    "))


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return str(listener.getsockname()[1])


def main() -> int:
    tool = pathlib.Path(sys.argv[1]).resolve() / "cli"
    # Its ports may be taken here; nothing else is changed.
    script = commands().replace("8443", free_port()).replace("9464", free_port())
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["bash", "-eu", "-o", "pipefail", "-c", script], cwd=folder, text=True,
                              env={**os.environ, "PATH": f"{tool}:{os.environ['PATH']}"},
                              capture_output=True, timeout=100, check=False)
    wanted = ["OK\n", "\n\nsk-not-a-real-key", 'releases_total{result="released"} 1',
              "unbroken, 3 lines, 1 releases"]
    missing = [text for text in wanted if not re.search(re.escape(text), done.stdout)]
    if done.returncode != 0 or missing:
        print(script, done.stdout, done.stderr, "missing:", missing, done.returncode, sep="\n")
        return 1
    print("the quick start of docs/broker.md ends in a released secret")
    return 0


if __name__ == "__main__":
    sys.exit(main())
