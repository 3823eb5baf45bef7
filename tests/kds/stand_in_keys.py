"""Keys and certificates of the stand-in, made anew each time by the openssl command."""

import pathlib
import subprocess

NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"


def openssl(*arguments: str) -> None:
    done = subprocess.run(["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"openssl {' '.join(arguments)}: {done.stderr}")


class Keys:
    """NAME.key and NAME.pem for every CA and server, in one folder."""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder

    def file(self, name: str) -> str:
        return str(self.folder / name)

    def key(self, name: str, kind: str) -> None:
        if kind == "rsa":
            openssl("genrsa", "-out", self.file(name + ".key"), "2048")
        else:
            openssl("ecparam", "-name", kind, "-genkey", "-noout", "-out", self.file(name + ".key"))

    def ca(self, name: str, kind: str = "prime256v1", digest: str = "-sha256") -> None:
        self.key(name, kind)
        openssl("req", "-x509", "-new", digest, "-key", self.file(name + ".key"), "-days", "2",
                "-subj", f"/CN=ratls test {name}", "-out", self.file(name + ".pem"))

    def server(self, name: str, ca: str, names: str = NAMES, days: int = 2, kind: str = "prime256v1",
               digest: str = "-sha256") -> None:
        self.key(name, kind)
        request, extensions = self.file(name + ".csr"), self.file(name + ".ext")
        pathlib.Path(extensions).write_text(names + "\nbasicConstraints=CA:false\n", encoding="ascii")
        openssl("req", "-new", "-key", self.file(name + ".key"), "-subj", "/CN=server", "-out", request)
        openssl("x509", "-req", digest, "-in", request, "-CA", self.file(ca + ".pem"), "-CAkey",
                self.file(ca + ".key"), "-CAcreateserial", "-days", str(days), "-extfile", extensions,
                "-out", self.file(name + ".pem"))

    def make(self) -> None:
        """All of them. all.pem holds every CA but the one that nobody should trust."""
        self.ca("ca")
        self.ca("rsa_ca", "rsa", "-sha384")
        self.ca("p384_ca", "secp384r1", "-sha384")
        self.ca("stranger")
        self.server("good", "ca")
        self.server("wrong_name", "ca", names="subjectAltName=DNS:other.invalid")
        self.server("expired", "ca", days=-1)
        self.server("untrusted", "stranger")
        self.server("rsa", "rsa_ca", kind="rsa")
        self.server("p384", "p384_ca", kind="secp384r1", digest="-sha384")
        trusted = [(self.folder / f"{name}.pem").read_text(encoding="ascii") for name in ("ca", "rsa_ca", "p384_ca")]
        (self.folder / "all.pem").write_text("Some words first.\n" + "".join(trusted), encoding="ascii")
