"""What the checks share: the files of this tree, C++ without its comments, the allow-list."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRODUCTION = ("core", "verify", "certgen", "ratls", "services", "cli", "examples")
SOURCE_SUFFIXES = (".cpp", ".h", ".c")

_TOKEN = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def files(*suffixes: str, folders: tuple[str, ...] = ()) -> list[str]:
    """Paths of this tree's own files (tracked, or new and not ignored), sorted."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return sorted(
        name for name in set(listed)
        if name and (ROOT / name).is_file()
        and (not suffixes or name.endswith(suffixes))
        and (not folders or name.split("/")[0] in folders))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8", errors="replace")


def code(text: str) -> str:
    """The text without comments and with empty literals; line numbers stay."""
    def blank(match: re.Match) -> str:
        token = match.group(0)
        newlines = "\n" * token.count("\n")
        if token.startswith("/"):
            return " " + newlines
        if token.startswith("'"):
            # A digit separator (1'000'000) is no literal.
            before = match.string[match.start() - 1] if match.start() else " "
            return token if before.isalnum() and before.isdigit() else "' '" + newlines
        return '""' + newlines
    return _TOKEN.sub(blank, text)


def allowed(kind: str) -> dict[tuple[str, str], int]:
    """Entries `kind path what number # reason` of allowed.txt, by (path, what)."""
    entries = {}
    for number, line in enumerate(read("scripts/checks/allowed.txt").splitlines(), 1):
        entry, _, reason = line.partition("#")
        words = entry.split()
        if not words:
            continue
        if len(words) != 4 or not reason.strip():
            raise SystemExit(f"scripts/checks/allowed.txt:{number}: write: kind path what number # reason")
        if words[0] == kind:
            entries[words[1], words[2]] = int(words[3])
    return entries


def report(errors: list[str]) -> int:
    for error in errors:
        print(error)
    return 1 if errors else 0
