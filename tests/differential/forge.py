"""An AMD of our own: keys, VCEKs, VLEKs and reports in AMD's shape, and wrong ones.

What it signs it signs properly, so that a wrong field is refused for itself and not for a signature
that no longer fits.
"""

import dataclasses
import random

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import der
from endorsement import AMD_ARC, NAME, pss_algorithm
from verifier import LINES, P384_ORDER, Issuer, issuer_cn

CPUID = {"milan": (0x19, 0x01, 1), "genoa": (0x19, 0x11, 1), "bergamo_siena": (0x19, 0xA0, 2),
         "turin": (0x1A, 0x02, 1)}
KEY_LINE = {"milan": "milan", "genoa": "genoa", "bergamo_siena": "genoa", "turin": "turin"}
NOW = 1_795_392_000  # 2026-11-23T00:00:00Z
BEGIN, END = b"260601000000Z", b"330601000000Z"


@dataclasses.dataclass
class Shape:
    """A certificate, still to be signed; each part as it will stand in the DER."""

    line: str
    kind: str
    version: bytes
    serial: bytes
    inner: bytes
    outer: bytes
    issuer: bytes
    validity: bytes
    subject: bytes
    spki: bytes
    extensions: list[tuple[str, bytes, bytes]]  # object identifier, what is between, value
    behind: bytes = b""  # between the key and the extensions
    salt: int = 48
    hash_: hashes.HashAlgorithm = dataclasses.field(default_factory=hashes.SHA384)

    def tbs(self) -> bytes:
        listed = [der.tlv(der.SEQUENCE, der.make_oid(name), between, der.tlv(der.OCTET_STRING, value))
                  for name, between, value in self.extensions]
        fields = [der.tlv(0xA0, self.version), self.serial, self.inner, self.issuer, self.validity,
                  self.subject, self.spki, self.behind, der.tlv(0xA3, der.tlv(der.SEQUENCE, *listed))]
        return der.tlv(der.SEQUENCE, *fields)


def name(common_name: str, attributes=NAME, tag=der.UTF8) -> bytes:
    return der.tlv(der.SEQUENCE, *(
        der.tlv(der.SET, der.tlv(der.SEQUENCE, der.make_oid(kind), der.tlv(
            der.PRINTABLE if kind == "2.5.4.6" else tag, value.encode())))
        for kind, value in [*attributes, ("2.5.4.3", common_name)]))


def spki_of(key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.DER,
                                         serialization.PublicFormat.SubjectPublicKeyInfo)


def level(value: int) -> bytes:
    return der.make_integer(value)


def extensions_of(line: str, kind: str, tcb: dict[str, int], chip: bytes) -> list:
    turin = line == "turin"
    product = {"milan": "Milan-B0" if kind == "vcek" else "Milan", "genoa": "Genoa", "turin": "Turin"}[line]
    values = {"1": level(int(turin)), "2": der.tlv(der.IA5, product.encode()),
              "3.1": level(tcb["bootloader"]), "3.2": level(tcb["tee"]), "3.3": level(tcb["snp"]),
              **({} if turin else {"3.4": level(0)}), "3.5": level(0), "3.6": level(0), "3.7": level(0),
              "3.8": level(tcb["microcode"]), **({"3.9": level(tcb["fmc"])} if turin else {})}
    if kind == "vcek":
        values["4"] = chip[:8] if turin else chip
    else:
        values["5"] = der.tlv(der.IA5, b"CN=forged.invalid")
    return [(AMD_ARC + tail, b"", value) for tail, value in values.items()]


def tcb_bytes(line: str, tcb: dict[str, int]) -> bytes:
    if line == "turin":
        return bytes([tcb["fmc"], tcb["bootloader"], tcb["tee"], tcb["snp"], 0, 0, 0, tcb["microcode"]])
    return bytes([tcb["bootloader"], tcb["tee"], 0, 0, 0, 0, tcb["snp"], tcb["microcode"]])


