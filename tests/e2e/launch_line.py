#!/usr/bin/env python3
"""QEMU takes every word of the launch line in docs/howto/qemu.md.

usage: tests/e2e/launch_line.py BUILD_FOLDER
Twice: as it is, where without a machine that has SEV-SNP it must end at KVM and not at a word; and
as a plain virtual machine in emulation, where the rest of its words is read. Wrong words must end it.
Exit code 4, and why, where there is no QEMU that knows SEV-SNP.
"""

import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "howto" / "qemu.md"
# What QEMU says where the words are right and the machine is not the one.
MACHINE = re.compile(r"SEV-SNP not supported by KVM|KVM required|Could not access KVM|kvm kernel module"
                     r"|failed to initialize kvm|/dev/sev|sev_common_kvm_init|SEV: ", re.I)
# What it says of a word that it does not know.
WORDS = re.compile(r"Invalid parameter|invalid option|not found|is not a valid|Property|unsupported machine"
                   r"|unable to find CPU model|expects|Parameter '", re.I)


RUNS = "it runs"


def launch_line() -> list[str]:
    found = re.search(r"<!-- launch -->\n```\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return shlex.split(found.group(1).replace("\\\n", " "))


def emulated(words: list[str]) -> list[str]:
    """Without SEV-SNP, and without a kernel, for which zeros do not do; it waits before it starts."""
    out, skip = [], False
    for word, following in zip(words, [*words[1:], ""]):
        if skip or word in ("-kernel", "-initrd", "-append") or following.startswith("sev-snp-guest"):
            skip = not skip
            continue
        out.append(word.replace(",confidential-guest-support=sev0", ""))
    out[out.index("kvm")] = "tcg"
    return [*out, "-S"]


def run(words: list[str], folder: str) -> str:
    try:
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=4)
    except subprocess.TimeoutExpired:
        return RUNS  # also on a machine with SEV-SNP, which is what the line is for
    return done.stderr + done.stdout


def why_not(program: str) -> str:
    if not shutil.which(program):
        return f"there is no {program}"
    known = subprocess.run([program, "-object", "help"], capture_output=True, text=True).stdout
    return "" if "sev-snp-guest" in known else f"{program} is older than 9.1 and knows no sev-snp-guest"


# A word, a wrong one in its place, and the way in which QEMU gets to it.
WRONG = [("kernel-hashes=on", "kernel-hash=on", list), ("vmport=off", "vmports=off", emulated),
         ("EPYC-Milan-v2", "EPYC-Milano", emulated), ("virtio-net-pci", "virtio-net-pcx", emulated)]


def prepare(folder: str) -> None:
    for name, size in {"OVMF.fd": 4 << 20, "vmlinuz": 65536, "initrd.img": 4096}.items():
        pathlib.Path(folder, name).write_bytes(bytes(size))


def check(words: list[str], folder: str) -> list[str]:
    errors = []
    said = run(words, folder)
    print(said.strip())
    if said != RUNS and (WORDS.search(said) or not MACHINE.search(said)):
        errors.append(f"QEMU does not take the line: {said.strip()}")
    plain = run(emulated(words), folder)
    print(f"emulated: {plain.strip()}")
    if plain != RUNS:
        errors.append(f"QEMU does not take the rest of the line: {plain.strip()}")
    for right, wrong, kind in WRONG:
        changed = run([word.replace(right, wrong) for word in kind(words)], folder)
        if not WORDS.search(changed):
            errors.append(f"nothing noticed {wrong}: {changed.strip()}")
    return errors


def main() -> int:
    words = launch_line()
    # RATLS_QEMU: another QEMU, with options of its own (where its files are).
    own = shlex.split(os.environ.get("RATLS_QEMU", words[0]))
    if why := why_not(own[0]):
        print(f"skipped: {why}")
        return 4
    with tempfile.TemporaryDirectory() as folder:
        prepare(folder)
        # Small, since the memory is taken before KVM is asked.
        errors = check(own + [word.replace("size=4G", "size=256M") for word in words[1:]], folder)
    for error in errors:
        print(error)
    print(f"{len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
