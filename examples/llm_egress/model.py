"""Stands for an LLM server on 127.0.0.1, behind `ratls serve`. Says whose key it was shown."""

import hashlib
import http.server
import json

WORDS = "in a guest whose memory the host cannot read".split()


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        key = self.headers["authorization"].removeprefix("Bearer ")
        print("model   was shown a key with sha256", hashlib.sha256(key.encode()).hexdigest()[:16],
              flush=True)
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for word in WORDS:
            event = json.dumps({"choices": [{"index": 0, "delta": {"content": word}}]})
            data = f"data: {event}\n\n".encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
print("model   listening on 127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
