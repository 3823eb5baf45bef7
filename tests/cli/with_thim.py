#!/usr/bin/env python3
"""Runs a command where Azure's metadata service answers: with_thim.py ANSWER COMMAND...

Call it in a network namespace of its own (unshare -rn). ANSWER is a file with the JSON, read at each
request. Ends with the command's exit code; 4 where the namespace cannot be set up.
"""

import http.server
import pathlib
import shutil
import subprocess
import sys
import threading

ADDRESS = "169.254.169.254"


class Thim(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        good = self.path == "/metadata/THIM/amd/certification" and self.headers["Metadata"] == "true"
        body = pathlib.Path(sys.argv[1]).read_bytes() if good else b"{}"
        self.send_response(200 if good else 400)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def main() -> int:
    for line in ("link set lo up", f"addr add {ADDRESS}/32 dev lo"):
        if shutil.which("ip") is None or subprocess.run(["ip", *line.split()], check=False).returncode != 0:
            return 4
    server = http.server.ThreadingHTTPServer((ADDRESS, 80), Thim)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return subprocess.run(sys.argv[2:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
