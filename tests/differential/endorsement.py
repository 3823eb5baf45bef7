"""VCEK and VLEK certificates, read as docs/snp.md (section 2) says."""

import datetime
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

import der
from der import Malformed

AMD_ARC = "1.3.6.1.4.1.3704.1."


class Endorsement(NamedTuple):
    kind: str
    line: str
    tcb: bytes  # as TCB_VERSION
    hardware_id: bytes
    begin: datetime.datetime
    end: datetime.datetime
    issuer: bytes  # DER
    issuer_cn: str
    key: ec.EllipticCurvePublicKey
    tbs: bytes
    signature: bytes


NAME = (("2.5.4.11", "Engineering"), ("2.5.4.6", "US"), ("2.5.4.7", "Santa Clara"), ("2.5.4.8", "CA"),
        ("2.5.4.10", "Advanced Micro Devices"))
# RFC 5280, 4.1.2.4 and appendix A: the strings of a name, and the bits of x500UniqueIdentifier.
NAME_TAGS = {der.BIT_STRING, der.UTF8, der.PRINTABLE, 0x14, der.IA5, 0x1C, 0x1E}
PRODUCTS = {"Milan": "milan", "Genoa": "genoa", "Turin": "turin"}  # with or without a stepping: "Milan-B0"


def common_name(name: der.Tlv) -> str:
    """The first; what else a name says is its issuer's business, which signed it."""
    found = []
    for part in name.want(der.SEQUENCE).items():
        for attribute in part.want(der.SET).items():
            kind, value = two_of(attribute.want(der.SEQUENCE).items())
            if kind.tag != der.OID or value.tag not in NAME_TAGS:
                raise Malformed("a name of another type")
            if kind.raw == der.make_oid("2.5.4.3"):
                found.append(value.content.decode("latin-1"))
    if not found:
        raise Malformed("a name without a common name")
    return found[0]


def two_of(items: list) -> list:
    if len(items) != 2:
        raise Malformed("not two elements")
    return items


SHA384_ALGORITHM = der.tlv(der.SEQUENCE, der.make_oid("2.16.840.1.101.3.4.2.2"), der.tlv(der.NULL))
PSS_PARAMETERS = (der.tlv(0xA0, SHA384_ALGORITHM)
                  + der.tlv(0xA1, der.tlv(der.SEQUENCE, der.make_oid("1.2.840.113549.1.1.8"), SHA384_ALGORITHM))
                  + der.tlv(0xA2, der.make_integer(48)))
TRAILER = der.tlv(0xA3, der.make_integer(1))


def pss_algorithm(trailer: bool) -> bytes:
    """AMD writes the trailer although 1 is its default, or leaves it out."""
    return der.tlv(der.SEQUENCE, der.make_oid("1.2.840.113549.1.1.10"),
                   der.tlv(der.SEQUENCE, PSS_PARAMETERS, TRAILER if trailer else b""))


def parse_time(element: der.Tlv) -> datetime.datetime:
    text = element.content.decode("ascii", "replace")
    if element.tag == der.UTC_TIME and len(text) == 13:
        text = ("20" if text[:1] < "5" else "19") + text
    elif element.tag != der.GENERALIZED_TIME or len(text) != 15:
        raise Malformed("not a time")
    if not text[:14].isdecimal() or not text[:14].isascii() or text[14] != "Z":
        raise Malformed("not a time")
    try:
        return datetime.datetime(*(int(text[at:at + size]) for at, size in
                                   ((0, 4), (4, 2), (6, 2), (8, 2), (10, 2), (12, 2))),
                                 tzinfo=datetime.timezone.utc)
    except ValueError:
        raise Malformed("not a time") from None


def parse_key(spki: der.Tlv) -> ec.EllipticCurvePublicKey:
    algorithm, point = two_of(spki.want(der.SEQUENCE).items())
    wanted = der.make_oid("1.2.840.10045.2.1") + der.make_oid("1.3.132.0.34")
    if algorithm.raw != der.tlv(der.SEQUENCE, wanted):
        raise Malformed("not a P-384 key")
    encoded = der.bits(point)
    if len(encoded) != 97 or encoded[0] != 4:
        raise Malformed("not an uncompressed point")
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP384R1(), encoded)
    except ValueError:
        raise Malformed("not a point of P-384") from None


