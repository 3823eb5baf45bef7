"""A language model's server, as far as its clients can tell: answers, streams, upgrades, echoes.

usage: tests/e2e/mock_llm.py     prints "listening on 127.0.0.1:PORT"
"""

import http.server
import json
import sys
import time

WORDS = "one two three four five six".split()


def openai_events() -> list[bytes]:
    def event(delta: dict, end: str | None = None) -> bytes:
        return b"data: " + json.dumps(
            {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "mock",
             "word": delta.get("content"),
             "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}).encode() + b"\n\n"
    return [event({"content": word}) for word in WORDS] + [event({}, "stop"), b"data: [DONE]\n\n"]


def anthropic_events() -> list[bytes]:
    message = {"id": "m", "type": "message", "role": "assistant", "model": "mock", "content": [],
               "stop_reason": None, "stop_sequence": None,
               "usage": {"input_tokens": 1, "output_tokens": 1}}
    values = [{"type": "message_start", "message": message},
              {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}]
    values += [{"type": "content_block_delta", "index": 0,
                "delta": {"type": "text_delta", "text": word}} for word in WORDS]
    values += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    return [b"event: %s\ndata: %s\n\n" % (each["type"].encode(), json.dumps(each).encode())
            for each in values]


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status: int, value: object, **headers: str) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        for name, text in headers.items():
            self.send_header(name.replace("_", "-"), text)
        self.end_headers()
        self.wfile.write(body)

    def chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def stream(self, words: list[bytes], pause: float = 0.05) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for event in words:
            self.chunk(event)
            time.sleep(pause)
        self.wfile.write(b"0\r\n\r\n")

    def body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", ""):
            out = b""
            while size := int(self.rfile.readline(), 16):
                out += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return out
        return self.rfile.read(int(self.headers.get("content-length", "0")))

    def handle_expect_100(self) -> bool:
        if self.path != "/v1/unwanted":
            return super().handle_expect_100()
        self.answer(417, {"error": {"message": "not this"}})
        self.body()  # what is on its way
        self.close_connection = True
        return False

    def once(self) -> None:
        """Answers once on each connection, then closes without an answer."""
        self.served = getattr(self, "served", 0) + 1
        if self.served == 1:
            self.answer(200, {"served": self.served})
        self.close_connection = self.served > 1

    def do_GET(self) -> None:
        if self.path == "/v1/once":
            self.once()
        elif self.headers.get("upgrade"):
            self.wfile.write(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\n"
                             b"upgrade: " + self.headers["upgrade"].encode() + b"\r\n\r\n")
            self.wfile.flush()
            while data := self.connection.recv(4096):
                self.connection.sendall(data.upper())
            self.close_connection = True
        elif self.path == "/v1/models":
            self.answer(200, {"data": [{"id": "mock"}]})
        elif self.path == "/v1/until-the-end":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nto the end")
            self.close_connection = True
        elif self.path == "/v1/cut":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf of it")
            self.close_connection = True
        elif self.path == "/v1/two-lengths":
            self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab")
            self.close_connection = True
        else:
            self.answer(404, {"error": {"message": "no such thing"}})

    def do_POST(self) -> None:
        body = self.body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path == "/v1/once":
            self.once()
        elif self.path == "/v1/echo":
            self.answer(200, {"headers": headers, "size": len(body)}, x_ratls_attested="forged")
        elif self.path == "/v1/messages":
            if json.loads(body).get("stream"):
                self.stream(anthropic_events())
                return
            self.answer(200, {"id": "m", "type": "message", "role": "assistant", "model": "mock",
                              "content": [{"type": "text", "text": "hello from the model"}],
                              "stop_reason": "end_turn", "stop_sequence": None,
                              "usage": {"input_tokens": 1, "output_tokens": 1}})
        elif json.loads(body).get("stream"):
            self.stream(openai_events(), json.loads(body).get("pause", 0.05))
        else:
            key = b"which key?" in body  # what it was shown, to whoever asks
            text = headers["authorization"] if key else "hello from the model"
            self.answer(200, {"id": "1", "object": "chat.completion", "created": 1, "model": "mock",
                              "choices": [
                {"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": text}}]})


def main() -> int:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    server.daemon_threads = True
    print("listening on 127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
