"""Line coverage of some folders, from what gcov says about a build folder."""

import argparse
import collections
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def gcov(build: pathlib.Path, folders: list[str]) -> list[dict]:
    """All of gcov's JSON reports for the objects of `folders` and of the tests.

    By .gcno, which the compiler writes: an object that no test ran counts too.
    """
    if next(build.rglob("*.gcda"), None) is None:
        sys.exit("ratls: error: no test wrote line counts; run scripts/coverage.")
    counts = sorted(str(path.resolve()) for folder in [*folders, "tests"]
                    for path in (build / folder).rglob("*.gcno"))
    with tempfile.TemporaryDirectory() as work:
        subprocess.run(
            ["gcov", "--json-format", "--preserve-paths", "--hash-filenames", *counts],
            cwd=work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [json.loads(gzip.open(path).read())
                for path in pathlib.Path(work).glob("*.gcov.json.gz")]


def source_of(name: str, cwd: str) -> str | None:
    """The path below the source root, through the generated include root."""
    for candidate in (pathlib.Path(name), pathlib.Path(cwd) / name, ROOT / name):
        if candidate.exists():
            resolved = candidate.resolve()
            if resolved.is_relative_to(ROOT):
                return str(resolved.relative_to(ROOT))
    return None


def lines_by_file(reports: list[dict], folders: list[str]) -> dict[str, dict[int, int]]:
    """How often each line ran, summed over all objects that contain it."""
    lines: dict[str, dict[int, int]] = collections.defaultdict(lambda: collections.defaultdict(int))
    for report in reports:
        for entry in report["files"]:
            source = source_of(entry["file"], report["current_working_directory"])
            if source is None or source.split("/")[0] not in folders:
                continue
            for line in entry["lines"]:
                lines[source][line["line_number"]] += line["count"]
    return lines


def ratio(counts: list[int]) -> float:
    return 100.0 * sum(count > 0 for count in counts) / len(counts) if counts else 100.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minimum", type=float, default=90)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    lines = lines_by_file(gcov(arguments.build, arguments.folders), arguments.folders)
    failed = False
    for folder in arguments.folders:
        files = {name: l for name, l in sorted(lines.items()) if name.startswith(folder + "/")}
        for name, counts in files.items():
            missed = sorted(number for number, count in counts.items() if count == 0)
            shown = ", ".join(map(str, missed[:12])) + (" ..." if len(missed) > 12 else "")
            print(f"  {ratio(list(counts.values())):5.1f} %  {name}" + (f"  (not run: {shown})" if missed else ""))
        total = ratio([count for counts in files.values() for count in counts.values()])
        below = not files or total < arguments.minimum
        failed = failed or below
        print(f"line coverage of {folder}/: {total:.1f} %" if files else f"line coverage of {folder}/: nothing was run",
              f"(below {arguments.minimum:g} %)" if below else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
