#!/usr/bin/env python3
"""One other TLS stack against this project's server and client, over loopback TCP.

usage: matrix.py PEER BUILD_FOLDER

Exit codes: 0 all holds, 1 something does not, 4 skipped (the peer or python3-cryptography is missing).
"""

import pathlib
import re
import subprocess
import sys

try:
    import cryptography  # noqa: F401
except ImportError:
    print("skipped: python3-cryptography is not installed; run: apt-get install python3-cryptography")
    sys.exit(4)

from cryptography.hazmat.primitives.asymmetric import ec

from peers import PEERS
from world import ROOT, World, free_port, genuine_evidence, is_listening, wait_for

VERDICT = b"\x03\x00\x00\x11\x83\x01\x6dnot_authentic\x60"
OID = "06082b06010505070123"
CERTIFICATE_REQUIRED, ACCESS_DENIED, PROTOCOL_VERSION = 116, 49, 70
SENTENCES = {}


def sentence(text: str, only_servers: bool = False):
    def register(test):
        SENTENCES[text] = (test, only_servers)
        return test
    return register


def run_client(world, peer, identity=None, old=False) -> tuple[bytes, str]:
    """What the client said, and what our server logged about it."""
    with world.our_server() as (port, log), world.running(
            peer.client(port, identity, old), world.work / "client.log") as process:
        world.say(process, b"top-secret-line\n")
        wait_for(lambda: "refused:" in log.read_text(), "a refusal by our server")
        process.wait(timeout=10)
        return (world.work / "client.log").read_bytes(), log.read_text()


def expect_refusal(peer, said: bytes, log: str, alert: int, reason: str) -> None:
    assert re.search(peer.words[alert], said.decode("latin-1")), f"no alert {alert} in {said!r}"
    assert f"refused: {reason}" in log, log
    assert "accepted measurement" not in log, "our server's application got a channel"


@sentence("a client without a certificate reads the alert certificate_required")
def no_certificate(world, peer):
    said, log = run_client(world, peer)
    expect_refusal(peer, said, log, CERTIFICATE_REQUIRED, "malformed_certificate")


@sentence("a client whose certificate has no evidence reads a VERDICT, then access_denied; P-256 and P-384")
def no_evidence(world, peer):
    for curve in (ec.SECP256R1, ec.SECP384R1):
        said, log = run_client(world, peer, world.identity("plain", curve))
        expect_refusal(peer, said, log, ACCESS_DENIED, "malformed_certificate: no evidence extension")
        assert VERDICT in peer.heard(said), said


@sentence("a client with the evidence of another session reads a VERDICT, then access_denied")
def stolen_evidence(world, peer):
    said, log = run_client(world, peer, world.identity("thief", evidence=genuine_evidence()))
    expect_refusal(peer, said, log, ACCESS_DENIED, "binding_mismatch")
    assert VERDICT in peer.heard(said), said


@sentence("a client that speaks no TLS 1.3 reads the alert protocol_version")
def old_client(world, peer):
    said, log = run_client(world, peer, old=True)
    expect_refusal(peer, said, log, PROTOCOL_VERSION, "no_tls13")


def run_server(world, peer, asks=True, old=False, pin=None) -> tuple:
    """What our client said, and what the server printed."""
    identity, port, log = world.identity("server"), free_port(), world.work / "server.log"
    with world.running(peer.server(port, identity, asks, old), log) as process:
        wait_for(lambda: is_listening(port), "the peer listens")
        world.say(process, b"hello without a verdict\n")
        client = world.our_client(port, pin or world.pin(identity))
        try:
            process.wait(timeout=0.3)
        except subprocess.TimeoutExpired:
            pass  # some serve for ever
    assert client.stdout == "", f"the application got {client.stdout!r}"
    return client, log.read_text(errors="replace")


def expect_error(client, reason: str, *codes: int) -> None:
    assert reason in client.stderr and client.returncode in codes, (client.returncode, client.stderr)


def hex_in(text: str) -> str:
    """All hex that a server printed: of a certificate, or of whole messages."""
    return "".join(re.findall(r"\b(?:[0-9a-f]{2})+\b", text))


@sentence("a server with another key than the pinned one sees neither evidence nor a byte", True)
def impostor(world, peer):
    client, log = run_server(world, peer, pin=world.pin(world.identity("pinned")))
    expect_error(client, "pin_mismatch", 1)
    assert OID not in hex_in(log) and "top-secret-line" not in log, log


@sentence("a server with the pinned key that asks for no certificate gets no evidence and no byte", True)
def asks_for_nothing(world, peer):
    client, log = run_server(world, peer, asks=False)
    expect_error(client, "evidence_not_requested", 1)
    assert OID not in hex_in(log) and "top-secret-line" not in log, log


@sentence("a server with the pinned key gets evidence, and what it says before a VERDICT reaches no application", True)
def no_verdict(world, peer):
    client, log = run_server(world, peer)
    expect_error(client, "malformed_frame", 65)
    if peer.shows_certificate:
        assert OID in hex_in(log), log


@sentence("a server that speaks no TLS 1.3 is refused, by that reason where it says so", True)
def old_server(world, peer):
    client, _ = run_server(world, peer, old=True)
    expect_error(client, peer.old_server_says, 69)


def wrong_table(name: str, version: str, sentences: list[str]) -> list[str]:
    """docs/interop.md has a row of this peer, with a version, and says these sentences."""
    text = re.sub(r"\s+", " ", (ROOT / "docs" / "interop.md").read_text(encoding="utf-8"))
    rows = re.findall(rf"\| `{name}` \| [^|]*?(\d+\.\d+[\d.]*) \|", text)
    errors = [] if rows else [f"docs/interop.md has no row of {name} with a version"]
    print(f"{name} {version}; docs/interop.md was written with {', '.join(rows)}")
    return errors + [f'docs/interop.md does not say "{each}"' for each in sentences if each not in text]


def main() -> int:
    name, build = sys.argv[1], pathlib.Path(sys.argv[2]).resolve()
    peer = PEERS[name]()
    if reason := peer.missing():
        print(f"skipped: {reason}")
        return 4
    world = World(build)
    (build / "interop").mkdir(exist_ok=True)
    peer.prepare(build / "interop")
    chosen = {text: test for text, (test, only) in SENTENCES.items() if peer.is_server or not only}
    errors = wrong_table(name, peer.version(), list(chosen))
    for text, test in chosen.items():
        try:
            test(world, peer)
            print("ok   ", text)
        except (AssertionError, subprocess.TimeoutExpired) as error:
            errors.append(f"FAILED {text}: {error}")
    print("\n".join(errors))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
