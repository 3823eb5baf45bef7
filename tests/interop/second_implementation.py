#!/usr/bin/env python3
"""Judges every test vector of docs/vectors by a second implementation, written from the text alone.

Also checks the worked example of docs/protocol.md against the vectors.

Exit codes: 0 all is as the vectors say, 1 something is not, 4 skipped (no python3-cryptography).
"""

import json
import pathlib
import re
import sys

try:
    from cryptography.hazmat.primitives import serialization
except ImportError:
    print("skipped: python3-cryptography is not installed; run: apt-get install python3-cryptography")
    sys.exit(4)

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(pathlib.Path(__file__).parent), str(ROOT / "tests" / "differential")]
import azure  # noqa: E402
import binders  # noqa: E402
import cbor  # noqa: E402
import evidence  # noqa: E402
import frames  # noqa: E402
import verifier  # noqa: E402

VECTORS = ROOT / "docs" / "vectors"
# In docs/protocol.md: a comment that names a value of the vectors, then its bytes with remarks.
EXAMPLE = re.compile(r"<!-- vectors/(\w+\.json) (.+?) -->\n```\n(.*?)```", re.S)
unhex = bytes.fromhex


class Score:
    def __init__(self):
        self.right, self.wrong = 0, []

    def equal(self, what: str, got, want) -> None:
        if got == want:
            self.right += 1
        else:
            self.wrong.append(f"{what}: {got!r}, not {want!r}")


def load(name: str) -> dict:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def check_claims(score: Score) -> None:
    file = load("claims.json")
    score.equal("hash of the SPKI", binders.sha384(unhex(file["spki"])).hex(), file["spki_sha384"])
    score.equal("hash of no SPKI", binders.sha384(b"").hex(), file["empty_spki_sha384"])
    for each in file["claims"]:
        claims = evidence.read_claims(unhex(each["cbor"]))
        want = (each["role"], each["level"], each["nonce"] and unhex(each["nonce"]),
                binders.sha384(unhex(each["spki"])))
        score.equal(f"claims of {each['name']}", tuple(claims), want)


def check_trees(score: Score) -> None:
    for tree in load("tree.json")["trees"]:
        leaves = [binders.leaf(unhex(each["claims"])) for each in tree["sessions"]]
        name = f"tree of {len(leaves)}"
        score.equal(name, binders.build(leaves).hex(), tree["root"])
        score.equal(f"REPORT_DATA of a {name}", binders.report_data(unhex(tree["root"])).hex(), tree["report_data"])
        for each, leaf in zip(tree["sessions"], leaves):
            path = each["path"]
            listed = path["sides"], [unhex(sibling) for sibling in path["siblings"]]
            score.equal(f"leaf of a {name}", leaf.hex(), each["leaf"])
            score.equal(f"path in a {name}", binders.fold(leaf, *listed).hex(), tree["root"])
            if path["cbor"]:
                score.equal(f"encoded path in a {name}", evidence.read_path(unhex(path["cbor"])), listed)


def check_binders(score: Score) -> None:
    for each in load("binders.json")["binders"]:
        level = 2 if each["binder"] == "B_s" else 3
        value = binders.binder(each, each["role"], level, unhex(each["spki"]))
        score.equal(f"{each['binder']} under {each['hash']}", value.hex(), each["value"])


def spliced(good: dict, bad: dict) -> tuple[bytes | None, bytes]:
    parts = {name: unhex(good[name] or "") for name in ("certificate", "evidence")}
    change = bad.get("splice")
    if change:
        old = parts[change["of"]]
        parts[change["of"]] = (old[:change["at"]] + unhex(change["insert"])
                               + old[change["at"] + change["remove"]:])
    certificate = parts["certificate"] if change and change["of"] == "certificate" else None
    return certificate, parts["evidence"]


def check_evidence(score: Score) -> None:
    file = load("evidence.json")
    roots = file["roots"]
    issuers = [verifier.Issuer(roots["product"], kind, serialization.load_der_public_key(unhex(roots[ca])), None)
               for kind, ca in (("vcek", "ask"), ("vlek", "asvk"))]
    good = {each["name"]: each for each in file["good"]}
    for name, each in good.items():
        shown = unhex(each["evidence"])
        score.equal(name, evidence.judge(each, None, shown, issuers), "accepted")
        if each["certificate"]:
            said = evidence.judge(each, unhex(each["certificate"]), b"", issuers)
            score.equal(f"{name}, by its certificate", said, "accepted")
    for each in file["bad"]:
        case = {**good[each["like"]], **each}
        said = evidence.judge(case, *spliced(good[each["like"]], each), issuers)
        score.equal(f"{each['name']} ({each['like']})", said, each["reason"])


