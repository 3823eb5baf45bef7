"""What the stand-in answers: one function for each way in which a key service can fail.

The first part of a request's path names the way. `kind` is vcek, crl or chain; answers/<kind> is
what a healthy service would send. A fault that says `once` behaves from the second request on.
"""

import pathlib
import socket
import time

PATHS: dict = {}
COUNTS: dict = {}


def fault(function):
    PATHS[function.__name__] = function
    return function


class Request:
    def __init__(self, connection, folder: pathlib.Path, mode: str, rest: str):
        self.connection, self.folder, self.mode = connection, folder, mode
        self.kind = "crl" if rest.endswith("/crl") else "chain" if rest.endswith("/cert_chain") else "vcek"
        COUNTS[mode] = COUNTS.get(mode, 0) + 1
        self.first = COUNTS[mode] == 1

    def answer(self, name: str = "") -> bytes:
        return (self.folder / "answers" / (name or self.kind)).read_bytes()

    def send(self, data: bytes) -> None:
        self.connection.sendall(data)

    def head(self, status: str = "200 OK", **fields: object) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        self.send(f"HTTP/1.1 {status}\r\nServer: stand-in\r\n{lines}\r\n".encode())

    def whole(self, body: bytes) -> None:
        self.head(Content_Length=len(body), Content_Type="application/octet-stream")
        self.send(body)


@fault
def ok(request):
    request.whole(request.answer())


@fault
def chunked(request):
    body = request.answer()
    request.head(Transfer_Encoding="chunked")
    for at in range(0, len(body), 400):
        piece = body[at:at + 400]
        request.send(b"%x\r\n%s\r\n" % (len(piece), piece))
    request.send(b"0\r\n\r\n")


@fault
def counted(request):
    """Slow enough for many to ask at once."""
    time.sleep(0.5)
    ok(request)


@fault
def slow(request):
    time.sleep(5)
    ok(request)


@fault
def drip_head(request):
    for byte in b"HTTP/1.1 200 OK\r\n":
        request.send(bytes([byte]))
        time.sleep(1)


@fault
def drip_body(request):
    request.head(Content_Length=1000)
    for _ in range(20):
        request.send(b"x")
        time.sleep(1)


@fault
def throttled_once(request):
    request.head("429 Too Many Requests", Retry_After=1) if request.first else ok(request)


@fault
def throttled_until(request):
    """With a date, from answers/date."""
    if request.first:
        request.head("429 Too Many Requests", Retry_After=request.answer("date").decode())
    else:
        ok(request)


@fault
def throttled_long(request):
    request.head("429 Too Many Requests", Retry_After=120, Content_Length=3)
    request.send(b"no\n")


@fault
def throttled_bare(request):
    request.head("429 Too Many Requests")


@fault
def busy_once(request):
    request.head("503 Service Unavailable", Retry_After=1) if request.first else ok(request)


@fault
def error_500(request):
    request.head("500 Internal Server Error", Content_Length=0)


@fault
def not_found(request):
    request.head("404 Not Found", Content_Length=0)


@fault
def genoa_only(request):
    not_found(request) if "/Milan/" in request.rest else ok(request)


@fault
def redirect(request):
    request.head("302 Found", Location="/ok/vcek/v1/Milan/crl", Content_Length=0)


@fault
def garbage(request):
    request.whole(bytes(range(256)) * 4)


@fault
def empty(request):
    request.whole(b"")


@fault
def garbage_head(request):
    request.send(b"220 mail.invalid ESMTP\r\n\r\n")


@fault
def hang_up(request):
    pass


@fault
def other(request):
    """A genuine answer to another question."""
    request.whole(request.answer("other"))


@fault
def truncated(request):
    body = request.answer()
    request.head(Content_Length=len(body))
    request.send(body[:-10])


@fault
def cut(request):
    """The connection breaks; nothing of TLS says goodbye."""
    body = request.answer()
    request.head(Content_Length=len(body))
    request.send(body[:-10])
    raw = socket.socket(fileno=request.connection.detach())
    raw.shutdown(socket.SHUT_RDWR)
    raw.close()


@fault
def longer(request):
    body = request.answer()
    request.head(Content_Length=len(body))
    request.send(body + b"more")


@fault
def no_length(request):
    request.head()
    request.send(request.answer())


@fault
def huge(request):
    request.head(Content_Length=1 << 30)
    endless(request)


@fault
def huge_chunks(request):
    request.head(Transfer_Encoding="chunked")
    endless(request, b"8000\r\n" + bytes(0x8000) + b"\r\n")


def endless(request, piece: bytes = bytes(65536)) -> None:
    """1 GiB, unless the client hangs up; answers/sent holds how much of it went out."""
    sent = 0
    try:
        while sent < 1 << 30:
            request.send(piece)
            sent += len(piece)
    except OSError:
        pass
    (request.folder / "answers" / "sent").write_text(str(sent), encoding="ascii")


@fault
def both_lengths(request):
    request.head(Content_Length=5, Transfer_Encoding="chunked")
    request.send(b"5\r\nhello\r\n0\r\n\r\n")


@fault
def bad_chunk(request):
    request.head(Transfer_Encoding="chunked")
    request.send(b"zz\r\nhello\r\n0\r\n\r\n")
