#!/usr/bin/env python3
"""The models of docs/formal: that its page, its runs and its queries agree, and that they hold.

usage: formal.py queries            compares README.md, run.sh, resumption.sh and the models, by text
       formal.py models NAME...     runs some of them; ends with 4 (skipped) where proverif is missing
       formal.py resumption         searches resumption.maude; ends with 4 where maude is missing
"""

import pathlib
import re
import shutil
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "docs" / "formal"
QUERY = re.compile(r"\(\* (\w+) [^*]*(?:\*(?!\))[^*]*)*\*\)\s*\nquery |(^query )", re.M)
RUN = re.compile(r"^check (\S+)[ \t]+([tf]+)[ \t]+(\w+\.pv)[ \t]*(.*)$", re.M)
ROW = re.compile(r"^\| .+ \| `(\w+\.pv) (\w+)` \| `([\w-]+)` \|$", re.M)


SEARCH = re.compile(r"^ *check (\S+) +(\S+) +\"[\d ]+\" +(none|found) +(.+)$", re.M)
SEARCHED = re.compile(r"^\| .+ \| `resumption\.maude (\w+)`(?:, `(\w+)`)? \| `([\w-]+)`(?:, `([\w-]+)`)? \|$", re.M)


def labels(model: str) -> list[str]:
    """The names of a model's queries, in order; "" for one that has none."""
    return [found[0] for found in QUERY.findall((FOLDER / model).read_text(encoding="utf-8"))]


def wrong_rows(part: str, verdict: str, runs: dict) -> list[str]:
    errors = []
    for model, query, run in ROW.findall(part):
        if run not in runs or runs[run][1] != model:
            errors.append(f"README.md names the run {run} of {model}, which run.sh has not")
        elif query not in labels(model):
            errors.append(f"README.md names the query {query}, which {model} has not")
        elif runs[run][0][labels(model).index(query)] != verdict:
            errors.append(f"README.md says that {query} in {run} is '{verdict}', run.sh expects another")
    return errors


def check_queries() -> list[str]:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    script = (FOLDER / "run.sh").read_text(encoding="utf-8").replace("$STD", "oracle-off policy-any world")
    claims, attacks = readme.split("## What is an attack")
    runs = {name: (verdict, model, libs) for name, verdict, model, libs in RUN.findall(script)}
    errors = wrong_rows(claims, "t", runs) + wrong_rows(attacks, "f", runs)
    for name, (verdict, model, libs) in runs.items():
        if len(verdict) != len(labels(model)):
            errors.append(f"run.sh: {name} has {len(verdict)} verdicts, {model} has {len(labels(model))} queries")
        errors += [f"run.sh: {name} wants lib/{lib}.pvl" for lib in libs.split()
                   if not (FOLDER / "lib" / f"{lib}.pvl").exists()]
        errors += [f"README.md does not name the run {name}"] if f"`{name}`" not in readme else []
        errors += [f"run.sh: {name} expects a reachability check of {model} to be proved"
                   for letter, label in zip(verdict, labels(model)) if label.startswith("Z") and letter != "f"]
    claimed = {(model, query) for model, query, _ in ROW.findall(claims)}
    for model in sorted(path.name for path in FOLDER.glob("*.pv")):
        found = labels(model)
        if "" in found or not any(label.startswith("Z") for label in found):
            errors.append(f"{model}: a query without a name, or no reachability check: {found}")
        errors += [f"README.md: no claim names {label} of {model}"
                   for label in found if not label.startswith("Z") and (model, label) not in claimed]
    print(f"{len(runs)} runs, {len(claimed)} queries claimed, {len(errors)} errors")
    return errors


def check_searches() -> list[str]:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    model = (FOLDER / "resumption.maude").read_text(encoding="utf-8")
    section = readme.split("## Resumption")[1].split("\n## ")[0]
    claims, attacks = section.split("| what happens without")
    queries = re.search(r"^  ops (.+) : World -> Bool", model, re.M)[1].split()
    runs = {name: (without, want, found.split())
            for name, without, want, found in SEARCH.findall((FOLDER / "resumption.sh").read_text(encoding="utf-8"))}
    errors = [f"README.md does not name the run {name} of resumption.sh"
              for name, run in runs.items() if f"`{name}`" not in section and run[2][0][0] != "Z" and run[2] != ["T"]]
    for part, wanted in (claims, "none"), (attacks, "found"):
        for first, second, *names in SEARCHED.findall(part):
            for name in filter(None, names):
                _, want, asked = runs.get(name, ("", "", []))
                if want != wanted or not {first, second} - {""} <= set(queries if asked == ["T"] else asked):
                    errors.append(f"README.md: resumption.sh has no run {name} that answers {first} {second} with '{wanted}'")
    claimed = {row[0] for row in SEARCHED.findall(claims)}
    refuted = {query for without, want, asked in runs.values() if without != "none" for query in asked}
    for query in (query for query in queries if query.startswith("T")):
        errors += [f"README.md: no claim names {query} of resumption.maude"] if query not in claimed else []
        errors += [f"resumption.sh: nothing is left out that {query} would find"] if query not in refuted else []
        errors += [f"resumption.maude: T leaves out {query}"] if f"{query}(G) == true" not in model else []
    errors += [f"resumption.maude has no defence '{without} to leave out"
               for without, _, _ in runs.values() if without != "none" and f"without('{without})" not in model]
    print(f"{len(runs)} searches, {len(claimed)} queries claimed, {len(errors)} errors")
    return errors


def run_searches() -> int:
    if not shutil.which("maude"):
        print("skipped: maude is not on the path; it is Debian's package of that name")
        return 4
    return subprocess.run([str(FOLDER / "resumption.sh"), "--quick"], check=False).returncode


def run_models(names: list[str]) -> int:
    if not shutil.which("proverif"):
        print("skipped: proverif is not on the path; docs/formal/README.md says how to build it")
        return 4
    return subprocess.run([str(FOLDER / "run.sh"), *names], check=False).returncode


def main() -> int:
    if sys.argv[1:2] == ["models"]:
        return run_models(sys.argv[2:])
    if sys.argv[1:2] == ["resumption"]:
        return run_searches()
    errors = check_queries() + check_searches()
    for error in errors:
        print(error)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
