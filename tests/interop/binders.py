"""Hashes, trees and binders of docs/protocol.md, sections 4 and 5; standard library only."""

import hashlib
import hmac


def sha384(*parts: bytes) -> bytes:
    return hashlib.sha384(b"".join(parts)).digest()


def leaf(claims: bytes) -> bytes:
    return sha384(b"\0", claims)


def node(left: bytes, right: bytes) -> bytes:
    return sha384(b"\1", left, right)


def fold(start: bytes, sides: int, siblings: list[bytes]) -> bytes:
    for k, sibling in enumerate(siblings):
        start = node(sibling, start) if sides >> k & 1 else node(start, sibling)
    return start


def build(leaves: list[bytes]) -> bytes:
    """The root: pairs from the left, an odd last one moves up, equal leaves enter once."""
    row = list(dict.fromkeys(leaves))
    while len(row) > 1:
        pairs = [node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(row) - len(row) % 2:]
    return row[0]


def report_data(root: bytes) -> bytes:
    return hashlib.sha512(b"RATLS-SNP-v1\0" + root).digest()


def hkdf_label(label: str, context: bytes, length: int) -> bytes:
    """HkdfLabel of RFC 8446, 7.1."""
    name = b"tls13 " + label.encode()
    return length.to_bytes(2, "big") + bytes([len(name)]) + name + bytes([len(context)]) + context


def expand_label(hash_: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    info, out, block = hkdf_label(label, context, length), b"", b""
    while len(out) < length:
        block = hmac.digest(secret, block + info + bytes([len(out) // hashlib.new(hash_).digest_size + 1]), hash_)
        out += block
    return out[:length]


def exporter(hash_: str, secret: bytes, label: str, context: bytes, length: int) -> bytes:
    """TLS-Exporter of RFC 8446, 7.5."""
    empty = hashlib.new(hash_, b"").digest()
    derived = expand_label(hash_, secret, label, empty, len(empty))
    return expand_label(hash_, derived, "exporter", hashlib.new(hash_, context).digest(), length)


def binder(session: dict, role: int, level: int, spki: bytes) -> bytes | None:
    """Which of the three belongs to this role and level; none at level 0."""
    hash_, key = session["hash"], sha384(spki)
    if level == 0:
        return None
    if role == 1:
        secret = bytes.fromhex(session["client_handshake_traffic_secret"])
        return expand_label(hash_, secret, "ratls s binder", key, 48)
    secret = bytes.fromhex(session["exporter_master_secret"])
    if role == 0:
        return exporter(hash_, secret, "EXPERIMENTAL-ratls-v1-client", key, 48)
    context = bytes.fromhex(session["ctx"]) + bytes([role]) + key
    return exporter(hash_, secret, "EXPERIMENTAL-ratls-v1-post", context, 48)
