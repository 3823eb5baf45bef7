#!/usr/bin/env python3
"""What the documents say is still so: code, names of tests, links, commands.

usage: tests/e2e/documents.py BUILD_FOLDER
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)(?:#[^)]*)?\)")
REGION = re.compile(r"// \[README (\w+)\]\n(.*?)// \[README end\]", re.S)
FENCE = re.compile(r"<!-- (\S+) (\w+) -->\n```cpp\n(.*?)```", re.S)
TEST_CASE = re.compile(r'TEST_CASE\(\s*((?:"(?:\\.|[^"\\])*"\s*)+)')


def read(path: pathlib.Path) -> str:
    return path.read_text(encoding="utf-8")


def documents() -> list[pathlib.Path]:
    return sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")])


def dead_links() -> list[str]:
    return [f"{path.relative_to(ROOT)}: the link to {target} leads nowhere"
            for path in documents() for target in LINK.findall(read(path))
            if not (path.parent / target).exists()]


def old_code() -> list[str]:
    """Code in the documents is that of the examples, to the letter."""
    errors, found = [], 0
    for path in documents():
        for source, name, code in FENCE.findall(read(path)):
            found += 1
            regions = dict(REGION.findall(read(ROOT / source)))
            if regions.get(name) != code:
                errors.append(f"{path.relative_to(ROOT)}: the code '{name}' differs from {source}")
    if found != 3:
        errors.append(f"{found} pieces of code are compared, not 3")
    return errors


def test_names() -> set[str]:
    names = set()
    for path in ROOT.glob("tests/**/*.cpp"):
        for literals in TEST_CASE.findall(read(path)):
            names.add("".join(re.findall(r'"((?:\\.|[^"\\])*)"', literals)))
    return names


def unknown_tests(build: str) -> list[str]:
    text = re.sub(r"\s+", " ", read(ROOT / "docs" / "attacks.md"))
    listed = subprocess.run(["ctest", "--test-dir", build, "-N"], check=True, capture_output=True,
                            text=True).stdout
    programs = set(re.findall(r"Test +#\d+: (\S+)", listed))
    quoted = re.findall(r'"([^"]+)"', text)
    errors = [f'docs/attacks.md: no test is called "{name}"' for name in quoted if name not in test_names()]
    errors += [f"docs/attacks.md: ctest has no `{name}`"
               for name in re.findall(r"`(demo|examples)`", text) if name not in programs]
    if len(quoted) < 30:
        errors.append(f"docs/attacks.md: only {len(quoted)} tests are named")
    return errors


def missing_commands() -> list[str]:
    """Every script that a document tells people to run exists."""
    return [f"{path.relative_to(ROOT)}: there is no {script}"
            for path in documents() for script in re.findall(r"(?<![\w/])(?:\./)?(scripts/[\w/.]+\w)", read(path))
            if not (ROOT / script).exists()]


def main() -> int:
    errors = dead_links() + old_code() + unknown_tests(sys.argv[1]) + missing_commands()
    for error in errors:
        print(error)
    print(f"{len(documents())} documents, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
