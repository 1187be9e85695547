# SPDX-License-Identifier: MIT
"""script/setup, script/test and .ci/run do what they say they do."""

import re
import subprocess
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(*command):
    return subprocess.run(command, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=300)


class Scripts(unittest.TestCase):
    def test_every_package_has_a_group_and_a_reason(self):
        rows = [line for line in (ROOT / "script/packages.txt").read_text().splitlines() if line and line[0] != "#"]
        names = []
        for row in rows:
            with self.subTest(row):
                found = re.fullmatch(r"([a-z0-9.+-]+) +(build|demo|test|bench) +(\S.{8,})", row)
                self.assertIsNotNone(found)
                names.append(found.group(1))
        self.assertEqual(sorted(set(names)), sorted(names))

    def test_setup_is_silent_when_all_is_there(self):
        run(ROOT / "script/setup")
        again = run(ROOT / "script/setup")
        self.assertEqual((0, "", ""), (again.returncode, again.stdout, again.stderr))

    def test_setup_refuses_a_group_it_does_not_know(self):
        done = run(ROOT / "script/setup", "everything")
        self.assertEqual(1, done.returncode)
        self.assertIn("the groups are build, demo, test and bench", done.stderr)

    def test_test_lists_its_suites(self):
        done = run(ROOT / "script/test", "--list")
        self.assertEqual(0, done.returncode)
        for suite in ("unit", "golden", "oracle", "fault", "server", "web", "clients", "fuzz-smoke", "tsan"):
            self.assertIn(suite, done.stdout)

    def test_continuous_integration_calls_script_test(self):
        lines = [line for line in (ROOT / ".ci/run").read_text().splitlines() if line and line[0] != "#"]
        self.assertEqual("exec bash script/test", lines[-1])


if __name__ == "__main__":
    unittest.main()
