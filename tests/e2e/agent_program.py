"""An agent that knows nothing of ratls: standard library, environment variables, one LLM.

Prints one JSON object with what it saw.
"""

import json
import os
import pathlib
import re
import socket
import time
import urllib.error
import urllib.request


def post(path: str, value: object, **headers: str):
    request = urllib.request.Request(os.environ["OPENAI_BASE_URL"] + path, json.dumps(value).encode(),
                                     {"content-type": "application/json", **headers})
    try:
        return urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        return error


def stream() -> dict:
    began, first, words = time.time(), None, []
    with post("/chat/completions", {"stream": True, "messages": []}) as answer:
        for line in answer:
            if line.startswith(b"data: {"):
                first = first or time.time() - began
                words += [json.loads(line[6:])["word"]]
    return {"words": [word for word in words if word], "first": first, "all": time.time() - began}


def reach(address: tuple[str, int]) -> str:
    try:
        socket.create_connection(address, 3).close()
        return "connected"
    except OSError as error:
        return type(error).__name__ + ": " + str(error)


def memory_holds(pattern: bytes) -> bool:
    found = False
    for line in pathlib.Path("/proc/self/maps").read_text().splitlines():
        span, rights = line.split()[:2]
        if "r" not in rights or "[v" in line:
            continue
        low, high = (int(part, 16) for part in span.split("-"))
        try:
            with open("/proc/self/mem", "rb", 0) as memory:
                memory.seek(low)
                found = found or re.search(pattern, memory.read(high - low)) is not None
        except OSError:
            pass
    return found


def parent_environment() -> str:
    try:
        return pathlib.Path("/proc/%d/environ" % os.getppid()).read_text()[:20]
    except OSError as error:
        return type(error).__name__


def main() -> None:
    out = {"environment": dict(os.environ), "uid": os.getuid(), "gid": os.getgid(),
           "groups": os.getgroups(), "parent": parent_environment()}
    # A pattern, so that this program does not hold what it looks for.
    pattern = os.environ.get("CANARY_PATTERN", "").encode()
    if pattern:
        out["canary_before"] = memory_holds(pattern)
    with post("/echo", {}, authorization="Bearer " + os.environ["OPENAI_API_KEY"]) as answer:
        out["echo"] = {"status": answer.status, "headers": dict(answer.headers),
                       "body": json.loads(answer.read())}
    out["stream"] = stream()
    out["outside"] = reach(("192.0.2.1", 80))
    if "RATLS_TEST_OUTSIDE" in os.environ:
        host, port = os.environ["RATLS_TEST_OUTSIDE"].split(":")
        out["host_loopback"] = reach((host, int(port)))
    if pattern:
        out["canary_after"] = memory_holds(pattern)  # the model told it: the search can find it
    print(json.dumps(out), flush=True)


main()
