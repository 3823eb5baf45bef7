"""ATTESTATION_REPORT, read as docs/snp.md (section 1) says."""

from typing import NamedTuple

from der import Malformed


class Report(NamedTuple):
    version: int
    key_kind: str
    tcb: bytes
    cpuid: tuple[int, int]
    chip_id: bytes
    signed: bytes
    r: int
    s: int


def line_of_cpuid(family: int, model: int) -> str:
    if family == 0x19 and model <= 0x0F:
        return "milan"
    if family == 0x19 and (0x10 <= model <= 0x1F or 0xA0 <= model <= 0xAF):
        return "genoa"
    if family == 0x1A and model <= 0x11:
        return "turin"
    raise Malformed(f"CPUID {family:#x}/{model:#x} is no product")


def parse_report(data: bytes) -> Report:
    if len(data) != 0x4A0:
        raise Malformed("not 1184 bytes")

    def number(at: int, size: int) -> int:
        return int.from_bytes(data[at:at + size], "little")

    def zeros(begin: int, end: int) -> None:
        if any(data[begin:end]):
            raise Malformed(f"{begin:#x}..{end:#x} is not zero")

    version = number(0, 4)
    if version not in (2, 3, 4, 5):
        raise Malformed("version")
    policy, vmpl, key_info = number(8, 8), number(0x30, 4), number(0x48, 4)
    if not policy >> 17 & 1 or policy >> 26:
        raise Malformed("guest policy")
    if vmpl > 3 or number(0x34, 4) != 1:
        raise Malformed("VMPL or algorithm")
    if key_info >> 5 or key_info & 2 or key_info >> 2 & 7 > 1:
        raise Malformed("key info")
    for begin, end in ((0x4C, 0x50), (0x18B, 0x1A0), (0x1EB, 0x1EC), (0x1EF, 0x1F0), (0x208, 0x2A0),
                       (0x2D0, 0x2E8), (0x318, 0x4A0)):
        zeros(begin, end)
    if version == 2:
        zeros(0x188, 0x18B)
        if any(data[0x1A0:0x1A8]) and not any(data[0x1A8:0x1E0]):
            raise Malformed("a chip of Turin, whose TCB cannot be read without CPUID")
    if version < 5:
        zeros(0x1F8, 0x208)
    turin = version >= 3 and line_of_cpuid(data[0x188], data[0x189]) == "turin"
    for at in (0x38, 0x180, 0x1E0, 0x1F0):
        zeros(at + (4 if turin else 2), at + (7 if turin else 6))
    return Report(version, "vlek" if key_info >> 2 & 7 else "vcek", data[0x180:0x188],
                  (data[0x188], data[0x189]), data[0x1A0:0x1E0], data[:0x2A0],
                  number(0x2A0, 48), number(0x2E8, 48))
