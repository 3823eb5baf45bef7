"""Receipts of a broker, as somebody judges them who was not there."""

import json
import pathlib

from broker_peers import Described, check, ratls


def receipt(folder: pathlib.Path, described: Described, answer, leased, resource: str) -> None:
    """What a guest can show to somebody who was not there."""
    log, key = str(folder / "audit.log"), str(folder / "receipts.key.pub")

    def judged(text: str, *more: str, with_key: str = key):
        return ratls("audit", "receipt", "-", "--key", with_key, *more, text=text.encode())

    text = answer[1]["ratls-receipt"]
    done = judged(text, "--log", log, "--json")
    said = json.loads(done.stdout)
    wanted = described.document["components"]["schemas"]["Receipt"]["required"]
    check("a receipt is valid, is in the log, and says what the document says", done.returncode == 0
          and said["in_log"] and said["resource"] == resource and set(wanted) - {"schema"} <= set(said), done)
    check("and for people", judged("ratls-receipt: " + text + "\r\n").stdout.endswith(b"VALID\n"))
    head, payload, signature = text.split(".")
    other = leased[1]["ratls-receipt"].split(".")
    done = judged(".".join([head, other[1], signature]))
    check("a receipt with another's contents is refused", done.returncode == 1
          and b"receipt_invalid" in done.stderr, done)
    check("one that is cut is malformed", judged(head + "." + payload).returncode == 65)
    check("a key of another kind is named as that", judged(text, with_key=str(folder / "broker.pem"))
          .returncode == 78)
    shorter = folder / "shorter.log"
    lines = (folder / "audit.log").read_bytes().split(b"\n")
    shorter.write_bytes(b"\n".join(lines[:said["audit_seq"] - 1]) + b"\n")
    done = judged(text, "--log", str(shorter))
    check("a log without the receipt's line is found out", done.returncode == 1
          and b"its end was cut off" in done.stderr, done)
    shorter.unlink()
