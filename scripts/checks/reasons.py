"""Every reason code is given by the code, demanded by a test, and explained in docs/reasons.md."""

import re
import sys

import tree


def mentions(names: list[str], pattern: str) -> set[str]:
    found: set[str] = set()
    for name in names:
        found.update(re.findall(pattern, tree.read(name)))
    return found


def main() -> int:
    codes = re.findall(r"(?m)^RATLS_REASON\((\w+),", tree.read("core/reasons.def"))
    sources = tree.files(*tree.SOURCE_SUFFIXES, folders=tree.PRODUCTION)
    tests = tree.files(*tree.SOURCE_SUFFIXES, ".sh", ".py", "run", folders=("tests", "examples"))
    given = mentions(sources, r"Reason::(\w+)")
    demanded = mentions(tests, r"Reason::(\w+)") | mentions(tests, r"\b([a-z]+(?:_[a-z]+)+)\b")
    explained = mentions(["docs/reasons.md"], r"(?m)^## (\w+)")
    errors = []
    for code in codes:
        if code not in given:
            errors.append(f"core/reasons.def: nothing gives the reason {code}; use it or remove it.")
        if code not in demanded:
            errors.append(f"core/reasons.def: no test demands {code}; add a failing vector.")
        if code not in explained:
            errors.append(f"docs/reasons.md: no paragraph for {code}; run scripts/generate_reasons_doc.py.")
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