def judge_genuine(folder: pathlib.Path) -> str:
    """The links from the quote to REPORT_DATA; AMD's part is tests/differential's."""
    parts = [(folder / name).read_bytes() for name in ("hcl-report.bin", "tpm-quote.msg", "tpm-quote.sig")]
    values = json.loads((folder / "pcrs.json").read_text()) if (folder / "pcrs.json").exists() else []
    try:
        report, runtime = azure.read_hcl(parts[0])
        shown = azure.Azure(report, runtime, parts[1], *azure.read_quote(parts[1]), parts[2],
                            b"".join(map(unhex, values)))
        azure.check_runtime_data(shown, int.from_bytes(report[0x30:0x34], "little"))
        azure.check_quote(shown)
    except azure.Refused as refusal:
        return str(refusal)
    return "accepted"


def check_genuine_azure(score: Score) -> None:
    folder = ROOT.parent / "shared" / "vectors" / "azure"
    if not folder.is_dir():
        print("../shared/vectors is not there, so no genuine evidence of Azure is judged")
        return
    for name in ("snp-evidence-v0", "snp-evidence-v1", "snp-evidence-genoa"):
        score.equal(f"genuine {name}", judge_genuine(folder / name), "accepted")
    score.equal("a genuine quote of another TPM", judge_genuine(folder / "snp-milan-v2"), "quote_signature_invalid")


def check_good_frame(score: Score, each: dict, shown: dict) -> None:
    kind, body = frames.split(unhex(each["bytes"]))
    score.equal(f"type of {each['name']}", kind, each["type"])
    if kind == frames.VERDICT:
        score.equal(each["name"], frames.read_verdict(body), (each["code"], each["reason"], each["hint"]))
    elif kind == frames.REQUEST:
        score.equal(each["name"], frames.read_request(body), (unhex(each["ctx"]), each["minimum"]))
    elif kind == frames.EVIDENCE:
        want = unhex(each["ctx"]), unhex(shown[each["evidence_of"]])
        score.equal(each["name"], frames.read_evidence(body), want)
    else:
        score.equal(each["name"], body.hex(), each["content"])


def check_frames(score: Score) -> None:
    file = load("frames.json")
    shown = {each["name"]: each["evidence"] for each in load("evidence.json")["good"]}
    for each in file["good"]:
        check_good_frame(score, each, shown)
    for each in file["bad"]:
        try:
            kind, body = frames.split(unhex(each["bytes"]))
            said = "accepted" if kind == frames.VERDICT and frames.read_verdict(body) else "malformed_frame"
        except cbor.Malformed:
            said = "malformed_frame"
        score.equal(each["name"], said, each["reason"])
    for each in file["bad_framed"]:
        try:
            frames.read(unhex(each["bytes"]))
            said = "accepted"
        except cbor.Malformed:
            said = "malformed_frame"
        score.equal(each["name"], said, each["reason"])


def value_at(file: str, where: str) -> str:
    """E.g. "good/client/evidence": a list is entered by a name or a number."""
    value = load(file)
    for step in where.split("/"):
        if isinstance(value, list):
            named = [each for each in value if each.get("name") == step]
            value = named[0] if named else value[int(step)]
        else:
            value = value[step]
    return value


def pattern_of(text: str) -> re.Pattern:
    """Hex with remarks behind ';', and "(N bytes ...)" for what is not printed."""
    out = ""
    for line in text.splitlines():
        code = line.split(";")[0]
        left_out = re.fullmatch(r"\s*\((\d+) bytes.*\)\s*", code)
        out += f"[0-9a-f]{{{2 * int(left_out[1])}}}" if left_out else re.sub(r"\s", "", code)
    return re.compile(out)


def check_example(score: Score) -> None:
    text = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    found = EXAMPLE.findall(text)
    for file, where, block in found:
        fits = pattern_of(block).fullmatch(value_at(file, where)) is not None
        score.equal(f"docs/protocol.md, the bytes of {file} {where}", fits, True)
    score.equal("examples in docs/protocol.md", len(found) >= 6, True)


def main() -> int:
    score = Score()
    for check in (check_claims, check_trees, check_binders, check_evidence, check_genuine_azure, check_frames,
                  check_example):
        check(score)
    for line in score.wrong:
        print(line)
    print(f"{score.right} values are as the vectors say, {len(score.wrong)} are not")
    return 1 if score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
