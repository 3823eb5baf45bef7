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


def unproved_attacks() -> list[str]:
    """Every attack of docs/attacks.md and of the protocol has a row, and each row a test or the word open."""
    rows = re.findall(r"^\| ([\d, ]+) \|(.*)\|$", read(ROOT / "docs" / "attacks.md"), re.M)
    errors = [f"docs/attacks.md: attack {numbers} names no test and is not said to be open"
              for numbers, row in rows if not re.search(r'"[^"]+"|`\w+`|\*\*open\*\*', row.rsplit("|", 1)[-1])]
    numbered = [int(number) for numbers, _ in rows for number in numbers.split(",")]
    if numbered != list(range(1, len(numbered) + 1)):
        errors.append(f"docs/attacks.md: the attacks are not numbered 1 to {len(numbered)}: {numbered}")
    section = re.search(r"^## 12\..*?(?=^## 13\.)", read(ROOT / "docs" / "protocol.md"), re.M | re.S)
    of_protocol = [int(number) for number in re.findall(r"(?:^|; )(\d+) ", section.group(0) if section else "", re.M)]
    if not of_protocol or not set(of_protocol) <= set(numbered):
        errors.append("docs/attacks.md: an attack of docs/protocol.md, section 12, has no row")
    return errors


def missing_commands() -> list[str]:
    """Every script that a document tells people to run exists."""
    return [f"{path.relative_to(ROOT)}: there is no {script}"
            for path in documents() for script in re.findall(r"(?<![\w/])(?:\./)?(scripts/[\w/.]+\w)", read(path))
            if not (ROOT / script).exists()]


def main() -> int:
    errors = dead_links() + old_code() + unknown_tests(sys.argv[1]) + unproved_attacks() + missing_commands()
    for error in errors:
        print(error)
    print(f"{len(documents())} documents, {len(errors)} errors")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
