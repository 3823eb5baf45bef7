"""DER (X.690), read strictly and written minimally."""

from typing import Iterator, NamedTuple


class Malformed(Exception):
    """Not DER, or not the form that is asked for."""


class Tlv(NamedTuple):
    tag: int
    content: bytes
    raw: bytes

    def want(self, tag: int) -> "Tlv":
        if self.tag != tag:
            raise Malformed(f"tag {self.tag:#x}, not {tag:#x}")
        return self

    def items(self) -> list["Tlv"]:
        return list(read_all(self.content))


SEQUENCE, SET, INTEGER, BIT_STRING, OCTET_STRING = 0x30, 0x31, 0x02, 0x03, 0x04
NULL, OID, UTF8, PRINTABLE, IA5, UTC_TIME, GENERALIZED_TIME = 0x05, 0x06, 0x0C, 0x13, 0x16, 0x17, 0x18
BOOLEAN = 0x01


def read(data: bytes) -> tuple[Tlv, bytes]:
    """The first element, and what is behind it."""
    if len(data) < 2:
        raise Malformed("cut short")
    if data[0] & 0x1F == 0x1F:
        raise Malformed("a tag of several bytes")
    size, at = data[1], 2
    if size >= 0x80:
        count = size & 0x7F
        at += count
        if count == 0 or count > 4 or len(data) < at:
            raise Malformed("a length that is none")
        size = int.from_bytes(data[2:at], "big")
        if size < 0x80 or size >> (8 * (count - 1)) == 0:
            raise Malformed("a length longer than it needs to be")
    if len(data) < at + size:
        raise Malformed("cut short")
    return Tlv(data[0], data[at:at + size], data[:at + size]), data[at + size:]


def read_all(data: bytes) -> Iterator[Tlv]:
    while data:
        element, data = read(data)
        yield element


def read_one(data: bytes, tag: int) -> Tlv:
    element, rest = read(data)
    if rest:
        raise Malformed("bytes behind the end")
    return element.want(tag)


def integer(element: Tlv) -> int:
    value = element.want(INTEGER).content
    if not value or (len(value) > 1 and (value[0], value[1] & 0x80) in ((0, 0), (0xFF, 0x80))):
        raise Malformed("an integer that is not minimal")
    return int.from_bytes(value, "big", signed=True)


def oid(element: Tlv) -> str:
    value = element.want(OID).content
    if not value or value[-1] & 0x80:
        raise Malformed("an object identifier cut short")
    arcs, number, begin = [], 0, True
    for byte in value:
        if begin and byte == 0x80:
            raise Malformed("an object identifier that is not minimal")
        begin = not byte & 0x80
        number = number << 7 | byte & 0x7F
        if begin:
            arcs.append(number)
            number = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, [first, arcs[0] - 40 * first, *arcs[1:]]))


def bits(element: Tlv) -> bytes:
    value = element.want(BIT_STRING).content
    if not value or value[0] != 0:
        raise Malformed("a bit string that is not whole bytes")
    return value[1:]


# -- Writing ---------------------------------------------------------------------

def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def make_integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def make_oid(dotted: str) -> bytes:
    arcs = [int(arc) for arc in dotted.split(".")]
    out = b""
    for arc in [arcs[0] * 40 + arcs[1], *arcs[2:]]:
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | arc & 0x7F)
        out += bytes(reversed(digits))
    return tlv(OID, out)
