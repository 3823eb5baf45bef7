"""An SEV-SNP verifier of its own, written from docs/snp.md and from nothing else of this project.

It answers what `authenticate_report()` answers: is this report genuine at this time? (Section 4 of
docs/snp.md.) Policy and revocation lists are not its business. Primitives come from
python3-cryptography, encodings are read by der.py.
"""

import hashlib
import pathlib
from typing import NamedTuple, Optional

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import der
from der import Malformed
from endorsement import Endorsement, parse_endorsement
from report import Report, line_of_cpuid, parse_report

P384_ORDER = int("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
                 "581a0db248b0a77aecec196accc52973", 16)
LINES = {"milan": "Milan", "genoa": "Genoa", "turin": "Turin"}

# docs/snp.md, section 2: SHA-256 of the SubjectPublicKeyInfo of AMD's keys.
PINNED = {
    ("milan", "ark"): "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
    ("milan", "ask"): "42491669ccb851d627ea9846cd24eccbeb7de7c2a62740120fff88001d38ebb6",
    ("milan", "asvk"): "66450a123ea5876206df67f2514a4fea224c0f63b18313423078b0edc4535e33",
    ("genoa", "ark"): "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
    ("genoa", "ask"): "0324d55bcd48ba877a8fd87c0e1b4934dec8448e3807a24384a34dc6a6c9ebb8",
    ("genoa", "asvk"): "7d1633252ebbadaa75f96e9b4e6f7d43a90ceb3f843937482630f8da2459264e",
    ("turin", "ark"): "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
    ("turin", "ask"): "0000ead352025f208bf55297c4192c34cd1b878002107366d8f2065a9ae7d3a9",
    ("turin", "asvk"): "bfc441408b2f806c5dbf180bd8920e6e60dd404d82141780d85dbf962954d386",
}

class Issuer(NamedTuple):
    line: str
    kind: str  # of what it signs
    key: rsa.RSAPublicKey
    name: Optional[bytes]  # DER; none for a simulator, of which only the common name is compared


def issuer_cn(line: str, kind: str) -> str:
    return ("SEV-VLEK-" if kind == "vlek" else "SEV-") + LINES[line]


def pss_verifies(key: rsa.RSAPublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message, padding.PSS(padding.MGF1(hashes.SHA384()), 48), hashes.SHA384())
        return True
    except InvalidSignature:
        return False


def is_named_after(endorsement: Endorsement) -> bool:
    return endorsement.issuer_cn == issuer_cn(endorsement.line, endorsement.kind)


def chains(endorsement: Endorsement, issuers: list[Issuer]) -> bool:
    return any(
        issuer.line == endorsement.line and issuer.kind == endorsement.kind
        and issuer.name in (None, endorsement.issuer)
        and pss_verifies(issuer.key, endorsement.signature, endorsement.tbs) for issuer in issuers)


def fits_product(report: Report, endorsement: Endorsement) -> bool:
    if report.version == 2:  # Turin's TCB cannot be read without CPUID
        return endorsement.line != "turin"
    return line_of_cpuid(*report.cpuid) == endorsement.line


def is_chip(report: Report, endorsement: Endorsement) -> bool:
    if endorsement.kind == "vlek":
        return True
    return any(report.chip_id) and report.chip_id == endorsement.hardware_id.ljust(64, b"\0")


def is_signed(report: Report, endorsement: Endorsement) -> bool:
    if not (0 < report.r < P384_ORDER and 0 < report.s < P384_ORDER):
        return False
    try:
        endorsement.key.verify(utils.encode_dss_signature(report.r, report.s), report.signed,
                               ec.ECDSA(hashes.SHA384()))
        return True
    except InvalidSignature:
        return False


def is_in_time(endorsement: Endorsement, when: int) -> bool:
    return endorsement.begin.timestamp() <= when <= endorsement.end.timestamp()


CHECKS = {
    "signing_key": lambda report, endorsement, issuers, when: report.key_kind == endorsement.kind,
    "issuer": lambda report, endorsement, issuers, when: is_named_after(endorsement),
    "product": lambda report, endorsement, issuers, when: fits_product(report, endorsement),
    "chip": lambda report, endorsement, issuers, when: is_chip(report, endorsement),
    "tcb": lambda report, endorsement, issuers, when: report.tcb == endorsement.tcb,
    "time": lambda report, endorsement, issuers, when: is_in_time(endorsement, when),
    "chain": lambda report, endorsement, issuers, when: chains(endorsement, issuers),
    "signature": lambda report, endorsement, issuers, when: is_signed(report, endorsement),
}


def faults(report: bytes, endorsement: Optional[bytes], when: int, issuers: list[Issuer]) -> list[str]:
    """What is wrong, cheapest check first; empty where the report is genuine."""
    out, parsed = [], []
    for name, parse, data in (("report", parse_report, report), ("certificate", parse_endorsement, endorsement)):
        try:
            parsed.append(parse(data) if data is not None else None)
        except Malformed:
            out.append(name)
    if endorsement is None:
        out.append("missing")
    if out:
        return out
    return [name for name, holds in CHECKS.items() if not holds(*parsed, issuers, when)]


def amd_issuers(folder: pathlib.Path) -> list[Issuer]:
    """AMD's intermediate keys from its certificates, which must be the pinned ones and chain up."""
    out = []
    for (line, ca), pinned in PINNED.items():
        parts = der.read_one((folder / line / f"{ca}.der").read_bytes(), der.SEQUENCE).items()
        fields = parts[0].items()
        if hashlib.sha256(fields[6].raw).hexdigest() != pinned:
            raise SystemExit(f"{folder}/{line}/{ca}.der is not AMD's")
        key = serialization.load_der_public_key(fields[6].raw)
        if ca == "ark":
            ark = key
        if not pss_verifies(ark, der.bits(parts[2]), parts[0].raw):
            raise SystemExit(f"{folder}/{line}/{ca}.der is not signed by its ARK")
        if ca != "ark":
            out.append(Issuer(line, "vlek" if ca == "asvk" else "vcek", key, fields[5].raw))
    return out
