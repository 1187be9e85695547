# SPDX-License-Identifier: MIT
"""A test that stumbles is run again, alone, and named; one that fails twice has failed; too many that stumble have failed too."""

import contextlib
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "runner"))
import run_suites  # noqa: E402
from count_cases import Count  # noqa: E402

# Fails as often as its second argument says, then passes; it counts in the file that its first argument names.
STUMBLER = """#!/bin/sh
echo fell >> "$1"
if [ "$(wc -l < "$1")" -le "$2" ]; then echo "it was $2 of us" >&2; exit 1; fi
"""


def meson_project(folder, falls):
    script = folder / "stumbler.sh"
    script.write_text(STUMBLER)
    script.chmod(0o755)
    tests = [f"test('t{at}', program, args: ['{folder}/t{at}', '{times}'], suite: 'some')" for at, times in enumerate(falls)]
    (folder / "meson.build").write_text("\n".join(["project('small')", f"program = find_program('{script}')", *tests]))
    subprocess.run(["meson", "setup", folder / "build", folder], check=True, capture_output=True)


def outcome_with(falls, is_strict=False):
    """Of a suite whose tests fail that often before they pass."""
    with tempfile.TemporaryDirectory() as name, contextlib.redirect_stdout(io.StringIO()):
        meson_project(Path(name), falls)
        with mock.patch.object(run_suites, "directory", return_value=Path(name) / "build"):
            return run_suites.run_suite("gcc", "some", [], is_strict)


class TryAgain(unittest.TestCase):
    def test_one_that_passes_alone_is_named_and_counts_as_passed(self):
        outcome = outcome_with([0, 1])
        self.assertEqual((Count(2, 0), []), (outcome.count, outcome.failures))
        self.assertEqual(["gcc: some: t1 (fail)"], [one.name for one in outcome.unsteady])
        self.assertIn("it was 1 of us", outcome.unsteady[0].lines)

    def test_one_that_fails_twice_has_failed(self):
        outcome = outcome_with([0, 2])
        self.assertEqual((Count(1, 1), []), (outcome.count, outcome.unsteady))
        self.assertEqual(["gcc: some: t1 (fail)"], [one.name for one in outcome.failures])

    def test_strict_gives_no_second_chance(self):
        self.assertEqual(Count(1, 1), outcome_with([0, 1], is_strict=True).count)

    def test_more_than_a_few_at_once_are_not_run_again(self):
        many = run_suites.UNSTEADY_AT_MOST + 1
        self.assertEqual(Count(0, many), outcome_with([1] * many).count)

    def test_more_than_a_few_in_all_count_as_failed(self):
        stumbled = [run_suites.Failure("one")] * (run_suites.UNSTEADY_AT_MOST + 1)
        total = run_suites.too_unsteady(run_suites.Outcome(Count(9, 0), unsteady=stumbled))
        self.assertEqual((Count(9, len(stumbled)), stumbled, []), (total.count, total.failures, total.unsteady))


if __name__ == "__main__":
    unittest.main()
