#!/usr/bin/env python3
"""Writes docs/reasons.md from core/reasons.def: one anchor for each reason.

Usage: scripts/generate_reasons_doc.py [--check]

  --check   write nothing; fail where docs/reasons.md is not up to date

Exit codes: 0 done or up to date, 1 out of date, 64 usage, 65 malformed list.
"""
import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIST = ROOT / "core" / "reasons.def"
DOC = ROOT / "docs" / "reasons.md"

ENTRY = re.compile(r'RATLS_REASON\((\w+), (\w+), ((?:"(?:[^"\\]|\\.)*"\s*)+)\)')
HEAD = """# Reasons

Why something was refused. The code stands in verdicts, logs, metrics and HTTP errors, and never
changes; the kind is what a program may branch on (`ratls::Errc`). Codes are only ever added. Every
failed check of a verdict names its paragraph here, and every code has a test that fails with it
(`scripts/checks/reasons.py --list` shows which).

This file is generated from `core/reasons.def` by `scripts/generate_reasons_doc.py`.
"""


def read_groups(text):
    """The list as [(comment, [(code, kind, sentence)])], in its order."""
    groups, comment = [], []
    for line in text.splitlines():
        if line.startswith("//"):
            comment.append(line[2:].strip())
            continue
        if not line.strip():
            comment = []
            continue
        match = ENTRY.fullmatch(line.strip())
        if not match:
            sys.exit(fail(65, f"{LIST}: not an entry on one line: {line.strip()[:60]}"))
        if comment or not groups:
            groups.append((" ".join(comment), []))
            comment = []
        code, kind, literal = match.groups()
        groups[-1][1].append((code, kind, ast.literal_eval(f"({literal})")))
    return groups


def render(groups):
    out = [HEAD]
    for title, entries in groups:
        if title:
            out.append(f"*{title}*\n")
        for code, kind, sentence in entries:
            cause, _, fix = sentence.partition("; ")
            out.append(f"## {code}\n\nKind: `{kind}`.\n\nCause: {cause}.\n\n"
                       f"Fix: {fix[:1].upper()}{fix[1:]}\n")
    return "\n".join(out)


def fail(code, message):
    print(f"generate_reasons_doc.py: {message}", file=sys.stderr)
    return code


def main(arguments):
    if arguments not in ([], ["--check"]):
        return fail(64, "usage: scripts/generate_reasons_doc.py [--check]")
    groups = read_groups(LIST.read_text(encoding="utf-8"))
    codes = [entry[0] for _, entries in groups for entry in entries]
    if not codes or len(set(codes)) != len(codes):
        return fail(65, f"{LIST}: empty, or a code stands there twice")
    wanted = render(groups)
    if not arguments:
        DOC.parent.mkdir(exist_ok=True)
        DOC.write_text(wanted, encoding="utf-8")
        return 0
    found = DOC.read_text(encoding="utf-8") if DOC.exists() else ""
    if found == wanted:
        return 0
    return fail(1, "docs/reasons.md is out of date; run scripts/generate_reasons_doc.py.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
