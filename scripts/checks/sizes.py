"""Files of at most 300 lines, functions of at most 60."""

import re
import sys

import tree

MOST_LINES = 300
MOST_FUNCTION_LINES = 60
FOLDERS = tree.PRODUCTION + ("tests", "bench", "cmake", "scripts")
SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum)\b")
NAME = re.compile(r"([~\w]+)\s*\(")


def without_preprocessor(text: str) -> str:
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.M)


def is_scope(head: str) -> bool:
    """Does this head open a namespace or a type (and not a function)?"""
    return bool(SCOPE.search(head)) and "(" not in re.sub(r"alignas\s*\([^)]*\)|\[\[.*?\]\]|__attribute__\s*\(\(.*?\)\)", "", head) \
        or re.search(r'extern\s*""\s*$', head) is not None


def functions(text: str):
    """Yields (name, first line, number of lines) of every function body.

    A brace counter: at namespace or type level, a block whose head has a
    parenthesis is a function. Lambdas count as part of what holds them.
    """
    text = without_preprocessor(tree.code(text))
    stack, head, line, start, parens = [], "", 1, 1, 0
    for index, char in enumerate(text):
        inside = any(kind != "scope" for kind, _, _ in stack)
        if char == "\n":
            line += 1
        if char == "{":
            if inside or parens:
                stack.append(("block", "", line))
            elif is_scope(head):
                stack.append(("scope", "", line))
                head = ""
            else:
                match = NAME.search(head)
                stack.append(("function" if match else "block", match.group(1) if match else "", start))
        elif char == "}":
            if not stack:
                return
            kind, name, first = stack.pop()
            if any(k != "scope" for k, _, _ in stack) or parens:
                continue
            follows = text[index + 1:index + 200].lstrip()[:1]
            if kind == "function" and follows not in (",", "{"):
                yield name, first, line - first + 1
            if kind == "scope" or follows not in (",", "{"):
                head = ""  # else: a constructor's list of member initialisers goes on
        elif not inside:
            if char in "()":
                parens += 1 if char == "(" else -1
            if char == ";" and not parens:
                head = ""
            elif not char.isspace() or head:
                if not head:
                    start = line
                head += char


def main() -> int:
    errors = []
    allowed = tree.allowed("lines")
    for name in tree.files(*tree.SOURCE_SUFFIXES, ".py", ".sh", ".cmake", folders=FOLDERS):
        text = tree.read(name)
        lines = text.count("\n")
        most = allowed.get((name, "file"), MOST_LINES)
        if lines > most:
            errors.append(f"{name}: {lines} lines, {most} allowed; split it by job.")
        if not name.endswith(tree.SOURCE_SUFFIXES):
            continue
        for function, first, length in functions(text):
            most = allowed.get((name, function), MOST_FUNCTION_LINES)
            if length > most and function not in ("TEST_CASE", "SCENARIO", "BENCHMARK"):
                errors.append(f"{name}:{first}: {function}() has {length} lines, {most} allowed; give its steps names.")
    errors += [f"scripts/checks/allowed.txt: {name} does not exist; remove the line."
               for name, _ in allowed if not (tree.ROOT / name).is_file()]
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
