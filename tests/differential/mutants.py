"""Cases for both verifiers: real and simulated evidence as it is and changed, and forged evidence."""

from typing import Callable, Iterator, NamedTuple, Optional

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import der
from endorsement import AMD_ARC, NAME, pss_algorithm
from forge import (BEGIN, CPUID, END, KEY_LINE, NOW, Shape, World, level, name, negated, signature_of, signed,
                   spki_of, with_signature)
from verifier import P384_ORDER


class Case(NamedTuple):
    label: str
    report: bytes
    endorsement: Optional[bytes]
    when: int


# -- Changed bytes of evidence that was good --------------------------------------

def flip_bit(data: bytes, random) -> bytes:
    at = random.randrange(len(data) * 8)
    return data[:at // 8] + bytes([data[at // 8] ^ 1 << at % 8]) + data[at // 8 + 1:]


def set_byte(data: bytes, random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + bytes([random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])]) + data[at + 1:]


def cut(data: bytes, random) -> bytes:
    return data[:random.randrange(len(data))]


def lengthen(data: bytes, random) -> bytes:
    return data + random.randbytes(random.choice([1, 1, 2, 100]))


def move(data: bytes, random) -> bytes:
    """One byte goes, or comes twice: everything behind it moves."""
    at = random.randrange(len(data))
    return data[:at] + data[at + 1:] if random.random() < 0.5 else data[:at] + data[at:at + 1] + data[at:]


def headers(data: bytes, base: int = 0) -> Iterator[int]:
    """Where the elements of DER begin, those inside others too."""
    at = 0
    while at < len(data):
        element, _ = der.read(data[at:])
        yield base + at
        if element.tag & 0x20:
            begin = at + len(element.raw) - len(element.content)
            yield from headers(element.content, base + begin)
        at += len(element.raw)


def spoil_header(data: bytes, random) -> bytes:
    """Another tag, another length, or a length written longer than it needs to be."""
    at = random.choice(list(headers(data)))
    kind = random.randrange(3)
    if kind == 2 and data[at + 1] < 0x80:
        return data[:at + 1] + b"\x81" + data[at + 1:]
    at += kind % 2
    return data[:at] + bytes([(data[at] + random.choice([1, -1, 0x20, 0x80])) % 256]) + data[at + 1:]


BYTES: list[Callable] = [flip_bit, flip_bit, set_byte, cut, lengthen, move]


def change_signature(report: bytes, random) -> bytes:
    r, s = signature_of(report)
    most = 1 << 576
    return random.choice([negated(report), with_signature(report, (r + P384_ORDER) % most, s),
                          with_signature(report, r, (s + P384_ORDER) % most), with_signature(report, 0, s),
                          with_signature(report, r, 0), with_signature(report, P384_ORDER, s),
                          with_signature(report, r, P384_ORDER), with_signature(report, s, r),
                          with_signature(report, 1, 1)])


def changed(good: list[Case], random) -> Case:
    case = random.choice(good)
    kind = random.randrange(10)
    if kind < 3:
        change = random.choice(BYTES)
        return case._replace(label=f"{case.label}, report: {change.__name__}", report=change(case.report, random))
    if kind < 6 and case.endorsement:
        change = random.choice([*BYTES, spoil_header, spoil_header])
        return case._replace(label=f"{case.label}, certificate: {change.__name__}",
                             endorsement=change(case.endorsement, random))
    if kind == 6:
        return case._replace(label=f"{case.label}, other r or s", report=change_signature(case.report, random))
    if kind == 7:
        day = random.choice([-4000, -400, 400, 4000]) * 86400
        return case._replace(label=f"{case.label}, at another time", when=max(0, case.when + day))
    other = random.choice(good)
    return case._replace(label=f"{case.label} with the certificate of {other.label}", endorsement=other.endorsement)


# -- Forged certificates ----------------------------------------------------------

def replace_extension(shape: Shape, random, change: Callable[[bytes], Optional[bytes]], tails=None) -> None:
    at = random.choice([i for i, (oid, _, _) in enumerate(shape.extensions)
                        if tails is None or oid[len(AMD_ARC):] in tails])
    oid, between, value = shape.extensions[at]
    value = change(value)
    shape.extensions[at:at + 1] = [] if value is None else [(oid, between, value)]


