"""Which fields the lines of a broker's log have, and what is never in them. Used by broker.py."""

import pathlib

from broker_peers import Broker, check


def log_fields(broker: Broker) -> None:
    """Every line says when and what; a guest's lines say who, under which policy and over which TLS."""
    check("every log line has a time, a level and an event",
          all(list(line)[:3] == ["ts", "level", "event"] for line in broker.lines))
    guest = {"conn", "peer.address", "peer.guest", "peer.measurement", "evidence.sha256", "policy.name",
             "policy.version", "policy.sha256"}
    wanted = {"handshake.accepted": guest | {"tls.protocol.version", "tls.cipher", "tls.server.hash.sha256"},
              "secret.released": guest | {"resource", "audit.seq"},
              "secret.refused": guest | {"resource", "audit.seq", "reason"},
              "request.refused": guest | {"reason"}}
    for event, fields in wanted.items():
        line = broker.wait_for(event)
        check(f"{event} has its fields", fields <= set(line), (fields - set(line), line))


def rejected_fields(broker: Broker) -> None:
    line = broker.wait_for("handshake.rejected")
    wanted = {"conn", "peer.address", "reason", "peer.measurement", "policy.name", "policy.sha256"}
    check("a guest that is genuine and refused is named by its measurement", wanted <= set(line)
          and len(line["peer.measurement"]) == 96, line)


def no_canary(folder: pathlib.Path, texts: list[str], written: str) -> None:
    """`written`: what the test itself put into the configuration."""
    everything = "\n".join(texts)
    for path in folder.iterdir():
        everything += path.read_bytes().decode(errors="replace")
    check("no secret, helper's words, header's value or body in log, metrics, audit or any file",
          "canary" not in everything.replace(written, "")
          .replace((folder / "broker.json").read_text(), ""),
          [line for line in everything.split("\n") if "canary" in line][:3])
