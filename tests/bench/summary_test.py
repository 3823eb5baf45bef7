#!/usr/bin/env python3
"""From Google Benchmark's reports to the ratios of build/bench/summary.json."""

import json
import pathlib
import sys
import tempfile
import unittest
import xml.etree.ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts" / "lib"))
sys.path.insert(0, str(ROOT / "scripts"))
sys.dont_write_bytecode = True
import bench  # noqa: E402
import plot_bench  # noqa: E402

OURS = {"both_attested_warm": 300.0, "attested_warm": 220.0, "mutual_ready": 150.0,
        "mutual_dummy_extension": 200.0, "verify_cold": 240.0, "verify_endorsement_cached": 154.0,
        "rsa4096_pss_verify": 60.0, "p384_verify": 140.0}


def one_round(factor: float = 1.0, openssl: bool = True) -> dict:
    """As a machine that is `factor` slower in this round would measure it."""
    out = {"aws-lc": {row: time * factor for row, time in OURS.items()},
           "builtin": {"both_attested_warm": 3600.0 * factor}}
    if openssl:
        out["openssl"] = {"openssl_mutual_ready": 600.0 * factor}
    return out


class Rows(unittest.TestCase):
    def test_a_manual_row_counts_its_own_time_and_others_their_cpu_time(self):
        report = {"benchmarks": [
            {"name": "attested_warm/manual_time", "real_time": 250.0, "cpu_time": 290.0, "time_unit": "us"},
            {"name": "verify_cold", "real_time": 9.0, "cpu_time": 0.22, "time_unit": "ms"}]}
        self.assertEqual(bench.rows_of(report), {"attested_warm": 250.0, "verify_cold": 220.0})

    def test_aggregates_are_not_rows(self):
        row = {"name": "x_mean", "run_type": "aggregate", "real_time": 1, "cpu_time": 1, "time_unit": "us"}
        self.assertEqual(bench.rows_of({"benchmarks": [row]}), {})

    def test_a_row_that_failed_stops_everything(self):
        row = {"name": "x", "error_occurred": True, "error_message": "no evidence"}
        with self.assertRaises(SystemExit):
            bench.rows_of({"benchmarks": [row]})


class Ratios(unittest.TestCase):
    def test_each_ratio_divides_what_its_name_says(self):
        ratios = bench.summarise([one_round()], {})["ratios"]
        self.assertEqual(ratios, {
            "mutual_builtin_over_awslc": 12.0, "mutual_fresh_over_openssl": 0.5,
            "mutual_ready_over_openssl": 0.25, "warm_over_dummy_extension": 1.1,
            "verify_cold_over_primitives": 1.2, "verify_endorsement_cached_over_p384": 1.1})

    def test_a_slow_round_changes_no_ratio(self):
        rounds = [one_round(), one_round(1.45), one_round(3.0)]
        self.assertEqual(bench.summarise(rounds, {})["ratios"], bench.summarise([one_round()], {})["ratios"])

    def test_one_spoilt_round_does_not_decide(self):
        spoilt = one_round()
        spoilt["aws-lc"]["attested_warm"] *= 5
        summary = bench.summarise([one_round(), spoilt, one_round()], {})
        self.assertEqual(summary["ratios"]["warm_over_dummy_extension"], 1.1)
        self.assertEqual(summary["rows"]["aws-lc"]["attested_warm"], 220.0)

    def test_without_openssl_its_ratios_are_null_and_said_to_be_missing(self):
        summary = bench.summarise([one_round(openssl=False)], {})
        self.assertIsNone(summary["ratios"]["mutual_ready_over_openssl"])
        self.assertEqual(summary["ratios"]["mutual_builtin_over_awslc"], 12.0)
        self.assertIn("NOT MEASURED", bench.ratio_lines(summary))

    def test_a_missed_target_is_said_to_be_missed(self):
        slow = one_round()
        slow["aws-lc"]["verify_cold"] = 251.0
        lines = bench.ratio_lines(bench.summarise([slow], {})).splitlines()
        self.assertTrue(next(line for line in lines if "verify_cold" in line).endswith("MISSED"))
        self.assertTrue(next(line for line in lines if "mutual_ready" in line).endswith(" met"))


