"""Evidence of Azure's confidential VMs: docs/protocol.md, section 4, "Azure's binding".

Nothing of this project's code is in it. RSA comes from python3-cryptography.
"""

import base64
import hashlib
import hmac
import json
import re
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

import cbor

REPORT_SIZE, HEADER_SIZE, REQUEST_SIZE, MOST = 1184, 32, 20, 4096
BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


class Refused(Exception):
    """Its text is the reason's code."""


class Azure(NamedTuple):
    report: bytes
    runtime: bytes
    quote: bytes
    extra_data: bytes
    pcrs: list[int]
    pcr_digest: bytes
    signature: bytes
    values: bytes


class Fields:
    """A cursor; what is cut short is refused for `reason`."""

    def __init__(self, data: bytes, reason: str):
        self.data, self.at, self.reason = data, 0, reason

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise Refused(self.reason)
        self.at += count
        return self.data[self.at - count:self.at]

    def little(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def big(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def must(self, holds: bool, reason: str = "") -> None:
        if not holds:
            raise Refused(reason or self.reason)


def read_hcl(data: bytes) -> tuple[bytes, bytes]:
    """The report and the runtime data."""
    fields, unsupported = Fields(data, "malformed_hcl_report"), "unsupported_hcl_report"
    fields.must(len(data) <= MOST)
    fields.must(fields.take(4) == b"HCLA")
    fields.must(fields.little() in (1, 2), unsupported)
    whole = fields.little()
    fields.must(fields.little() == 2)  # an attestation
    fields.must(fields.little() == 0)  # status
    fields.must(not any(fields.take(12)))
    report = fields.take(REPORT_SIZE)
    data_size = fields.little()
    fields.must(fields.little() == 1)
    fields.must(fields.little() == 2, unsupported)  # SEV-SNP
    fields.must(fields.little() == 1, unsupported)  # SHA-256
    size = fields.little()
    fields.must(0 < size <= MOST and data_size == size + REQUEST_SIZE
                and whole == HEADER_SIZE + REPORT_SIZE + data_size)
    runtime = fields.take(size)
    fields.must(not any(data[fields.at:]))
    return report, runtime


def read_quote(data: bytes) -> tuple[bytes, list[int], bytes]:
    """The qualifying data, the selected PCRs and their digest."""
    fields = Fields(data, "malformed_tpm_quote")
    fields.must(fields.big(4) == 0xFF544347 and fields.big(2) == 0x8018)
    name_size = fields.big(2)
    fields.must(name_size <= 66)
    fields.take(name_size)
    extra_size = fields.big(2)
    fields.must(extra_size <= 66)
    extra = fields.take(extra_size)
    fields.take(16)  # clock, resetCount, restartCount
    fields.must(fields.big(1) <= 1)
    fields.take(8)  # firmwareVersion
    fields.must(fields.big(4) == 1 and fields.big(2) == 0x000B and fields.big(1) == 3)
    mask = int.from_bytes(fields.take(3), "little")
    fields.must(mask != 0 and fields.big(2) == 32)
    digest = fields.take(32)
    fields.must(fields.at == len(data))
    return extra, [i for i in range(24) if mask >> i & 1], digest


def parse(data: bytes) -> Azure:
    """Shapes only, in the order of section 10. Raises cbor.Malformed too."""
    reader = cbor.Reader(data)
    reader.array(4)
    hcl, quote, signature, values = (reader.bytes() for _ in range(4))
    reader.end()
    report, runtime = read_hcl(hcl)
    extra, pcrs, digest = read_quote(quote)
    return Azure(report, runtime, quote, extra, pcrs, digest, signature, values)


def covers(azure: Azure, report_data: bytes) -> bool:
    wanted = hashlib.sha384(b"RATLS-AZURE-v1\0" + report_data).digest()
    return hmac.compare_digest(azure.extra_data, wanted)


def check_runtime_data(azure: Azure, vmpl: int) -> None:
    wanted = hashlib.sha256(azure.runtime).digest() + bytes(32)
    if not hmac.compare_digest(azure.report[0x50:0x90], wanted):
        raise Refused("runtime_data_mismatch")
    if vmpl != 0:
        raise Refused("paravisor_vmpl")


def once(pairs: list) -> dict:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a member twice")
    return dict(pairs)


def number(text: str) -> int:
    if not BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if data[0] == 0:
        raise ValueError("a leading zero")
    return int.from_bytes(data, "big")


def read_key(runtime: bytes) -> rsa.RSAPublicKey:
    """The one HCLAkPub of strict JSON."""
    try:
        keys = json.loads(runtime.decode(), object_pairs_hook=once)["keys"]
        (key,) = [each for each in keys if each["kid"] == "HCLAkPub"]
        if key["kty"] != "RSA":
            raise ValueError("no RSA key")
        return rsa.RSAPublicNumbers(number(key["e"]), number(key["n"])).public_key()
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("malformed_runtime_data") from error


def check_quote(azure: Azure) -> None:
    key = read_key(azure.runtime)
    try:
        key.verify(azure.signature, azure.quote, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise Refused("quote_signature_invalid") from error
    digest = hashlib.sha256(azure.values).digest()
    if len(azure.values) != 32 * len(azure.pcrs) or not hmac.compare_digest(digest, azure.pcr_digest):
        raise Refused("pcr_values_mismatch")
