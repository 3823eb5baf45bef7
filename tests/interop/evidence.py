"""A verifier of its own for docs/protocol.md: sections 2, 3, 4, 5 and 10, but for the policy.

Nothing of this project's code is in it. Reports and endorsement certificates are read by the
independent verifier of tests/differential, which was written from docs/snp.md.
"""

import hmac
from typing import NamedTuple, Optional

import azure
import binders
import cbor
import der
import endorsement as amd_endorsement
import report as amd_report
import verifier as snp

OID = "1.3.6.1.5.5.7.1.35"
KEY_USAGE, BASIC_CONSTRAINTS = "2.5.29.15", "2.5.29.19"
CURVES = {"1.2.840.10045.3.1.7", "1.3.132.0.34"}  # P-256, P-384
RECORDS = {
    1: ("report", ("application/vnd.amd.sev-snp.attestation-report",
                   "application/vnd.ratls.azure-snp+cbor"), 4),
    2: ("endorsement", "application/pkix-cert", 2),
    3: ("claims", "application/vnd.ratls.claims+cbor", 4),
    4: ("crl", "application/pkix-crl", 2),
    5: ("path", "application/vnd.ratls.path+cbor", 4),
}
PAIRS = {(0, 0), (0, 3), (1, 0), (1, 2), (2, 3), (3, 3)}
# What the checks of tests/differential/verifier.py are called in core/reasons.def.
REASONS = {"signing_key": "signing_key_mismatch", "issuer": "chain_untrusted", "product": "product_mismatch",
           "chip": "chip_id_mismatch", "tcb": "tcb_mismatch", "chain": "chain_untrusted",
           "signature": "signature_invalid"}


Refused = azure.Refused


class Claims(NamedTuple):
    role: int
    level: int
    nonce: Optional[bytes]
    spki_hash: bytes


def read_claims(data: bytes) -> Claims:
    reader, found = cbor.Reader(data), {}
    for key in reader.keys("text"):
        if key == "nonce":
            found[key] = sized(reader.bytes(), 48)
        elif key == "ratls":
            reader.array(3)
            found[key] = (reader.uint(), reader.uint(), reader.uint())
        elif key == "identity":
            reader.array(2)
            found[key] = (reader.bytes(), reader.bytes())
        elif key == "pubkey-hash":
            found[key] = read_hash(reader.bytes())
        else:
            reader.skip()
    reader.end()
    if "ratls" not in found or "pubkey-hash" not in found:
        raise cbor.Malformed("a claim is missing")
    version, role, level = found["ratls"]
    if version != 1 or (role, level) not in PAIRS:
        raise cbor.Malformed("no such version, role and level")
    if ("nonce" in found) != (level > 0) or ("identity" in found and level == 0):
        raise cbor.Malformed("a nonce or an identity where none belongs")
    return Claims(role, level, found.get("nonce"), found["pubkey-hash"])


def sized(data: bytes, size: int) -> bytes:
    if len(data) != size:
        raise cbor.Malformed(f"not {size} bytes")
    return data


def read_hash(data: bytes) -> bytes:
    reader = cbor.Reader(data)
    reader.array(2)
    if reader.uint() != 7:
        raise cbor.Malformed("not a SHA-384")
    out = sized(reader.bytes(), 48)
    reader.end()
    return out


def read_path(data: bytes) -> tuple[int, list[bytes]]:
    reader = cbor.Reader(data)
    reader.array(2)
    sides, count = reader.uint(), reader.want(cbor.ARRAY)
    if not 1 <= count <= 16 or sides >> count:
        raise cbor.Malformed("siblings or sides")
    siblings = [sized(reader.bytes(), 48) for _ in range(count)]
    reader.end()
    return sides, siblings


def read_envelope(data: bytes) -> dict:
    """The records by name; of an Azure guest "azure" as well, and "report" is the one inside."""
    if len(data) > 8192:
        raise cbor.Malformed("more than 8192 bytes")
    reader, found = cbor.Reader(data), {}
    for key in reader.keys("uint"):
        if key not in RECORDS:
            raise cbor.Malformed("a record that nobody knows")
        name, media_type, kind = RECORDS[key]
        reader.array(3)
        shown, value, ind = reader.text(), reader.bytes(), reader.uint()
        if shown not in (media_type if name == "report" else (media_type,)) or ind != kind:
            raise cbor.Malformed("media type or ind")
        found["azure" if shown.endswith("azure-snp+cbor") else name] = value
    reader.end()
    if not found.get("claims"):
        raise cbor.Malformed("a record is missing")
    if "azure" in found:
        found["azure"] = azure.parse(found["azure"])
        found["report"] = found["azure"].report
    if len(found.get("report", b"")) != 1184:
        raise cbor.Malformed("a record is missing, or the report has another size")
    return found


class Leaf(NamedTuple):
    spki: bytes
    extension: bytes  # extnValue's contents


