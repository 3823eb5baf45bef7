"""Who may include what: the arrows between folders, and third parties kept in their places."""

import re
import sys

import tree

# Types and constants of what we stand on. A function's parameter may tell where a number is from.
FOREIGN = re.compile(r"\b(?:mbedtls_\w+_(?:context|config|session|crt|crl|key)\w*|mbedtls_[a-z0-9_]*t\b"
                     r"|MBEDTLS_\w+|psa_\w+_t|PSA_\w+|sodium_\w+|uv_\w+_t|nlohmann::)")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)

# Each folder, and the folders it may know. A longer name has rules of its own: nothing in ratls/
# knows ratls/kds/, so that no handshake can ever fetch.
MAY_INCLUDE = {
    "core": {"core"},
    "verify": {"core", "verify"},
    "certgen": {"core", "certgen"},
    "ratls": {"core", "verify", "certgen", "ratls"},
    "ratls/kds": {"core", "verify", "ratls", "ratls/kds"},
    "services": {"core", "verify", "certgen", "ratls", "ratls/kds", "services"},
    "cli": {"core", "verify", "certgen", "ratls", "ratls/kds", "services", "cli"},
    "examples": {"core", "verify", "certgen", "ratls", "ratls/kds", "services", "examples"},
}
PUBLIC_HEADERS = ("core", "verify", "certgen", "ratls")

# What starts a third-party header, and the folders whose .cpp files may use it.
THIRD_PARTY = {
    "mbedtls/ssl": {"ratls"},
    "library/": {"ratls"},
    "mbedtls/": {"core", "ratls", "certgen/sim"},  # the simulator: linked into nothing that ships
    "psa/": {"core", "ratls", "certgen/sim"},
    "sodium": {"core"},
    "nlohmann/": {"verify"},
    "CLI/": {"cli"},
    "sqlite3.h": {"services/broker"},
    "tss2/": {"certgen/detail", "services/broker"},
    "uv.h": {"services/io"},
    "openssl/": {"core"},  # AWS-LC, where RATLS_CRYPTO says so
    "catch2/": set(),
    "benchmark/": set(),
}
SOCKETS = ("sys/socket.h", "sys/un.h", "sys/epoll.h", "sys/poll.h", "poll.h", "netdb.h",
           "netinet/", "arpa/", "sys/select.h")
NO_SOCKETS = ("core", "verify", "certgen")


def folder_of(header: str) -> str | None:
    """The folder that <ratls/...> means, or nothing for another header."""
    if not header.startswith("ratls/"):
        return None
    first = header.split("/")[1]
    if f"ratls/{first}" in MAY_INCLUDE:
        return f"ratls/{first}"
    return first if first in MAY_INCLUDE and first != "ratls" else "ratls"


def folder_with(name: str) -> str:
    """The folder whose rules hold for this file."""
    parts = name.split("/")
    inner = "/".join(parts[:2])
    return inner if inner in MAY_INCLUDE else parts[0]


def third_party(header: str) -> str | None:
    return next((prefix for prefix in THIRD_PARTY if header.startswith(prefix)), None)


def check_own(name: str, top: str, header: str, target: str) -> str | None:
    if target not in MAY_INCLUDE[top]:
        return f"{top}/ must not know {target}/: <{header}>"
    private = "/detail/" in f"/{header}"
    if private and top != target and not top.startswith(target + "/"):
        return f"<{header}> is private to {target}/"
    if private and is_public_header(name):
        return f"a public header must not include the private <{header}>"
    return None


def is_public_header(name: str) -> bool:
    return (name.endswith(".h") and name.split("/")[0] in PUBLIC_HEADERS
            and "/detail/" not in name)


def check_third_party(name: str, header: str, prefix: str, allowed: dict) -> str | None:
    if is_public_header(name):
        return f"a public header must not include <{header}>: users would depend on it"
    if (name, prefix) in allowed:
        return None
    if not any(name.startswith(place + "/") for place in THIRD_PARTY[prefix]):
        places = ", ".join(sorted(THIRD_PARTY[prefix])) or "tests and bench"
        return f"<{header}> belongs into {places} only"
    return None


def check_include(name: str, quote: str, header: str, allowed: dict) -> str | None:
    top = folder_with(name)
    prefix = third_party(header)
    if prefix:
        return check_third_party(name, header, prefix, allowed)
    if quote == '"':
        if (tree.ROOT / name).parent.joinpath(header).exists() and ".." not in header:
            return None
        return f'"{header}": spell our headers <ratls/...>'
    target = folder_of(header)
    if target:
        return check_own(name, top, header, target)
    if top in NO_SOCKETS and header.startswith(SOCKETS) and (name, header) not in allowed:
        return f"{top}/ has no sockets: <{header}>"
    return None


def main() -> int:
    errors, json_users = [], []
    allowed = tree.allowed("include")
    folders = tuple(folder for folder in MAY_INCLUDE if "/" not in folder)
    for name in tree.files(*tree.SOURCE_SUFFIXES, folders=folders):
        text = tree.read(name)
        if is_public_header(name) and (foreign := FOREIGN.search(tree.code(text))):
            line = tree.code(text).count("\n", 0, foreign.start()) + 1
            errors.append(f"{name}:{line}: a public header must not name {foreign.group(0)}.")
        for match in INCLUDE.finditer(text):
            quote, header = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            wrong = check_include(name, quote, header, allowed)
            if wrong:
                errors.append(f"{name}:{line}: {wrong}.")
            if header.startswith("nlohmann/") and name.startswith("verify/") and name not in json_users:
                json_users.append(name)
    if len(json_users) > 1:
        errors.append(f"verify/ must use nlohmann/json in one file only, not in: {', '.join(json_users)}.")
    return tree.report(errors)


if __name__ == "__main__":
    sys.exit(main())
