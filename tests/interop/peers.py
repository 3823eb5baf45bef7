"""Other TLS stacks as clients and as servers: their commands, and how they say what went wrong."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess

HERE = pathlib.Path(__file__).parent


class Identity:
    """Files of a key and its certificate."""

    def __init__(self, stem: pathlib.Path):
        self.key, self.certificate = f"{stem}.key.pem", f"{stem}.crt.pem"


class Peer:
    """What all have in common. `words` maps alert numbers to what this stack says."""

    words: dict[int, str] = {}
    program = ""
    is_server = True
    shows_certificate = True  # as a server, the client's, somewhere in hex
    old_server_says = "no_tls13"  # our client, to a server of this stack without TLS 1.3

    def prepare(self, work: pathlib.Path) -> None:
        """Builds what has to be built."""

    def missing(self) -> str | None:
        return None if shutil.which(self.program) else f"{self.program} is not installed"

    def version(self) -> str:
        said = subprocess.run([self.program, *self.version_argument], capture_output=True, text=True, check=True)
        return re.search(r"\d+\.\d+(\.\d+)?", said.stdout)[0]

    version_argument = ["--version"]

    def heard(self, said: bytes) -> bytes:
        """What this stack read, in what it printed."""
        return said

    def client(self, port: int, identity: Identity | None, old: bool) -> list[str]:
        raise NotImplementedError

    def server(self, port: int, identity: Identity, asks: bool, old: bool) -> list[str]:
        raise NotImplementedError


class OpenSsl(Peer):
    program, version_argument = "openssl", ["version"]
    words = {n: rf"SSL alert number {n}\b" for n in (49, 70, 116)}

    def client(self, port, identity, old):
        shown = ["-cert", identity.certificate, "-key", identity.key] if identity else []
        return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-quiet", *shown,
                *(["-tls1_2"] if old else [])]

    def server(self, port, identity, asks, old):
        return ["openssl", "s_server", "-accept", f"127.0.0.1:{port}", "-cert", identity.certificate,
                "-key", identity.key, "-naccept", "1", "-msg", *(["-Verify", "1"] if asks else []),
                *(["-tls1_2"] if old else ["-tls1_3"])]


class GnuTls(Peer):
    program = "gnutls-cli"
    words = {n: rf"Received alert \[{n}\]" for n in (49, 70, 116)}
    shows_certificate = False
    old_server_says = "tls_failed"  # it sends handshake_failure, not protocol_version

    def client(self, port, identity, old):
        shown = ["--x509certfile", identity.certificate, "--x509keyfile", identity.key] if identity else []
        return ["gnutls-cli", "--insecure", *shown, *self.versions(old), "-p", str(port), "127.0.0.1"]

    def server(self, port, identity, asks, old):
        return ["gnutls-serv", "--echo", "--x509certfile", identity.certificate, "--x509keyfile", identity.key,
                *(["--require-client-cert"] if asks else ["--disable-client-cert"]), *self.versions(old),
                "-p", str(port)]

    @staticmethod
    def versions(old: bool) -> list[str]:
        return ["--priority", "NORMAL:-VERS-ALL:+VERS-TLS1." + ("2" if old else "3")]


class Curl(Peer):
    program = "curl"
    is_server = False
    words = {49: "alert access denied", 70: "alert protocol version", 116: "alert certificate required"}

    def client(self, port, identity, old):
        shown = ["--cert", identity.certificate, "--key", identity.key] if identity else []
        # A VERDICT is no HTTP: without --http0.9 curl ends before it has read the alert.
        return ["curl", "-sS", "-k", "--http0.9", "--output", "-", *shown,
                *(["--tls-max", "1.2"] if old else []), f"https://127.0.0.1:{port}/"]


class Node(Peer):
    program = "node"
    words = {49: "ALERT_ACCESS_DENIED", 70: "ALERT_PROTOCOL_VERSION", 116: "ALERT_CERTIFICATE_REQUIRED"}

    def client(self, port, identity, old):
        shown = [identity.certificate, identity.key] if identity else ["", ""]
        return ["node", str(HERE / "peer.mjs"), "client", str(port), "1.2" if old else "1.3", *shown]

    def server(self, port, identity, asks, old):
        return ["node", str(HERE / "peer.mjs"), "server", str(port), "1.2" if old else "1.3",
                identity.certificate, identity.key, "asks" if asks else ""]


class Go(Peer):
    program, version_argument = "go", ["version"]
    words = {49: r"access denied|alert\(49\)", 70: "protocol version not supported",
             116: r"certificate required|alert\(116\)"}

    def prepare(self, work):
        self.binary = work / "go-peer"
        settings = {**os.environ, "GO111MODULE": "off", "CGO_ENABLED": "0", "GOCACHE": str(work / "go-cache"),
                    "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", str(self.binary), str(HERE / "peer.go")], check=True, env=settings)

    def client(self, port, identity, old):
        shown = [identity.certificate, identity.key] if identity else ["", ""]
        return [str(self.binary), "client", str(port), "1.2" if old else "1.3", *shown]

    def server(self, port, identity, asks, old):
        return [str(self.binary), "server", str(port), "1.2" if old else "1.3", identity.certificate,
                identity.key, "asks" if asks else ""]


class MbedTls(Peer):
    """The stock programs ssl_client2 and ssl_server2, from the sources that the library is built from."""

    program = "make"
    words = {n: rf"fatal alert message \(msg {n}\)" for n in (49, 70, 116)}
    shows_certificate = False
    old_server_says = "tls_failed"  # it sends handshake_failure

    def __init__(self):
        lock = (HERE.parents[1] / "cmake" / "deps.lock").read_text(encoding="utf-8")
        self.hash = re.search(r"^mbedtls\.sha256 = (\w+)$", lock, re.M)[1]
        caches = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
        cache = os.environ.get("RATLS_CACHE") or caches / "ratls"
        self.source = pathlib.Path(cache) / "sources" / self.hash

    def missing(self):
        if not self.source.is_file():
            return "the sources of mbedTLS are not in the cache; run: scripts/deps"
        return super().missing()

    def prepare(self, work):
        self.folder = work / f"mbedtls-{self.hash[:12]}"
        if not (self.folder / "done").exists():
            content = self.source.read_bytes()
            assert hashlib.sha256(content).hexdigest() == self.hash, f"{self.source} is damaged"
            self.folder.mkdir(exist_ok=True)
            subprocess.run(["tar", "-xf", self.source, "-C", self.folder, "--strip-components=1"], check=True)
            for folder, targets in ("library", ["static"]), ("programs", ["ssl/ssl_client2", "ssl/ssl_server2"]):
                subprocess.run(["make", "-j2", "CFLAGS=-O1 -w", "-C", self.folder / folder, *targets], check=True,
                               stdout=subprocess.DEVNULL)
            (self.folder / "done").touch()

    def version(self):
        header = (self.folder / "include" / "mbedtls" / "build_info.h").read_text(encoding="utf-8")
        return re.search(r'VERSION_STRING\s+"([\d.]+)"', header)[1]

    def run(self, program, port, old):
        return [str(self.folder / "programs" / "ssl" / program), "server_addr=127.0.0.1", f"server_port={port}",
                f"force_version=tls1{2 if old else 3}", "debug_level=4"]

    def client(self, port, identity, old):
        shown = [f"crt_file={identity.certificate}", f"key_file={identity.key}"] if identity else ["crt_file=none"]
        return [*self.run("ssl_client2", port, old), "auth_mode=none", *shown]

    def server(self, port, identity, asks, old):
        # optional: it asks, and takes a certificate that no CA signed.
        return [*self.run("ssl_server2", port, old), f"auth_mode={'optional' if asks else 'none'}",
                f"crt_file={identity.certificate}", f"key_file={identity.key}"]

    def heard(self, said):
        """Its debug output dumps what it decrypts, 16 bytes a line."""
        lines = re.findall(r"dumping|[0-9a-f]{4}:  ((?:[0-9a-f]{2} )+)", said.decode("latin-1"))
        return bytes.fromhex("".join(lines))


PEERS = {"openssl": OpenSsl, "gnutls": GnuTls, "curl": Curl, "node": Node, "go": Go, "mbedtls": MbedTls}
