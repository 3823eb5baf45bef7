"""Our side of the matrix: a server and a client of the examples, identities, and certificates."""

import base64
import contextlib
import datetime
import hashlib
import json
import pathlib
import random
import re
import socket
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from peers import Identity

ROOT = pathlib.Path(__file__).resolve().parents[2]
EVIDENCE_OID = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.35")


def free_port() -> int:
    """Below the ports that the system gives to connections: other tests run at the same time."""
    for _ in range(100):
        port = random.randrange(20000, 32000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no free port was found")


def is_listening(port: int) -> bool:
    """Without connecting: many servers here take one connection only."""
    rows = "".join(pathlib.Path(f"/proc/net/tcp{v}").read_text() for v in ("", "6"))
    return re.search(rf":{port:04X} [0-9A-F]+:0000 0A", rows) is not None


def wait_for(condition, what: str) -> None:
    for _ in range(200):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within 10 s")


def genuine_evidence() -> bytes:
    """Evidence that its own session's verifier accepts; for every other session it is stolen."""
    vectors = json.loads((ROOT / "docs" / "vectors" / "evidence.json").read_text())
    return bytes.fromhex(vectors["good"][0]["evidence"])


def der_octets(content: bytes) -> bytes:
    return b"\x04\x82" + len(content).to_bytes(2, "big") + content


class World:
    def __init__(self, build: pathlib.Path):
        self.build = build
        self.folder = tempfile.TemporaryDirectory()
        self.work = pathlib.Path(self.folder.name)
        self.simulator = build / "sim-authority"
        subprocess.run([build / "cli" / "ratls", "sim", "policy", self.simulator, "--out",
                        self.work / "policy.json"], check=True, capture_output=True)

    def identity(self, name: str, curve=ec.SECP256R1, evidence: bytes | None = None) -> Identity:
        key = ec.generate_private_key(curve())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "peer")])
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject)
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(datetime.datetime(2020, 1, 1)).not_valid_after(datetime.datetime(2049, 1, 1)))
        if evidence:
            value = x509.UnrecognizedExtension(EVIDENCE_OID, der_octets(evidence))
            builder = builder.add_extension(value, critical=False)
        out = Identity(self.work / name)
        pathlib.Path(out.certificate).write_bytes(
            builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        pathlib.Path(out.key).write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        return out

    @staticmethod
    def pin(identity: Identity) -> str:
        certificate = x509.load_pem_x509_certificate(pathlib.Path(identity.certificate).read_bytes())
        spki = certificate.public_key().public_bytes(serialization.Encoding.DER,
                                                     serialization.PublicFormat.SubjectPublicKeyInfo)
        return "sha256//" + base64.b64encode(hashlib.sha256(spki).digest()).decode()

    @contextlib.contextmanager
    def running(self, command: list, log: pathlib.Path):
        with log.open("wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()

    @staticmethod
    def say(process: subprocess.Popen, line: bytes) -> None:
        """Some peers are gone by now, or never read what they are told."""
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(line)
            process.stdin.flush()

    @contextlib.contextmanager
    def our_server(self):
        """Yields its port and its log; it admits attested guests only."""
        log = self.work / "our-server.log"
        command = [self.build / "examples" / "echo" / "echo_server", "--listen", "127.0.0.1:0",
                   "--identity", self.work / "our-server.pem", "--policy", self.work / "policy.json"]
        with self.running(command, log):
            said = re.compile(r"listening on 127\.0\.0\.1:(\d+)\n")
            wait_for(lambda: said.search(log.read_text()), "our server listens")
            yield int(said.search(log.read_text())[1]), log

    def our_client(self, port: int, pin: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.build / "examples" / "echo" / "echo_client", "--connect", f"127.0.0.1:{port}", "--pin", pin,
             "--report-source", f"sim:{self.simulator}", "--line", "top-secret-line\n"],
            capture_output=True, text=True, timeout=40)