class World:
    """Keys, and what they sign. `seed` decides everything but the keys and signatures."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.ark = rsa.generate_private_key(65537, 2048)
        self.ca = {(line, kind): rsa.generate_private_key(65537, 2048)
                   for line in LINES for kind in ("vcek", "vlek")}
        self.keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(4)]

    def roots(self) -> str:
        rows = (f"{line} {spki_of(self.ark).hex()} {spki_of(self.ca[line, 'vcek']).hex()} "
                f"{spki_of(self.ca[line, 'vlek']).hex()}\n" for line in LINES)
        return "".join(rows)

    def issuers(self) -> list[Issuer]:
        return [Issuer(line, kind, key.public_key(), None) for (line, kind), key in self.ca.items()]

    def chip(self, line: str) -> bytes:
        chip = self.random.randbytes(8 if line == "turin" else 64)
        if self.random.random() < 0.5:  # what looks like a tag (docs/snp.md, section 2)
            chip = self.random.choice([b"\x02\x3e", b"\x04\x3e", b"\x04\x06", b"\x30\x3e", b"\x00\x00"]) + chip[2:]
        return chip.ljust(64, b"\0")

    def tcb(self) -> dict[str, int]:
        return {part: self.random.choice([0, 1, 4, 127, 128, 255, self.random.randrange(256)])
                for part in ("fmc", "bootloader", "tee", "snp", "microcode")}

    def shape(self, line: str, kind: str, tcb: dict[str, int], chip: bytes, key) -> Shape:
        algorithm = pss_algorithm(self.random.random() < 0.5)
        validity = der.tlv(der.SEQUENCE, der.tlv(der.UTC_TIME, BEGIN), der.tlv(der.UTC_TIME, END))
        return Shape(line, kind, level(2), level(0), algorithm, algorithm, name(issuer_cn(line, kind)),
                     validity, name("SEV-" + kind.upper()), spki_of(key),
                     extensions_of(line, kind, tcb, chip))

    def seal(self, shape: Shape, tbs: bytes) -> bytes:
        """The certificate with these signed bytes."""
        signature = self.ca[shape.line, shape.kind].sign(
            tbs, padding.PSS(padding.MGF1(shape.hash_), shape.salt), shape.hash_)
        return der.tlv(der.SEQUENCE, tbs, shape.outer, der.tlv(der.BIT_STRING, b"\0", signature))

    def report(self, product: str, kind: str, tcb: dict[str, int], chip: bytes) -> bytearray:
        """Not yet signed."""
        line = KEY_LINE[product]
        version = self.random.choice([3, 4, 5] if line == "turin" else [2, 3, 4, 5])
        out = bytearray(0x4A0)
        out[0] = version
        out[4:8] = self.random.randbytes(4)
        out[8:16] = (0x30000 | self.random.choice([0, 0x1F, 0x80000, 0x2000000])).to_bytes(8, "little")
        out[0x10:0x30] = self.random.randbytes(32)
        out[0x30] = self.random.randrange(4)
        out[0x34] = 1
        out[0x40:0x48] = self.random.randbytes(8)
        out[0x48] = self.random.randrange(2) | (4 if kind == "vlek" else 0)
        out[0x50:0x180] = self.random.randbytes(0x130)
        for at in (0x38, 0x180, 0x1E0, 0x1F0):
            out[at:at + 8] = tcb_bytes(line, tcb)
        if version >= 3:
            out[0x188:0x18B] = bytes(CPUID[product])
        if kind == "vcek" or self.random.random() < 0.5:
            out[0x1A0:0x1E0] = chip
        out[0x1E8:0x1EB] = out[0x1EC:0x1EF] = self.random.randbytes(3)
        if version == 5:
            out[0x1F8:0x208] = self.random.randbytes(16)
        return out


def signed(report: bytearray, key) -> bytes:
    """The report with R and S as the firmware writes them."""
    r, s = utils.decode_dss_signature(key.sign(bytes(report[:0x2A0]), ec.ECDSA(hashes.SHA384())))
    return with_signature(report, r, s)


def with_signature(report: bytes, r: int, s: int) -> bytes:
    return (bytes(report[:0x2A0]) + r.to_bytes(72, "little") + s.to_bytes(72, "little")
            + bytes(report[0x330:]))


def signature_of(report: bytes) -> tuple[int, int]:
    return (int.from_bytes(report[0x2A0:0x2E8], "little"), int.from_bytes(report[0x2E8:0x330], "little"))


def negated(report: bytes) -> bytes:
    """The other signature that ECDSA has for the same message: (r, n - s). It is valid."""
    r, s = signature_of(report)
    return with_signature(report, r, (P384_ORDER - s) % P384_ORDER)
