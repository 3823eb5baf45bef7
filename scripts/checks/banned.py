"""Calls that a reviewer would have to think about: counted, and each one explained."""

import re
import sys

import tree

# name -> what finds it, and what to do instead.
BANNED = {
    "memcpy": (r"\bmemcpy\s*\(", "use copy_bytes() of core/bytes.h"),
    "memmove": (r"\bmemmove\s*\(", "use copy_bytes() of core/bytes.h"),
    "memset": (r"\bmemset\s*\(", "initialise, or use Secret, which wipes"),
    "memcmp": (r"\bmemcmp\s*\(", "use equal_ct() of core/bytes.h"),
    "reinterpret_cast": (r"\breinterpret_cast\b", "use as_bytes() or the reader of core/"),
    "const_cast": (r"\bconst_cast\b", "change the type instead"),
    "strcpy": (r"\bstrn?(?:cpy|cat)\s*\(", "use std::string"),
    "sprintf": (r"\bv?sprintf\s*\(", "use std::string or snprintf"),
    "rand": (r"\bs?rand\s*\(|\bstd::mt19937|\bstd::random_device", "use the randomness of core/crypto.h"),
    "system": (r"(?<![\w.>])(?:std::|::)?(?:system|popen)\s*\(", "start programs by exec with a list of arguments"),
    "getenv": (r"\b(?:secure_)?getenv\s*\(", "no environment variable may change what is accepted"),
    "time": (r"(?<![\w.>:])(?:std::|::)?time\s*\(\s*(?:nullptr|NULL|0)\s*\)", "take a Clock"),
    "now": (r"\bsystem_clock\s*::\s*now\b", "take a Clock"),
    "gmtime": (r"\b(?:gmtime|localtime)\s*\(", "use the formatting of core/clock.h"),
    "atoi": (r"\b(?:atoi|atol|atoll|atof)\s*\(", "use std::from_chars and look at its error"),
    "strtok": (r"\bstrtok\s*\(", "split a std::string_view"),
    "thread": (r"\bstd::j?thread\b(?!::)|\bstd::async\b|\bpthread_create\b", "start no thread that the header does not name"),
    "alloca": (r"\balloca\s*\(", "use a container"),
}

# Of the library alone: programs may start what they like.
IN_LIBRARY = {"thread"}
LIBRARY = ("core/", "verify/", "certgen/", "ratls/")


def main() -> int:
    errors = []
    allowed = tree.allowed("call")
    seen = set()
    for name in tree.files(*tree.SOURCE_SUFFIXES, folders=tree.PRODUCTION):
        text = tree.code(tree.read(name))
        for what, (pattern, instead) in BANNED.items():
            if what in IN_LIBRARY and not name.startswith(LIBRARY):
                continue
            lines = [text.count("\n", 0, match.start()) + 1 for match in re.finditer(pattern, text)]
            limit = allowed.get((name, what), 0)
            seen.add((name, what))
            if len(lines) > limit:
                errors.append(f"{name}:{lines[-1]}: {what} {len(lines)} times, {limit} allowed; {instead}, "
                              "or add a reason to scripts/checks/allowed.txt.")
            elif len(lines) < limit:
                errors.append(f"{name}: {what} {len(lines)} times, but scripts/checks/allowed.txt says {limit}; lower it.")
    errors += [f"scripts/checks/allowed.txt: {name} has no {what} to allow; remove the line."
               for name, what in allowed if (name, what) not in seen]
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
