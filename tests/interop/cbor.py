"""Deterministic CBOR of docs/protocol.md, section 3: read strictly, or refused."""


class Malformed(Exception):
    """Not deterministic CBOR, or not the form that is asked for."""


UINT, BYTES, TEXT, ARRAY, MAP = 0, 2, 3, 4, 5
DEEPEST = 4  # levels that an unknown claim may have


class Reader:
    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise Malformed("cut short")
        self.at += count
        return self.data[self.at - count:self.at]

    def head(self) -> tuple[int, int]:
        first = self.take(1)[0]
        major, short = first >> 5, first & 0x1F
        if major not in (UINT, BYTES, TEXT, ARRAY, MAP) or short > 27:
            raise Malformed("an item that is not of this protocol")
        if short < 24:
            return major, short
        size = 1 << (short - 24)
        value = int.from_bytes(self.take(size), "big")
        if value < (24 if size == 1 else 1 << (4 * size)):
            raise Malformed("longer than needed")
        return major, value

    def want(self, major: int) -> int:
        found, value = self.head()
        if found != major:
            raise Malformed(f"kind {found}, not {major}")
        return value

    def uint(self) -> int:
        return self.want(UINT)

    def bytes(self) -> bytes:
        return self.take(self.want(BYTES))

    def text(self) -> str:
        try:
            return self.take(self.want(TEXT)).decode()
        except UnicodeDecodeError as error:
            raise Malformed("text that is not UTF-8") from error

    def array(self, count: int) -> None:
        if self.want(ARRAY) != count:
            raise Malformed(f"not {count} items")

    def skip(self, depth: int = 1) -> None:
        major, value = self.head()
        if major in (BYTES, TEXT):
            self.take(value)
        elif major == ARRAY or major == MAP:
            if depth == DEEPEST:
                raise Malformed("nested too deep")
            before = b""
            for _ in range(value):
                if major == MAP:
                    begin = self.at
                    self.skip(depth + 1)
                    key = self.data[begin:self.at]
                    if key <= before:
                        raise Malformed("keys out of order")
                    before = key
                self.skip(depth + 1)

    def keys(self, kind: str):
        """Yields each key of a map; the caller reads the value before the next."""
        before = b""
        for _ in range(self.want(MAP)):
            begin = self.at
            key = self.uint() if kind == "uint" else self.text()
            encoded = self.data[begin:self.at]
            if encoded <= before:
                raise Malformed("keys out of order, or one twice")
            before = encoded
            yield key

    def end(self) -> None:
        if self.at != len(self.data):
            raise Malformed("bytes behind the end")