def parse_extensions(field: der.Tlv) -> dict[str, bytes]:
    """AMD's, by what follows 1.3.6.1.4.1.3704.1; others are let be unless they are critical."""
    out: dict[str, bytes] = {}
    seen = set()
    for extension in der.read_one(field.content, der.SEQUENCE).items():
        parts = extension.want(der.SEQUENCE).items()
        name = der.oid(parts[0]) if parts else ""
        if len(parts) != 2 or parts[1].tag != der.OCTET_STRING:
            raise Malformed(f"extension {name}: critical, or not an extension")
        if name in seen:
            raise Malformed(f"extension {name} twice")
        seen.add(name)
        if name.startswith(AMD_ARC):
            out[name[len(AMD_ARC):]] = parts[1].content
    return out


def parse_endorsement(data: bytes) -> Endorsement:
    if len(data) > 8192:
        raise Malformed("too large")
    parts = der.read_one(data, der.SEQUENCE).items()
    if len(parts) != 3:
        raise Malformed("not a certificate")
    tbs, algorithm, signature = parts
    if algorithm.raw not in (pss_algorithm(True), pss_algorithm(False)):
        raise Malformed("not signed with RSASSA-PSS and SHA-384")
    fields = tbs.want(der.SEQUENCE).items()
    if len(fields) != 8:
        raise Malformed("not the fields of AMD's certificates")
    version, serial, inner, issuer, validity, subject, spki, extensions = fields
    if version.want(0xA0).content != der.make_integer(2) or der.integer(serial) != 0:
        raise Malformed("not version 3, or a serial number")
    if inner.raw != algorithm.raw:
        raise Malformed("two signature algorithms")
    begin, end = (parse_time(time) for time in two_of(validity.want(der.SEQUENCE).items()))
    if begin > end:
        raise Malformed("it ends before it begins")
    kind = {"SEV-VCEK": "vcek", "SEV-VLEK": "vlek"}.get(common_name(subject))
    if kind is None:
        raise Malformed("the subject is none of AMD's")
    found = parse_extensions(extensions.want(0xA3))
    line = PRODUCTS.get(text_of(found, "2").split("-")[0])
    if line is None:
        raise Malformed("the product is none of AMD's")
    return Endorsement(kind, line, tcb_of(found, line), hardware_id_of(found, kind, line), begin, end,
                       issuer.raw, common_name(issuer), parse_key(spki), tbs.raw, der.bits(signature))


def text_of(extensions: dict[str, bytes], name: str) -> str:
    if name not in extensions:
        raise Malformed(f"no extension {name}")
    text = der.read_one(extensions[name], der.IA5).content.decode("latin-1")
    if not text or not all(" " <= c <= "~" for c in text):
        raise Malformed(f"extension {name} is no printable text")
    return text


def hardware_id_of(extensions: dict[str, bytes], kind: str, line: str) -> bytes:
    allowed = {"1", "2", "4" if kind == "vcek" else "5",
               *(f"3.{n}" for n in ((1, 2, 3, 5, 6, 7, 8, 9) if line == "turin" else range(1, 9)))}
    if set(extensions) != allowed:
        raise Malformed("not AMD's set of extensions")
    if kind == "vlek":
        text_of(extensions, "5")
        return b""
    if len(extensions["4"]) != (8 if line == "turin" else 64):
        raise Malformed("hwID of another length")
    return extensions["4"]


def tcb_of(extensions: dict[str, bytes], line: str) -> bytes:
    def level(name: str) -> int:
        if name not in extensions:
            raise Malformed(f"no extension {name}")
        value = der.integer(der.read_one(extensions[name], der.INTEGER))
        if not 0 <= value <= 255:
            raise Malformed(f"extension {name} is no security version")
        return value

    if level("1") != (1 if line == "turin" else 0):
        raise Malformed("structVersion does not fit the product")
    spare = ("3.5", "3.6", "3.7") if line == "turin" else ("3.4", "3.5", "3.6", "3.7")
    if any(level(name) for name in spare):
        raise Malformed("a spare security version is not zero")
    bootloader, tee, snp, microcode = (level(name) for name in ("3.1", "3.2", "3.3", "3.8"))
    if line == "turin":
        return bytes([level("3.9"), bootloader, tee, snp, 0, 0, 0, microcode])
    return bytes([bootloader, tee, 0, 0, 0, 0, snp, microcode])