class Batch(unittest.TestCase):
    FINE = {"sessions": 1000, "reports": 9, "evidence_s_max": 1.2, "open_s": 1.6, "unthrottled_s": 0.4}

    def test_a_thousand_sessions_that_share_their_reports_meet_the_target(self):
        self.assertEqual(bench.batch_misses(self.FINE), [])
        self.assertTrue(bench.batch_line(self.FINE).endswith(" met"))

    def test_each_way_to_miss_it_is_named(self):
        for key, value in {"reports": 13, "evidence_s_max": 1.51, "open_s": 1.91}.items():
            with self.subTest(key):
                self.assertEqual(len(bench.batch_misses(self.FINE | {key: value})), 1)
                self.assertIn("MISSED", bench.batch_line(self.FINE | {key: value}))


def sessions() -> dict:
    kind = {"cpu_us": 95.4, "latency_us": [100.0 + i for i in range(101)], "wire_bytes": {"to_server": 3558, "to_client": 787},
            "phases_us": {"peer_authenticated": 10, "evidence_requested": 20, "evidence_ready": 60,
                          "handshake_done": 70, "verdict_received": 100},
            "idle_bytes": {"client": 51944, "server": 66907}}
    return {"kinds": {"a & b": kind}, "handshakes_per_second": {"a & b": {"1": 5000, "2": 9000}}}


class Sessions(unittest.TestCase):
    def test_the_table_has_the_median_the_99th_percentile_cpu_time_bytes_and_memory(self):
        words = bench.channel_table(sessions()).splitlines()[1].split()
        self.assertEqual(words[-7:], ["150", "199", "95", "3558", "787", "51944", "66907"])

    def test_the_lock_of_the_key_table_has_a_line_for_each_kind(self):
        one = {"taken": 146.0, "held_us": 4.25, "waited": 0.0, "waited_us": 0.0, "cpu_us": 287.4}
        lines = bench.key_slot_lines({"plain": {"1": one, "2": one | {"waited": 0.19, "waited_us": 0.566}}})
        self.assertEqual(lines.splitlines()[1].split(),
                         ["plain", "146", "4.25", "287", "0.190", "x", "0.566", "us"])

    def test_phases_lie_end_to_end_and_last_until_the_verdict(self):
        found = plot_bench.segments(sessions()["kinds"]["a & b"]["phases_us"])
        self.assertEqual([(begin, end) for _, begin, end in found], [(0.0, 20), (20, 60), (60, 70), (70, 100)])

    def test_the_plots_are_well_formed_and_say_which_machine(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "summary.json"
            source.write_text(json.dumps({"channel": sessions(), "machine": {"cpu": "<a cpu>", "load": [0.5]}}))
            self.assertEqual(plot_bench.main([str(source), folder]), 0)
            for name in ("latency.svg", "phases.svg"):
                root = xml.etree.ElementTree.parse(pathlib.Path(folder) / name).getroot()
                self.assertIn("<a cpu>", " ".join(root.itertext()))

    def test_a_summary_without_sessions_is_said_to_be_one(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "summary.json"
            source.write_text("{}")
            self.assertEqual(plot_bench.main([str(source), folder]), 65)
            self.assertEqual(plot_bench.main([str(source) + "x", folder]), 66)


class Sizes(unittest.TestCase):
    def test_openssl_gets_certificates_of_the_same_size(self):
        report = {"benchmarks": [{"name": "a"}, {"name": "b", "client_certificate": 3353.0}]}
        self.assertEqual(bench.certificate_size(report), 3353)


if __name__ == "__main__":
    unittest.main()
