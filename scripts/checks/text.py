"""Hygiene of every text file: no registry addresses, no personal paths, no stray bytes."""

import re
import sys

import tree

# Lock files and instructions must not tie users to one package registry.
REGISTRY = re.compile(
    r"npmjs[.](?:org|com)|yarnpkg[.]com|pypi[.]org|pythonhosted[.]org|crates[.]io"
    r"|(?:deb|ftp|security|archive)[.](?:debian[.]org|ubuntu[.]com)|proxy[.]golang[.]org|rubygems[.]org")
PERSONAL = re.compile(r"(?<![\w$}/])/(?:root|home/[a-z][\w-]*)/")
MERGE = re.compile(r"^(?:<{7}|>{7}) ", re.M)
BINARY = (".bin", ".der", ".png", ".gz", ".crl", ".cbor")


def check(name: str, text: str) -> list[str]:
    errors = []
    for pattern, what in ((REGISTRY, "names a package registry's host"),
                          (PERSONAL, "holds a path of somebody's machine"),
                          (MERGE, "holds a merge conflict")):
        match = pattern.search(text)
        if match:
            errors.append(f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {what}: {match.group(0)}")
    if "\r" in text:
        errors.append(f"{name}: has carriage returns; use plain line feeds.")
    if text and not text.endswith("\n"):
        errors.append(f"{name}: the last line has no line feed.")
    return errors


def main() -> int:
    errors = []
    for name in tree.files():
        data = (tree.ROOT / name).read_bytes()
        if b"\0" in data or name.endswith(BINARY) or "/vectors/" in f"/{name}" or "/corpus/" in f"/{name}":
            continue
        errors += check(name, data.decode("utf-8", errors="replace"))
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
