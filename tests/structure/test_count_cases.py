# SPDX-License-Identifier: MIT
"""The runner's sums are right for every kind of test program, above all for failed ones, and it shows why those failed."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))
from count_cases import Count, count_cases, seed_lines  # noqa: E402
from failing_lines import FIRST, LAST, failing_lines  # noqa: E402
from kinds_in_spec import differences  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]

CMOCKA = """[==========] Running 3 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
[  ERROR   ] --- 0x1 != 0x2
[   LINE   ] --- x.c:12: error: Failure!
[  FAILED  ] b
[ RUN      ] c
[       OK ] c
[==========] 3 test(s) run.
[  PASSED  ] 2 test(s).
[  FAILED  ] tests: 1 test(s), listed below:
[  FAILED  ] b

 1 FAILED TEST(S)
"""


class CountCases(unittest.TestCase):
    def test_cmocka_counts_each_case_once(self):
        self.assertEqual(Count(2, 1), count_cases(CMOCKA, False))

    def test_unittest_counts_failures_and_errors(self):
        self.assertEqual(Count(5, 3), count_cases("Ran 8 tests in 0.1s\n\nFAILED (failures=1, errors=2)\n", False))
        self.assertEqual(Count(6, 0, 2), count_cases("Ran 8 tests in 0.1s\n\nOK (skipped=2)\n", True))

    def test_node_counts_in_both_reports(self):
        self.assertEqual(Count(7, 2), count_cases("# tests 9\n# pass 7\n# fail 2\n", False))
        self.assertEqual(Count(7, 0), count_cases("\u2139 tests 7\n\u2139 pass 7\n\u2139 fail 0\n", True))

    def test_a_plain_line_counts(self):
        self.assertEqual(Count(40, 0), count_cases("40 passed, 0 failed\n", True))

    def test_a_silent_program_is_one_case(self):
        self.assertEqual(Count(1, 0), count_cases("", True))
        self.assertEqual(Count(0, 1), count_cases("", False))

    def test_a_program_that_died_after_good_cases_failed(self):
        self.assertEqual(Count(1, 1), count_cases("[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n", False))

    def test_seeds_are_found(self):
        self.assertEqual(["seed: 12"], seed_lines("hello\nseed: 12\nunseeded\n"))


class FailingLines(unittest.TestCase):
    def test_cases_that_passed_are_left_out(self):
        lines = failing_lines(CMOCKA)
        self.assertEqual("[  ERROR   ] --- 0x1 != 0x2", lines[0])
        self.assertIn("[   LINE   ] --- x.c:12: error: Failure!", lines)
        self.assertEqual([], [line for line in lines if "OK" in line or "RUN" in line])

    def test_an_assertion_between_many_passed_cases_is_there(self):
        for passed in ("\u2714 it does ({}ms)\n", "ok {} - it does\n", "test_{} (x.X) ... ok\n", "[       OK ] case_{}\n"):
            many = "".join(passed.format(i) for i in range(500))
            self.assertEqual(["AssertionError: 1 != 2"], failing_lines(many + "AssertionError: 1 != 2\n" + many))

    def test_of_a_long_report_both_ends_are_there(self):
        report = [f"frame {i}" for i in range(1000)]
        lines = failing_lines("\n".join(report))
        self.assertEqual(report[:FIRST], lines[:FIRST])
        self.assertEqual(report[-LAST:], lines[-LAST:])
        self.assertEqual("\u2026 960 lines \u2026", lines[FIRST])

    def test_a_line_without_end_is_cut(self):
        self.assertLess(len(failing_lines("x" * 100000)[0]), 400)


class KindsInSpec(unittest.TestCase):
    def setUp(self):
        self.table = (ROOT / "format/events.def").read_text()
        self.spec = (ROOT / "format/SPEC.md").read_text()

    def assert_differs(self, table, spec):
        self.assertNotEqual([], list(differences(table, spec)))

    def test_the_two_agree(self):
        self.assertEqual([], list(differences(self.table, self.spec)))

    def test_a_kind_missing_on_either_side_is_found(self):
        self.assert_differs(self.table, self.spec.replace("| 12 | flow_step |", "| 99 | flow_step |"))
        self.assert_differs(self.table.replace("CTRACE_KIND(FLOW_STEP, 12,", "CTRACE_KIND(FLOW_STEP, 99,"), self.spec)

    def test_another_field_type_or_name_is_found(self):
        self.assert_differs(self.table, self.spec.replace("| 49 | free | 2 | address: varint", "| 49 | free | 2 | address: u8"))
        self.assert_differs(self.table.replace("live:varint freed:varint", "freed:varint live:varint"), self.spec)

    def test_another_way_of_writing_is_found(self):
        self.assert_differs(self.table, self.spec.replace("| 8 | task_end | 2 |", "| 8 | task_end | site |"))


if __name__ == "__main__":
    unittest.main()
