"""Frames of docs/protocol.md, section 8."""

import cbor

MOST = {0: 16384, 1: 64, 2: 8192, 3: 1024}
DATA, REQUEST, EVIDENCE, VERDICT = range(4)


def split(stream: bytes) -> tuple[int, bytes]:
    """The type and the body of one frame that is all of `stream`; the length is judged unread."""
    kind, size = stream[0], int.from_bytes(stream[1:4], "big")
    if kind not in MOST or size > MOST[kind]:
        raise cbor.Malformed("no such frame, or too long")
    if len(stream) != 4 + size:
        raise cbor.Malformed("another length than its body has")
    return kind, stream[4:]


def read_verdict(body: bytes) -> tuple[int, str, str]:
    reader = cbor.Reader(body)
    reader.array(3)
    out = reader.uint(), reader.text(), reader.text()
    reader.end()
    return out


def read_request(body: bytes) -> tuple[bytes, int]:
    reader = cbor.Reader(body)
    reader.array(2)
    out = reader.bytes(), reader.uint()
    reader.end()
    if len(out[0]) != 32:
        raise cbor.Malformed("a ctx that is not 32 bytes")
    return out


def read_evidence(body: bytes) -> tuple[bytes, bytes]:
    reader = cbor.Reader(body)
    reader.array(2)
    context = reader.bytes()
    if len(context) != 32:
        raise cbor.Malformed("a ctx that is not 32 bytes")
    if not body[reader.at:]:
        raise cbor.Malformed("an EVIDENCE without evidence")
    return context, body[reader.at:]


READERS = {REQUEST: read_request, EVIDENCE: read_evidence, VERDICT: read_verdict}


def read(stream: bytes):
    """Any frame, as a framed endpoint reads it."""
    kind, body = split(stream)
    return READERS[kind](body) if kind in READERS else body
