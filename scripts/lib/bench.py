"""Runs the programs of bench/ in turn and says how they compare; scripts/bench calls it.

Every round runs each program once, in an order that rotates, so that a slow minute of a shared
machine meets all of them. A row's figure is the median over the rounds; a ratio is the median of
the rounds' own ratios. All figures are CPU time in microseconds.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

AWSLC, BUILTIN, OPENSSL = "aws-lc", "builtin", "openssl"
MICROSECONDS = {"ns": 1e-3, "us": 1.0, "ms": 1e3, "s": 1e6}

# name -> dividend, divisors (summed), the bound, and which side of it is good.
RATIOS = {
    "mutual_builtin_over_awslc": (
        (BUILTIN, "both_attested_warm"), [(AWSLC, "both_attested_warm")], ">=", 10.0),
    "mutual_fresh_over_openssl": (
        (AWSLC, "both_attested_warm"), [(OPENSSL, "openssl_mutual_ready")], "<=", 0.6),
    "mutual_ready_over_openssl": (
        (AWSLC, "mutual_ready"), [(OPENSSL, "openssl_mutual_ready")], "<=", 0.4),
    "warm_over_dummy_extension": (
        (AWSLC, "attested_warm"), [(AWSLC, "mutual_dummy_extension")], "<=", 1.1),
    "verify_cold_over_primitives": (
        (AWSLC, "verify_cold"), [(AWSLC, "rsa4096_pss_verify"), (AWSLC, "p384_verify")], "<=", 1.25),
    "verify_endorsement_cached_over_p384": (
        (AWSLC, "verify_endorsement_cached"), [(AWSLC, "p384_verify")], "<=", 1.15),
}


def rows_of(report: dict) -> dict[str, float]:
    """Microseconds of each row of one Google Benchmark report."""
    out = {}
    for row in report["benchmarks"]:
        if row.get("run_type", "iteration") != "iteration":
            continue
        if row.get("error_occurred"):
            raise SystemExit(f"bench: {row['name']}: {row.get('error_message', 'failed')}")
        name, _, kind = row["name"].partition("/")
        time = row["real_time"] if kind == "manual_time" else row["cpu_time"]
        out[name] = time * MICROSECONDS[row["time_unit"]]
    return out


def ratio(one_round: dict, dividend: tuple, divisors: list) -> float | None:
    """Of one round; nothing where a program was not there."""
    try:
        below = sum(one_round[who][row] for who, row in divisors)
        return one_round[dividend[0]][dividend[1]] / below
    except KeyError:
        return None


def median_ratio(rounds: list[dict], dividend: tuple, divisors: list) -> float | None:
    found = [r for r in (ratio(one, dividend, divisors) for one in rounds) if r is not None]
    return round(statistics.median(found), 4) if found else None


def summarise(rounds: list[dict], machine: dict) -> dict:
    """`rounds`: for each round, who -> row -> microseconds."""
    rows: dict = {}
    for who in sorted({who for one in rounds for who in one}):
        names = {row for one in rounds for row in one.get(who, {})}
        rows[who] = {row: round(statistics.median(one[who][row] for one in rounds if row in one.get(who, {})), 2)
                     for row in sorted(names)}
    return {
        "ratios": {name: median_ratio(rounds, rule[0], rule[1]) for name, rule in RATIOS.items()},
        "targets": {name: f"{rule[2]} {rule[3]}" for name, rule in RATIOS.items()},
        "machine": machine,
        "unit": "microseconds of CPU time, median over the rounds",
        "rounds": len(rounds),
        "rows": rows,
    }


def met(name: str, value: float) -> bool:
    _, _, sign, bound = RATIOS[name]
    return value >= bound if sign == ">=" else value <= bound


def table(rows: dict) -> str:
    """One line a row, one column for each program that has rows."""
    columns = [who for who in (AWSLC, BUILTIN, OPENSSL) if who in rows]
    names = sorted({row for who in columns for row in rows[who]})
    lines = [f"{'CPU us (median)':32}" + "".join(f"{who:>12}" for who in columns)]
    for name in names:
        cells = (f"{rows[who][name]:12.1f}" if name in rows[who] else f"{'':>12}" for who in columns)
        lines.append(f"{name:32}" + "".join(cells))
    return "\n".join(lines)


def ratio_lines(summary: dict) -> str:
    lines = [f"{'ratio':40}{'measured':>10}   target"]
    for name, value in summary["ratios"].items():
        target = summary["targets"][name]
        if value is None:
            lines.append(f"{name:40}{'-':>10}   {target}   NOT MEASURED: a program is missing")
        else:
            word = "met" if met(name, value) else "MISSED"
            lines.append(f"{name:40}{value:>10.3f}   {target:8} {word}")
    return "\n".join(lines)


def read_first(path: str, start: str) -> str:
    """What follows `start` and its separator on the first such line; empty where there is none."""
    try:
        for line in pathlib.Path(path).read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(start):
                return line[len(start):].strip(" \t:=").strip('"')
    except OSError:
        pass
    return ""


def first_line(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return ""


def machine_of(build: pathlib.Path) -> dict:
    cache = str(build / "release" / "CMakeCache.txt")
    compiler = read_first(cache, "CMAKE_CXX_COMPILER:FILEPATH") or read_first(cache, "CMAKE_CXX_COMPILER:STRING")
    return {
        "cpu": read_first("/proc/cpuinfo", "model name"),
        "family_model": "/".join((read_first("/proc/cpuinfo", "cpu family"), read_first("/proc/cpuinfo", "model\t"))),
        "cores": os.cpu_count(),
        "os": read_first("/etc/os-release", "PRETTY_NAME"),
        "kernel": platform.release(),
        "compiler": first_line([compiler or "c++", "--version"]),
        "flags": read_first(cache, "CMAKE_CXX_FLAGS_RELEASE:STRING"),
        "load": list(os.getloadavg()),
    }


def program(build: pathlib.Path, who: str, name: str) -> pathlib.Path:
    return build / ("builtin" if who == BUILTIN else "release") / "bench" / name


def run(command: list[str], out: pathlib.Path) -> dict:
    command = [command[0], f"--benchmark_out={out}", "--benchmark_out_format=json", *command[1:]]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(f"bench: {command[0]} ended with {done.returncode}:\n{done.stderr}")
    return json.loads(out.read_text(encoding="utf-8"))


def batch_misses(batch: dict) -> list[str]:
    """What a thousand sessions at once must not need (docs/performance.md)."""
    rules = [("more than 12 reports", batch["reports"] > 12),
             ("evidence after more than 1.5 s", batch["evidence_s_max"] > 1.5),
             ("open later than 1.5 s after the unthrottled ones",
              batch["open_s"] > batch["unthrottled_s"] + 1.5)]
    return [name for name, missed in rules if missed]


def batch_line(batch: dict) -> str:
    misses = batch_misses(batch)
    return (f"{batch['sessions']} sessions at once, firmware throttled: {batch['reports']} reports, "
            f"evidence after at most {batch['evidence_s_max']:.2f} s, all open after {batch['open_s']:.2f} s "
            f"(unthrottled {batch['unthrottled_s']:.2f} s)   " + ("MISSED: " + ", ".join(misses) if misses else "met"))


def channel_table(channel: dict) -> str:
    """Latency by the wall clock, CPU time, bytes and memory of each kind of session; then handshakes a second."""
    lines = [f"{'session':32}{'p50 us':>9}{'p99 us':>9}{'CPU us':>9}{'to server':>11}{'to client':>11}{'idle client':>13}{'idle server':>13}"]
    for name, kind in channel["kinds"].items():
        steps = kind["latency_us"]
        wire, idle = kind["wire_bytes"], kind["idle_bytes"]
        lines.append(f"{name:32}{steps[len(steps) // 2]:9.0f}{steps[-2]:9.0f}{kind['cpu_us']:9.0f}{wire['to_server']:11}{wire['to_client']:11}"
                     f"{idle['client']:13}{idle['server']:13}")
    for name, rate in channel["handshakes_per_second"].items():
        lines.append(f"{name}: {rate['1']} handshakes a second on one thread, {rate['2']} on two")
    return "\n".join(lines)


def key_slot_lines(kinds: dict) -> str:
    """The lock around mbedTLS's table of keys, of one handshake on one and on two threads."""
    lines = [f"{'lock of the key table':32}{'taken':>7}{'held us':>9}{'CPU us':>9}{'waited, two threads':>21}"]
    for name, threads in kinds.items():
        one, two = threads["1"], threads["2"]
        lines.append(f"{name:32}{one['taken']:7.0f}{one['held_us']:9.2f}{one['cpu_us']:9.0f}"
                     f"{two['waited']:9.3f} x {two['waited_us']:6.3f} us")
    return "\n".join(lines)