def extension_values(shape: Shape, random) -> None:
    integers = [level(n) for n in (-1, 0, 1, 127, 128, 255, 256, 1 << 32)]
    replace_extension(shape, random, lambda value: random.choice([
        None, b"", value + b"\0", value[:-1], *integers, b"\x02\x02\x00\x01", b"\x02\x81\x01\x01",
        der.tlv(der.OCTET_STRING, value), der.tlv(der.UTF8, b"Milan"), value + value, b"\x02\x00",
        *(der.tlv(der.IA5, text) for text in (b"Milan", b"Milan-B0", b"Milan-B1", b"Genoa", b"Genoa-B0", b"Turin",
                                              b"Turin-B0", b"Venice", b"milan", b"", b"Genoa\0"))]))


def product_name(shape: Shape, random) -> None:
    names = (b"Milan", b"Milan-B0", b"Milan-B1", b"Genoa", b"Genoa-B1", b"Turin", b"Siena", b"Bergamo", b"GENOA")
    replace_extension(shape, random, lambda _: der.tlv(der.IA5, random.choice(names)), ("2",))


def hardware_id(shape: Shape, random) -> None:
    replace_extension(shape, random, lambda value: random.choice([
        der.tlv(der.OCTET_STRING, value), value[:8], value.ljust(64, b"\0"), value[:-1], value + b"\0", b"",
        bytes(len(value)), None]), ("4", "5"))


def extension_list(shape: Shape, random) -> None:
    kind = random.randrange(7)
    some = random.choice(shape.extensions)
    if kind == 0:
        shape.extensions.append(some)
    elif kind == 1:
        random.shuffle(shape.extensions)
    elif kind == 2:
        shape.extensions.append((AMD_ARC + random.choice(["6", "3.10", "3", "4.1", "1.1"]), b"", level(0)))
    elif kind == 3:
        shape.extensions.append((AMD_ARC + random.choice(["4", "5", "3.9", "3.4"]), b"",
                                 random.choice([some[2], bytes(64), der.tlv(der.IA5, b"CN=x"), level(0)])))
    elif kind == 4:
        between = random.choice([b"\x01\x01\xff", b"\x01\x01\x00", b"\x01\x01\x01"])
        shape.extensions[shape.extensions.index(some)] = (some[0], between, some[2])
    elif kind == 5:  # not AMD's: 2.5.29.15 is key usage, 1.3.6.1.4.1.3704.2 is AMD's but not here
        shape.extensions.append((random.choice(["2.5.29.15", "1.2.3.4", "1.3.6.1.4.1.3704.2"]),
                                 random.choice([b"", b"\x01\x01\xff"]), b"\x03\x02\x07\x80"))
    else:
        shape.extensions.clear()


def names(shape: Shape, random) -> None:
    cn = random.choice(["SEV-VCEK", "SEV-VLEK", "VCEK", "SEV-Milan", "SEV-Genoa", "SEV-VLEK-Milan", "ARK-Milan",
                        "SEV-VCEK ", "sev-vcek", ""])
    if random.random() < 0.5:
        shape.subject = name(cn)
    else:
        shape.issuer = name(cn)


def name_form(shape: Shape, random) -> None:
    attributes = random.choice([NAME[1:], NAME[::-1], (), [*NAME, ("2.5.4.3", "SEV-VCEK")],
                                [(kind, value.lower()) for kind, value in NAME]])
    shape.subject = name("SEV-" + shape.kind.upper(), attributes, random.choice([der.UTF8, der.PRINTABLE, der.IA5]))


def validity(shape: Shape, random) -> None:
    times = [der.tlv(der.UTC_TIME, text) for text in (
        BEGIN, END, b"261123000000Z", b"261122235959Z", b"261123000001Z", b"490101000000Z", b"500101000000Z",
        b"260231000000Z", b"2606010000Z", b"260601000000+0000", b"260601240000Z", b"260601000060Z")]
    times += [der.tlv(der.GENERALIZED_TIME, text) for text in (
        b"20260601000000Z", b"20330601000000Z", b"99991231235959Z", b"20260601000000.5Z", b"00010101000000Z")]
    shape.validity = der.tlv(der.SEQUENCE, random.choice(times), random.choice(times))


