#!/usr/bin/env python3
"""Shows the same evidence to this project's verifier and to the independent one of verifier.py.

Both must agree on each case: authentic or refused, and refused for something that the other finds
wrong too. Every disagreement is printed, and its report and certificate are kept in --work.

Exit codes: 0 they agree, 1 they do not, 4 skipped (no python3-cryptography), 64 usage.
"""

import argparse
import collections
import itertools
import json
import pathlib
import struct
import subprocess
import sys
import time

try:
    import cryptography  # noqa: F401
except ImportError:
    print("skipped: python3-cryptography is not installed")
    sys.exit(4)

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import forge  # noqa: E402
import mutants  # noqa: E402
import verifier  # noqa: E402
from cryptography.hazmat.primitives import serialization  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
VECTORS = ROOT.parent / "shared" / "vectors" / "snp"

# What a reason of core/reasons.def says is wrong, in the words of verifier.py.
MEANING = {
    "report": {"malformed_report", "unsupported_version", "unsupported_product", "unsupported_algorithm",
               "host_requested_report", "unsigned_report"},
    "certificate": {"malformed_endorsement"},
    "missing": {"missing_endorsement"},
    "signing_key": {"signing_key_mismatch"},
    "product": {"product_mismatch"},
    "issuer": {"malformed_endorsement", "chain_untrusted"},
    "chain": {"chain_untrusted"},
    "chip": {"chip_id_mismatch", "chip_id_masked"},
    "tcb": {"tcb_mismatch"},
    "signature": {"signature_invalid"},
    "time": {"endorsement_expired", "endorsement_not_yet_valid"},
}


def genuine() -> list[mutants.Case]:
    """The collection beside the project, at a moment inside each certificate's validity."""
    out = []
    for file in sorted(VECTORS.rglob("report.bin")):
        folder, when, endorsement = file.parent, forge.NOW, None
        for found in ("vcek.der", "vlek.der"):
            if (folder / found).exists():
                endorsement = (folder / found).read_bytes()
        if endorsement:
            when = int(verifier.parse_endorsement(endorsement).begin.timestamp()) + 86400
        out.append(mutants.Case(str(folder.relative_to(VECTORS)), file.read_bytes(), endorsement, when))
    return out


def derived(originals: list[mutants.Case]) -> list[mutants.Case]:
    """The collection's changed reports, with the certificates of what they were made from."""
    out = []
    by_name = {case.label: case for case in originals}
    for file in sorted((VECTORS / "derived").rglob("*.bin")):
        base = json.loads((file.parent / "expected.json").read_text())["base"]
        out.append(by_name[base]._replace(label=str(file.relative_to(VECTORS)), report=file.read_bytes()))
    return out


class Simulator:
    """The project's own simulated AMD, through its tool."""

    PRODUCTS = ("milan", "genoa", "bergamo-siena", "turin")

    def __init__(self, tool: str, folder: str, work: pathlib.Path):
        self.tool, self.folder, self.work = tool, folder, work
        text = self.run("policy", *(f"--product={p}" for p in self.PRODUCTS), "--out=-")
        self.listed = json.loads(text)["accept"][0].get("simulator_roots") or json.loads(text)["simulator_roots"]

    def run(self, verb: str, *arguments: str) -> bytes:
        done = subprocess.run([self.tool, "sim", verb, self.folder, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit(f"FAIL: ratls sim {verb}: {done.stderr.decode()}")
        return done.stdout

    def roots(self) -> str:
        return "".join(f"{r['product']} {r['ark']} {r['ask']} {r['asvk']}\n" for r in self.listed)

    def issuers(self) -> list[verifier.Issuer]:
        return [verifier.Issuer(root["product"], kind, serialization.load_der_public_key(bytes.fromhex(root[ca])), None)
                for root in self.listed for kind, ca in (("vcek", "ask"), ("vlek", "asvk"))]

    def evidence(self) -> list[mutants.Case]:
        out = []
        report, endorsement = self.work / "sim.bin", self.work / "sim.der"
        for product, kind in itertools.product(self.PRODUCTS, ((), ("--vlek",), ("--version=3",))):
            self.run("report", f"--product={product}", f"--out={report}", f"--endorsement-out={endorsement}",
                     "--endorsed-from=2026-06-01T00:00:00Z", *kind)
            out.append(mutants.Case(f"simulated {product} {' '.join(kind)}", report.read_bytes(),
                                    endorsement.read_bytes(), forge.NOW))
        return out


def ours(program: str, roots: str, cases: list[mutants.Case], work: pathlib.Path) -> list[str]:
    (work / "roots").write_text(roots)
    with open(work / "cases", "wb") as out:
        for case in cases:
            size = 0xFFFFFFFF if case.endorsement is None else len(case.endorsement)
            out.write(struct.pack("<IIQ", len(case.report), size, case.when) + case.report + (case.endorsement or b""))
    said = subprocess.run([program, work / "roots", work / "cases"], check=True, stdout=subprocess.PIPE, text=True)
    return said.stdout.split()


def agree(said: str, faults: list[str]) -> bool:
    if said == "authentic":
        return not faults
    return any(said in MEANING[fault] for fault in faults)


def keep(work: pathlib.Path, number: int, case: mutants.Case) -> None:
    (work / f"disagreement-{number}.report").write_bytes(case.report)
    if case.endorsement is not None:
        (work / f"disagreement-{number}.der").write_bytes(case.endorsement)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True, help="differential_batch")
    parser.add_argument("--tool", required=True, help="ratls")
    parser.add_argument("--simulator", required=True, help="folder of a simulated authority")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="folder for files in between")
    parser.add_argument("--mutants", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    start = time.monotonic()
    arguments.work.mkdir(parents=True, exist_ok=True)
    world, simulator = forge.World(arguments.seed), Simulator(arguments.tool, arguments.simulator, arguments.work)
    issuers = world.issuers() + simulator.issuers()
    good, others = simulator.evidence(), []
    if VECTORS.is_dir():
        issuers = verifier.amd_issuers(VECTORS / "certs") + issuers
        good += genuine()
        others = derived(good)
    else:
        print("the genuine evidence (../shared/vectors) is not here: simulated and forged evidence only")
    cases = good + others + list(mutants.cases(good, world, arguments.mutants))
    verdicts = ours(arguments.program, world.roots() + simulator.roots(), cases, arguments.work)
    if len(verdicts) != len(cases):
        sys.exit(f"FAIL: {len(verdicts)} verdicts for {len(cases)} cases")
    counts, disagreements = collections.Counter(verdicts), 0
    for number, (case, said) in enumerate(zip(cases, verdicts)):
        faults = verifier.faults(case.report, case.endorsement, case.when, issuers)
        if agree(said, faults):
            continue
        disagreements += 1
        keep(arguments.work, number, case)
        print(f"case {number} ({case.label}): ours says {said}, the other {faults or 'authentic'}")
    print(f"{len(good) + len(others)} known, {arguments.mutants} changed or forged (seed {arguments.seed}), "
          f"{counts['authentic']} authentic, {len(counts) - 1} reasons, {disagreements} disagreements, "
          f"{time.monotonic() - start:.1f} s")
    if counts["authentic"] < len(good) // 2 or len(counts) < 10:
        sys.exit("FAIL: too little was accepted or refused for this to mean anything")
    return 1 if disagreements else 0


if __name__ == "__main__":
    sys.exit(main())