def certificate_size(report: dict) -> int:
    """Of the library's clients, so that OpenSSL's are as large."""
    return next(int(row["client_certificate"]) for row in report["benchmarks"] if "client_certificate" in row)


class Runner:
    def __init__(self, build: pathlib.Path, min_time: float) -> None:
        self.build, self.min_time = build, min_time
        self.folder = build / "bench"
        self.openssl_version = ""
        self.size = 0
        self.jobs = [(who, name) for name in ("handshake", "verification", "primitives") for who in (AWSLC, BUILTIN)]
        if program(build, OPENSSL, "openssl_handshake").is_file():
            self.jobs.insert(1, (OPENSSL, "openssl_handshake"))

    def command(self, who: str, name: str) -> list[str]:
        last = {"openssl_handshake": [f"--certificate={self.size}"], "primitives": []}
        return [str(program(self.build, who, name)), f"--benchmark_min_time={self.min_time}",
                *last.get(name, [f"--world={self.folder / 'simulator'}"])]

    def learn_size(self) -> None:
        command = self.command(AWSLC, "handshake")
        command[1:2] = ["--benchmark_min_time=0.001", "--benchmark_filter=^mutual_ready/"]
        self.size = certificate_size(run(command, self.folder / "size.json"))

    def whole(self, name: str) -> dict:
        """What a program that runs once printed."""
        command = [str(program(self.build, AWSLC, name)), f"--world={self.folder / 'simulator'}"]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def round(self, number: int) -> dict:
        turn = number % len(self.jobs)
        out: dict = {}
        for who, name in self.jobs[turn:] + self.jobs[:turn]:
            report = run(self.command(who, name), self.folder / f"{who}-{name}.json")
            out.setdefault(who, {}).update(rows_of(report))
            self.openssl_version = report["context"].get("openssl", self.openssl_version)
        return out


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, required=True)
    parser.add_argument("--min-time", type=float, required=True)
    given = parser.parse_args()
    runner = Runner(given.build.resolve(), given.min_time)
    runner.folder.mkdir(parents=True, exist_ok=True)
    runner.learn_size()
    rounds = []
    for number in range(given.rounds):
        print(f"ratls: round {number + 1} of {given.rounds} ...", file=sys.stderr, flush=True)
        rounds.append(runner.round(number))
    machine = machine_of(runner.build) | {"openssl": runner.openssl_version or None,
                                          "certificate_bytes": runner.size}
    summary = summarise(rounds, machine)
    for name in ("batch", "channel", "key_slots"):
        summary[name] = runner.whole(name)
    (runner.folder / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    print(table(summary["rows"]), ratio_lines(summary), batch_line(summary["batch"]),
          channel_table(summary["channel"]), key_slot_lines(summary["key_slots"]), sep="\n\n")
    print(f"\n{machine['cpu']}, {machine['cores']} cores, {machine['os']}, {machine['compiler']}")
    print(f"certificates of {runner.size} bytes; {machine['openssl'] or 'no OpenSSL to compare with'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
