"""Every reason is given by the code, demanded by a named test, and explained with cause and fix.

Usage: scripts/checks/reasons.py [--list]    --list: each reason with the tests that demand it
"""

import re
import sys

import tree

ENTRY = re.compile(r'(?m)^RATLS_REASON\((\w+), \w+, "((?:[^"\\]|\\.)*)"')
CASE = re.compile(r'(?ms)^TEST_CASE\(\s*((?:"(?:\\.|[^"\\])*"\s*)+).*?^}')
COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.S)
SCRIPTS = (".sh", ".py", "run", "examples")


def without_comments(text: str) -> str:
    return COMMENT.sub(lambda match: match.group(1) or " ", text)


def name_of(literals: str) -> str:
    return "".join(re.findall(r'"((?:\\.|[^"\\])*)"', literals))


def demanded_in(text: str) -> set[str]:
    """Codes that stand in it as an enumerator, or inside a literal."""
    found = set(re.findall(r"Reason::(\w+)", text))
    for literal in re.findall(r'"((?:\\.|[^"\\])*)"', text):
        found.add(literal)
        found.update(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", literal))
    return found


def tests_of(name: str) -> dict[str, set[str]]:
    """The tests of one C++ file, by the codes they demand.

    Rows of a table above the tests count for the tests of that file that read it: those are
    called by the file's name.
    """
    text = without_comments(tree.read(name))
    tests: dict[str, set[str]] = {}
    for match in CASE.finditer(text):
        body = match.group(0)[match.end(1) - match.start(0):]
        for code in demanded_in(body):
            tests.setdefault(code, set()).add(f"{name}: {name_of(match.group(1))}")
    if CASE.search(text):
        for code in demanded_in(CASE.sub("", text)):
            tests.setdefault(code, set()).add(f"{name}: (its table)")
    return tests


def demanding_tests() -> dict[str, set[str]]:
    all_tests: dict[str, set[str]] = {}
    for name in tree.files(*tree.SOURCE_SUFFIXES, folders=("tests",)):
        for code, tests in tests_of(name).items():
            all_tests.setdefault(code, set()).update(tests)
    for name in tree.files(*SCRIPTS, folders=("tests", "examples")):
        for code in re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", re.sub(r"(?m)^\s*#.*$", "", tree.read(name))):
            all_tests.setdefault(code, set()).add(name)
    return all_tests


def check(code: str, sentence: str, given: set[str], tests: dict, explained: set[str]) -> list[str]:
    errors = []
    if code not in given:
        errors.append(f"core/reasons.def: nothing gives the reason {code}; use it or remove it.")
    if code not in tests:
        errors.append(f"core/reasons.def: no test demands {code}; add one that fails with it.")
    if not re.fullmatch(r"[^;]+; [^;]+\.", sentence):
        errors.append(f'core/reasons.def: the sentence of {code} is not "cause; fix."')
    if code not in explained:
        errors.append(f"docs/reasons.md: no paragraph for {code}; run scripts/generate_reasons_doc.py.")
    return errors


def main() -> int:
    entries = ENTRY.findall(tree.read("core/reasons.def"))
    given: set[str] = set()
    for name in tree.files(*tree.SOURCE_SUFFIXES, folders=tree.PRODUCTION):
        given.update(re.findall(r"Reason::(\w+)", without_comments(tree.read(name))))
    tests = demanding_tests()
    if sys.argv[1:] == ["--list"]:
        for code, _ in entries:
            print(code, *sorted(tests.get(code, ())), sep="\n  ")
        return 0
    explained = set(re.findall(r"(?m)^## (\w+)", tree.read("docs/reasons.md")))
    errors = [error for code, sentence in entries
              for error in check(code, sentence, given, tests, explained)]
    if not entries:
        errors.append("core/reasons.def: no entry was read.")
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