def numbers(shape: Shape, random) -> None:
    if random.random() < 0.5:
        shape.version = random.choice([level(0), level(1), level(3), b"\x02\x02\x00\x02", level(-2)])
    else:
        shape.serial = random.choice([level(1), level(-1), b"\x02\x02\x00\x00", b"\x02\x00", level(1 << 64)])


def algorithms(shape: Shape, random) -> None:
    other = der.tlv(der.SEQUENCE, der.make_oid("1.2.840.113549.1.1.12"), der.tlv(der.NULL))
    kind = random.randrange(5)
    if kind == 0:
        shape.outer = pss_algorithm(shape.outer == pss_algorithm(False))
    elif kind == 1:
        shape.outer = shape.inner = other
    elif kind == 2:
        shape.salt = random.choice([0, 32, 47, 49])
    elif kind == 3:
        shape.hash_ = hashes.SHA256()
    else:
        spoilt = pss_algorithm(True).replace(level(48), level(random.choice([20, 32, 47])))
        shape.outer = shape.inner = random.choice([spoilt, pss_algorithm(True).replace(b"\x05\x00", b"\x04\x00")])


def public_key(shape: Shape, random) -> None:
    spki = shape.spki
    shape.spki = random.choice([
        spki_of(ec.generate_private_key(ec.SECP256R1())), spki[:-1] + bytes([spki[-1] ^ 1]),
        spki.replace(b"\x00\x04", b"\x00\x02", 1), spki.replace(b"\x03\x62\x00", b"\x03\x62\x01", 1),
        der.tlv(der.SEQUENCE, spki[2:18], der.tlv(der.BIT_STRING, b"\0\2" + spki[-96:-48]))])


def identifiers(shape: Shape, random) -> None:
    shape.behind = random.choice([b"\x81\x02\x00\x01", b"\x82\x02\x00\x01", der.tlv(der.NULL)])


FORGERIES: list[Callable] = [extension_values, extension_values, extension_list, extension_list, product_name,
                             hardware_id, names, name_form, validity, numbers, algorithms, public_key, identifiers]


# -- Forged reports ---------------------------------------------------------------

FIELDS = (0x00, 0x08, 0x0A, 0x0B, 0x30, 0x34, 0x40, 0x48, 0x49, 0x4C, 0x188, 0x189, 0x18A, 0x18B, 0x1A0, 0x1A8, 0x1DF,
          0x1EB, 0x1EF, 0x1F8, 0x200, 0x208, 0x29F)


def change_report(report: bytearray, random) -> str:
    kind = random.randrange(4)
    at = random.choice(FIELDS) if kind < 2 else random.randrange(0x2A0)
    if kind == 3:  # one of the four TCBs
        at = random.choice([0x38, 0x180, 0x1E0, 0x1F0]) + random.randrange(8)
    report[at] = random.choice([0, 1, 2, 3, 4, 6, 0x0F, 0x10, 0x11, 0x12, 0x1F, 0x20, 0x9F, 0xA0, 0xAF, 0xB0, 0xFF,
                                random.randrange(256)])
    return f"byte {at:#x} is {report[at]:#x}"


def forged(world: World) -> Case:
    random = world.random
    product, kind = random.choice(list(CPUID)), random.choice(["vcek", "vlek"])
    line, tcb = KEY_LINE[product], world.tcb()
    chip, key = world.chip(line), random.choice(world.keys)
    report, shape = world.report(product, kind, tcb, chip), world.shape(line, kind, tcb, chip, key)
    what, tbs_change, when = [f"forged {product} {kind}"], None, NOW
    choice = random.randrange(10)
    if choice < 3:
        what.append(change_report(report, random))
    elif choice < 7:
        change = random.choice(FORGERIES)
        change(shape, random)
        what.append(change.__name__)
    elif choice < 9:
        tbs_change = random.choice([flip_bit, set_byte, spoil_header, spoil_header])
        what.append(f"TBS: {tbs_change.__name__}")
    tbs = shape.tbs() if tbs_change is None else tbs_change(shape.tbs(), random)
    sealed = signed(report, key)
    if random.random() < 0.1:
        what.append("s negated")
        sealed = negated(sealed)
    return Case(", ".join(what), sealed, world.seal(shape, tbs), when)


def cases(good: list[Case], world: World, count: int) -> Iterator[Case]:
    """`count` of them, half made from `good`, half forged."""
    for _ in range(count):
        yield changed(good, world.random) if world.random.random() < 0.5 else forged(world)
