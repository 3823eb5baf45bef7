"""Line and branch coverage of some folders, from what gcov says about a build folder.

Branches that only an exception takes, and those inside what the compiler added for one, are left
out: gcov marks them "throw", and no test of ours can take them one by one.
"""

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
            ["gcov", "--json-format", "--branch-probabilities", "--preserve-paths", "--hash-filenames", *counts],
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


def branches_by_file(reports: list[dict], folders: list[str]) -> dict[str, dict[tuple, int]]:
    """How often each branch was taken, summed over all objects that contain it.

    A template or an inline function has the same branches, in the same order, in each of its
    instances; an instance with another number of branches counts for itself.
    """
    branches: dict[str, dict[tuple, int]] = collections.defaultdict(lambda: collections.defaultdict(int))
    for report in reports:
        for entry in report["files"]:
            source = source_of(entry["file"], report["current_working_directory"])
            if source is None or source.split("/")[0] not in folders:
                continue
            for line in entry["lines"]:
                kept = [branch["count"] for branch in line["branches"] if not branch["throw"]]
                for number, count in enumerate(kept):
                    branches[source][line["line_number"], len(kept), number] += count
    return branches


def write_summary(file: pathlib.Path, lines: dict, branches: dict, folders: list[str]) -> dict:
    """For each folder, in percent: lines, and branches."""
    def percent(of: dict, folder: str) -> float:
        counts = [n for name, c in of.items() if name.startswith(folder + "/") for n in c.values()]
        return round(ratio(counts), 2) if counts else 0.0

    summary = {folder: {"line": percent(lines, folder), "branch": percent(branches, folder)}
               for folder in folders}
    file.write_text(json.dumps(summary) + "\n")
    return summary


def ratio(counts: list[int]) -> float:
    return 100.0 * sum(count > 0 for count in counts) / len(counts) if counts else 100.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--minimum", type=float, default=90)
    parser.add_argument("folders", nargs="+")
    arguments = parser.parse_args()
    reports = gcov(arguments.build, arguments.folders)
    lines = lines_by_file(reports, arguments.folders)
    branches = branches_by_file(reports, arguments.folders)
    summary = write_summary(arguments.build / "summary.json", lines, branches, arguments.folders)
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
        if files:
            print(f"branch coverage of {folder}/: {summary[folder]['branch']:.1f} %, without those of exceptions")
    print(f"written: {arguments.build / 'summary.json'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