def curve_of(spki: der.Tlv) -> str:
    algorithm, _ = spki.items()
    kind, curve = algorithm.items()
    return der.oid(curve) if der.oid(kind) == "1.2.840.10045.2.1" else "none"


def read_leaf(data: bytes) -> Leaf:
    """Section 2: the shape of the one certificate. The self-signature is not checked."""
    if len(data) > 8192:
        raise der.Malformed("more than 8192 bytes")
    tbs, _, _ = der.read_one(data, der.SEQUENCE).items()
    version, _, _, issuer, _, subject, spki, *rest = tbs.items()
    if version.raw != der.tlv(0xA0, der.make_integer(2)) or issuer.raw != subject.raw:
        raise der.Malformed("not v3, or another issuer than subject")
    if curve_of(spki) not in CURVES or len(rest) != 1:
        raise der.Malformed("another key, or no extensions")
    found = []
    for item in der.read_one(rest[0].want(0xA3).content, der.SEQUENCE).items():
        oid, *critical, value = item.items()
        name, is_critical = der.oid(oid), bool(critical)
        if is_critical and (critical[0].raw != b"\x01\x01\xff" or name not in (KEY_USAGE, BASIC_CONSTRAINTS)):
            raise der.Malformed("a critical extension that is not known")
        if name == BASIC_CONSTRAINTS and der.read_one(value.content, der.SEQUENCE).content:
            raise der.Malformed("a CA")
        if name == OID:
            found.append(value.want(der.OCTET_STRING).content)
    if len(found) != 1:
        raise der.Malformed("not one evidence extension")
    return Leaf(spki.raw, found[0])


def bind(case: dict, spki: bytes, parts: dict) -> None:
    """Claims against the verifier's own view, then all 64 bytes of REPORT_DATA; on Azure all 48 of
    the quote's qualifying data."""
    claims = read_claims(parts["claims"])
    path = read_path(parts["path"]) if "path" in parts else (0, [])
    if claims.level < case["minimum"]:
        raise Refused("level_too_low")
    own = binders.binder(case["session"], case["role"], claims.level, spki)
    root = binders.fold(binders.leaf(parts["claims"]), *path)
    holds = (claims.role == case["role"] and hmac.compare_digest(claims.spki_hash, binders.sha384(spki))
             and hmac.compare_digest(claims.nonce or b"", own or b""))
    if not holds:
        raise Refused("binding_mismatch")
    data = binders.report_data(root)
    if "azure" in parts:
        if not azure.covers(parts["azure"], data):
            raise Refused("quote_binding_mismatch")
    elif not hmac.compare_digest(parts["report"][0x50:0x90], data):
        raise Refused("binding_mismatch")


def read_report(data: bytes) -> amd_report.Report:
    if int.from_bytes(data[:4], "little") not in (2, 3, 4, 5):
        raise Refused("unsupported_version")
    if int.from_bytes(data[0x34:0x38], "little") != 1:
        raise Refused("unsupported_algorithm")
    if data[0x48] & 2:
        raise Refused("unsigned_report")
    try:
        return amd_report.parse_report(data)
    except der.Malformed as error:
        raise Refused("malformed_report") from error


def authenticate(parts: dict, now: int, issuers: list) -> None:
    report = read_report(parts["report"])
    if "azure" in parts:
        azure.check_runtime_data(parts["azure"], int.from_bytes(parts["report"][0x30:0x34], "little"))
    if "endorsement" not in parts:
        raise Refused("missing_endorsement")
    try:
        certificate = amd_endorsement.parse_endorsement(parts["endorsement"])
    except der.Malformed as error:
        raise Refused("malformed_endorsement") from error
    for name in ("signing_key", "issuer", "product", "chain", "chip", "tcb", "signature"):
        if not snp.CHECKS[name](report, certificate, issuers, now):
            raise Refused(REASONS[name])
    if "azure" in parts:
        azure.check_quote(parts["azure"])
    if now < certificate.begin.timestamp():
        raise Refused("endorsement_not_yet_valid")
    if now > certificate.end.timestamp():
        raise Refused("endorsement_expired")


def judge(case: dict, certificate: Optional[bytes], evidence: bytes, issuers: list) -> str:
    """ "accepted", or the reason's code. """
    spki = bytes.fromhex(case["peer_spki"])
    try:
        if certificate is not None:
            leaf = read_leaf(certificate)
            spki = leaf.spki
    except (der.Malformed, ValueError):
        return "malformed_certificate"
    try:
        if certificate is not None:
            evidence = der.read_one(leaf.extension, der.OCTET_STRING).content
        parts = read_envelope(evidence)
        bind(case, spki, parts)
        authenticate(parts, case["now"], issuers)
    except (cbor.Malformed, der.Malformed):
        return "malformed_evidence"
    except Refused as refusal:
        return str(refusal)
    return "accepted"
