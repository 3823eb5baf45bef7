#!/usr/bin/env python3
"""Where a released secret is to be found in a guest, and where not: memory, dumps, logs, /proc, files.

usage: tests/e2e/agent_canary.py BUILD_FOLDER     exit code 4: skipped; it reads other processes' memory

Read as a debugger with all rights would read it. That the secret is found where it belongs is the
control of every search.
"""

import os
import pathlib
import re
import resource
import subprocess
import sys
import time

from agent_world import BUILD, SECRET, Process, World, check, no_cell, run

CANARY = SECRET.encode()
PROGRAM = """
import json, os, time, urllib.request
def ask(path, body):
    url = os.environ["OPENAI_BASE_URL"] + path
    return urllib.request.urlopen(urllib.request.Request(url, body), timeout=30).read()
if "OPENAI_BASE_URL" in os.environ:
    for _ in range(3):
        ask("/chat/completions", b"{}")
    ask("/chat/completions", b'{"stream": true}')
print("listening on nothing,", flush=True)
time.sleep(120)
"""


def mappings(pid: int) -> list[tuple[int, int, str, str]]:
    """Begin, end, name and the kernel's flags of all memory; pages that nobody may touch are read, too."""
    out: list[tuple[int, int, str, str]] = []
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \S+ *(.*)", line):
            begin, end, name = found.groups()
            current = int(begin, 16), int(end, 16), name or "anonymous"
        elif line.startswith("VmFlags:") and not current[2].startswith("[v"):  # the kernel's own pages
            out.append((*current, line[8:]))
    return out


def finds(pid: int) -> list[tuple[str, bool]]:
    """The mappings that hold the secret, and whether each is locked and left out of dumps."""
    out = []
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for begin, end, name, flags in mappings(pid):
            try:
                memory.seek(begin)
                held = CANARY in memory.read(end - begin)
            except OSError:
                continue  # a guard page
            if held:
                out.append((f"{begin:x} {name}{flags}", {"lo", "dd"} <= set(flags.split())))
    return out


def told_by_proc(pid: int) -> list[str]:
    names = ("environ", "cmdline", "comm", "status", "maps", "mountinfo")
    return [name for name in names if CANARY in pathlib.Path(f"/proc/{pid}/{name}").read_bytes()]


def files_with_it(*folders: pathlib.Path) -> list[str]:
    found = []
    for folder in folders:
        for path in folder.rglob("*"):
            try:
                if path.is_file() and not path.is_symlink() and CANARY in path.read_bytes():
                    found.append(str(path))
            except FileNotFoundError:
                continue  # another program's, gone by now
    return found


def child_of(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])


def start(world: World, **changes) -> Process:
    unlimited = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
    cores = world.folder / "cores"
    cores.mkdir(exist_ok=True)
    return Process(BUILD / "cli/ratls", "run", "--config", world.guest(**changes), "--", "python3", "-c",
                   PROGRAM, cwd=cores, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, unlimited))


def kept_by_egress(world: World) -> None:
    me = start(world)
    holder, program = me.process.pid, child_of(me.process.pid)
    held = finds(holder)
    check("the process that injects the key has it in locked memory that no dump contains (the control)",
          any(safe for _, safe in held), held)
    check("and nowhere else: not in its heap, its stacks or its TLS library's buffers",
          all(safe for _, safe in held), held)
    check("the program's memory does not hold it", finds(program) == [], finds(program))
    check("/proc tells it of neither process", told_by_proc(holder) + told_by_proc(program) == [])
    check("no log has it", SECRET not in me.log(), me.log())
    found = files_with_it(world.folder, pathlib.Path("/dev/shm"), pathlib.Path("/run/ratls"))
    check("no file has it", found == [], found)
    limits = pathlib.Path(f"/proc/{holder}/limits").read_text(encoding="ascii")
    check("no core of either may be written", re.search(r"Max core file size +0 +0", limits) is not None
          and "Max core file size        0                    0" in
          pathlib.Path(f"/proc/{program}/limits").read_text(encoding="ascii"), limits)
    me.process.send_signal(6)
    me.process.wait(20)
    check("one that dies by SIGABRT leaves none", list((world.folder / "cores").iterdir()) == [])
    end = time.monotonic() + 20
    while pathlib.Path(f"/proc/{program}/exe").exists() and time.monotonic() < end:
        time.sleep(0.02)
    check("and takes its program along", not pathlib.Path(f"/proc/{program}/exe").exists())


def given_away(world: World) -> None:
    """What ratls itself keeps of a secret that the program was given: nothing."""
    runtime = pathlib.Path("/dev/shm") / (world.folder.name + "-canary")
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    for kind in ("env", "file"):
        me = start(world, egress=..., agent={**user, "runtime": str(runtime)}, secrets=[
            {"uri": "kbs:///agents/llm/api-key", "as": "LLM_API_KEY", "give_to": kind}])
        holder, program = me.process.pid, child_of(me.process.pid)
        check(f"give_to {kind}: once it is given, ratls does not hold it any more", finds(holder) == [],
              finds(holder))
        check(f"give_to {kind}: /proc tells it of the program where that was asked for, and not of ratls",
              told_by_proc(program) == (["environ"] if kind == "env" else [])
              and told_by_proc(holder) == [], told_by_proc(program))
        found = files_with_it(world.folder, runtime)
        wanted = [str(runtime / "LLM_API_KEY")] if kind == "file" else []
        check(f"give_to {kind}: it is in the file that was asked for, and in no other", found == wanted, found)
        me.process.terminate()
        me.process.wait(20)
        check(f"give_to {kind}: afterwards in none", files_with_it(runtime) == [])
    runtime.rmdir()


def no_reading() -> str:
    """Why other processes' memory cannot be read here, or nothing."""
    with subprocess.Popen(["sleep", "30"]) as child:
        try:
            with open(f"/proc/{child.pid}/mem", "rb", buffering=0):
                return "" if os.geteuid() == 0 else "a process that is not dumpable is read by root only"
        except OSError as error:
            return str(error)
        finally:
            child.kill()


if __name__ == "__main__":
    if reason := no_reading() or no_cell():
        print("skipped:", reason)
        sys.exit(4)
    sys.exit(run(kept_by_egress, given_away))
