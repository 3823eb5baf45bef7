#!/usr/bin/env python3
"""Draws docs/plots/*.svg from what scripts/bench measured; needs Python's standard library only.

Usage: scripts/plot_bench.py [SUMMARY [FOLDER]]

  SUMMARY   build/bench/summary.json by default
  FOLDER    docs/plots by default

Exit codes: 0 written, 64 usage, 66 no such summary, 65 it has no sessions in it.
"""
import json
import math
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, LEFT, RIGHT = 760, 250, 30
COLOURS = ["#1b6ca8", "#c8553d", "#588157", "#8e5ea2", "#b08900", "#3d3d3d",
           "#5fa8d3", "#e39b8b", "#9cc29b", "#c4a3d1", "#dcc26b", "#9a9a9a", "#7a4b2a", "#d63384"]
PHASES = [  # up to which event of the client a phase lasts, and what it is
    ("evidence_requested", "server authenticated, key made"),
    ("evidence_ready", "evidence"),
    ("handshake_done", "rest of the TLS handshake"),
    ("verdict_received", "judged by the server, VERDICT"),
]


def text(x: float, y: float, words: str, anchor: str = "start", size: int = 12) -> str:
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">{words}</text>'


def document(height: int, parts: list[str]) -> str:
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" fill="#222">')
    return "\n".join([head, f'<rect width="{WIDTH}" height="{height}" fill="white"/>', *parts, "</svg>"]) + "\n"


def millis(micros: float) -> str:
    return f"{micros / 1000:g} ms" if micros >= 1000 else f"{micros:g} us"


def decades(values: list[float]) -> list[int]:
    return list(range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1))


def latency_cdf(kinds: dict, caption: str) -> str:
    """Cumulative share of handshakes over latency, on a logarithmic axis."""
    left, top, bottom = 60, 40, 360
    powers = decades([v for kind in kinds.values() for v in (kind["latency_us"][0], kind["latency_us"][-1])])
    low, high = powers[0], powers[-1]

    def x(value: float) -> float:
        return left + (math.log10(value) - low) / (high - low) * (WIDTH - left - RIGHT)

    def y(share: float) -> float:
        return bottom - share * (bottom - top)

    parts = [text(left, 24, "Latency of a handshake, both sides in memory: share done within", size=14)]
    for power in powers:
        for factor in range(1, 10):
            at = x(factor * 10 ** power)
            if at > WIDTH - RIGHT + 0.5:
                break
            shade = "#bbb" if factor == 1 else "#eee"
            parts.append(f'<line x1="{at:.1f}" y1="{top}" x2="{at:.1f}" y2="{bottom}" stroke="{shade}"/>')
        parts.append(text(x(10 ** power), bottom + 16, millis(10 ** power), "middle"))
    for share in (0, 0.25, 0.5, 0.75, 0.99):
        parts.append(f'<line x1="{left}" y1="{y(share):.1f}" x2="{WIDTH - RIGHT}" y2="{y(share):.1f}" stroke="#ddd"/>')
        parts.append(text(left - 6, y(share) + 4, f"{share:.0%}", "end"))
    for number, (name, kind) in enumerate(kinds.items()):
        steps = kind["latency_us"]
        points = " ".join(f"{x(value):.1f},{y(i / (len(steps) - 1)):.1f}" for i, value in enumerate(steps))
        colour = COLOURS[number % len(COLOURS)]
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        column, row = number % 2, number // 2
        at, down = left + column * 340, bottom + 44 + row * 20
        parts.append(f'<rect x="{at}" y="{down - 9}" width="14" height="4" fill="{colour}"/>')
        middle = steps[len(steps) // 2]
        parts.append(text(at + 20, down - 3, f"{name} (median {millis(round(middle))})"))
    height = bottom + 60 + 20 * math.ceil(len(kinds) / 2)
    parts.append(text(left, height - 8, caption, size=10))
    return document(height, parts)


def segments(phases: dict) -> list[tuple[str, float, float]]:
    """Name, begin and end of each phase that the events tell of."""
    out, before = [], 0.0
    for event, name in PHASES:
        if event not in phases:
            continue
        out.append((name, before, max(phases[event], before)))
        before = max(phases[event], before)
    return out


def phase_bars(kinds: dict, caption: str) -> str:
    """One bar a kind of handshake, each phase as its share of the whole."""
    attested = {name: kind for name, kind in kinds.items() if "evidence_ready" in kind["phases_us"]}
    parts = [text(10, 24, "Where an attested client's time goes, until the VERDICT is there", size=14)]
    for number, (name, kind) in enumerate(attested.items()):
        top = 44 + number * 34
        whole = segments(kind["phases_us"])
        end = whole[-1][2] or 1.0
        parts.append(text(LEFT - 8, top + 15, name, "end"))
        for place, (_, begin, stop) in enumerate(whole):
            x = LEFT + begin / end * (WIDTH - LEFT - 90)
            width = (stop - begin) / end * (WIDTH - LEFT - 90)
            parts.append(f'<rect x="{x:.1f}" y="{top}" width="{width:.1f}" height="22" fill="{COLOURS[place]}"/>')
            if width > 44:
                parts.append(f'<g fill="white">{text(x + width / 2, top + 15, millis(stop - begin), "middle", 11)}</g>')
        parts.append(text(WIDTH - 84, top + 15, millis(end)))
    down = 44 + len(attested) * 34 + 14
    for place, (_, name) in enumerate(PHASES):
        parts.append(f'<rect x="{10 + place % 2 * 340}" y="{down - 9 + place // 2 * 20}" width="14" height="10" '
                     f'fill="{COLOURS[place]}"/>')
        parts.append(text(30 + place % 2 * 340, down + place // 2 * 20, name))
    parts.append(text(10, down + 48, caption, size=10))
    return document(down + 58, parts)


def caption_of(summary: dict) -> str:
    machine = summary.get("machine", {})
    load = machine.get("load", [0])[0]
    return f"{machine.get('cpu', '')}, {machine.get('cores', '?')} cores, load {load:.1f}; scripts/bench, scripts/plot_bench.py"


def main(arguments: list[str]) -> int:
    if len(arguments) > 2 or "--help" in arguments or "-h" in arguments:
        print(__doc__)
        return 0 if len(arguments) <= 2 else 64
    source = pathlib.Path(arguments[0]) if arguments else ROOT / "build" / "bench" / "summary.json"
    folder = pathlib.Path(arguments[1]) if len(arguments) > 1 else ROOT / "docs" / "plots"
    try:
        summary = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        print(f"plot_bench: {error}; run scripts/bench first.", file=sys.stderr)
        return 66
    kinds = summary.get("channel", {}).get("kinds")
    if not kinds:
        print(f"plot_bench: {source} has no \"channel\" in it; run scripts/bench again.", file=sys.stderr)
        return 65
    folder.mkdir(parents=True, exist_ok=True)
    caption = caption_of(summary)
    (folder / "latency.svg").write_text(latency_cdf(kinds, caption), encoding="utf-8")
    (folder / "phases.svg").write_text(phase_bars(kinds, caption), encoding="utf-8")
    print(f"written to {folder}/latency.svg and phases.svg")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
