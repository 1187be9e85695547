# SPDX-License-Identifier: MIT
"""Builds the tree in several ways, runs the suites in each, and adds up the cases. Called by script/test."""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from count_cases import NOTHING, Count, count_cases, seed_lines
from failing_lines import failing_lines

ROOT = Path(__file__).resolve().parents[2]


class Build(NamedTuple):
    compiler: str
    options: tuple = ()
    patience: int = 4  # how much longer than its own time limit a test may take: a busy machine is no failure
    environment: dict = {}


SANITIZERS = {
    "ASAN_OPTIONS": "abort_on_error=1:detect_stack_use_after_return=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    # die_after_fork: a forked child that records has a thread of its own, which the sanitizer would not let begin.
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1:die_after_fork=0",
}

BUILDS = {
    "gcc": Build("gcc"),
    "clang": Build("clang"),
    # No werror: with checks built in, gcc warns of ways that cannot be taken.
    "asan": Build("gcc", ("-Db_sanitize=address,undefined", "-Dwerror=false"), 8, {**SANITIZERS, "CTRACE_ORACLE_COUNT": "300", "CTRACE_KILL_COUNT": "100"}),
    # clang: gcc 12 refuses to compile fences for its own thread sanitizer.
    "tsan": Build("clang", ("-Db_sanitize=thread", "-Db_lundef=false"), 10, SANITIZERS),
}

# Cheap and telling first. The gcc build also runs every suite that is not named here, except TSAN_ONLY.
ORDER = ("structure", "lint", "unit", "golden", "fuzz-smoke", "oracle", "model", "fault", "server", "web", "clients")
TSAN_ONLY = "tsan"
# Too long for every run: only when named.
ON_DEMAND = ("mutation",)
QUICK = ("structure", "lint", "unit", "golden")
ELSEWHERE = {
    "clang": ("unit", "golden"),
    "asan": ("unit", "golden", "fuzz-smoke", "fault", "oracle"),
    "tsan": (TSAN_ONLY,),
}


# So many failures are told in full at the end, the last ones; of others the name.
TOLD_IN_FULL = 12

# Tests that fork, kill and race beside each other on a busy machine may stumble. One that fails is run again, alone; what passes
# then is named as unsteady, with what it said. More than these in one run are no accident: they count as failed.
UNSTEADY_AT_MOST = 4


class Failure(NamedTuple):
    name: str
    lines: list = []  # of what it printed, those that say why

    def within(self, place):
        return self._replace(name=f"{place}: {self.name}")


class Outcome(NamedTuple):
    count: Count
    failures: list = []
    skips: list = []
    unsteady: list = []  # failures of tests that passed when they ran again, alone

    def __add__(self, other):
        return Outcome(*(a + b for a, b in zip(self, other)))

    def within(self, place):
        return Outcome(self.count, [f.within(place) for f in self.failures], [f"{place}: {s}" for s in self.skips],
                       [f.within(place) for f in self.unsteady])


def say(text):
    print(f"== {text}", flush=True)


def show(line):
    """A little to the right: only our own last line may look like a total."""
    sys.stdout.write("   " + line.rstrip("\n") + "\n")
    sys.stdout.flush()


def indented(command, environment):
    """Run, showing each line as it comes. Returns the exit status and all lines."""
    lines = []
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        for line in process.stdout:
            lines.append(line.decode("utf-8", "replace"))
            show(lines[-1])
    return process.returncode, lines


def directory(name):
    return ROOT / "build" / name


def environment_of(build):
    return {**os.environ, **build.environment, "CC": build.compiler, "CXX": {"gcc": "g++"}.get(build.compiler, "clang++")}


def compile_build(name):
    """Configure and build the tree in build/NAME. Returns what went wrong, or None."""
    build, folder = BUILDS[name], directory(name)
    say(f"build {name}")
    again = ["--reconfigure"] if (folder / "build.ninja").exists() else []
    setup = ["meson", "setup", *again, str(folder), *build.options]
    for command in (setup, ["ninja", "-C", str(folder)]):
        status, lines = indented(command, environment_of(build))
        if status != 0:
            return Failure(f"{name}: does not build", failing_lines("".join(lines)))
    return None


def suites_of(name):
    """Each suite that meson knows in this build, once."""
    shown = subprocess.run(["meson", "introspect", "--tests", str(directory(name))], check=True, capture_output=True)
    found = {suite.split(":")[-1] for test in json.loads(shown.stdout) for suite in test["suite"]}
    return [s for s in ORDER if s in found] + sorted(found - set(ORDER))


def outcome_of(test):
    """Of one line of meson's log."""
    text = test.get("stdout", "") + "\n" + test.get("stderr", "")
    if test["result"] == "SKIP":
        return Outcome(NOTHING, skips=[test["name"]])
    for seed in seed_lines(text):
        print(f"   {test['name']}: {seed}")
    is_ok = test["result"] in ("OK", "EXPECTEDFAIL")
    failures = [] if is_ok else [Failure(f"{test['name']} ({test['result'].lower()})", failing_lines(text))]
    return Outcome(count_cases(text, is_ok), failures)


def read_log(path):
    """The outcome of each test, by its name."""
    tests = [json.loads(line) for line in path.read_text(errors="replace").splitlines()]
    return {test["name"]: outcome_of(test) for test in tests}


def address_space_is_shy():
    """The sanitizers of gcc 12 and clang 14 need an address space less random than some kernels make it."""
    try:
        bits = int(Path("/proc/sys/vm/mmap_rnd_bits").read_text())
    except (OSError, ValueError):
        bits = 32
    fixed = subprocess.run(["setarch", "-R", "true"], capture_output=True, check=False)
    return bits > 28 and fixed.returncode == 0


def run_meson(name, log, which):
    """Run the tests that the arguments `which` choose. Returns the outcome of each by name, and of meson itself under ""."""
    build = BUILDS[name]
    command = ["meson", "test", "-C", str(directory(name)), "--no-rebuild", "--print-errorlogs", "--logbase", log,
               "--timeout-multiplier", str(build.patience), *which]
    if build.environment and address_space_is_shy():
        command = ["setarch", "-R", *command]
    path = directory(name) / "meson-logs" / (log + ".json")
    path.unlink(missing_ok=True)
    status, lines = indented(command, environment_of(build))
    outcomes = read_log(path) if path.exists() else {}
    if status != 0 and not any(outcome.failures for outcome in outcomes.values()):
        outcomes[""] = Outcome(Count(0, 1), [Failure(f"meson test ended with {status}", failing_lines("".join(lines)))])
    return outcomes


def try_again(name, test, first):
    """Run a failed test alone. Its outcome is the second one; what it said the first time is kept."""
    say(f"{name}: {test} again, alone")
    second = run_meson(name, "testlog-again", [test.split(" / ")[-1]])
    total = sum(second.values(), Outcome(NOTHING))
    if total.failures or test not in second:
        return first
    return total._replace(unsteady=first.failures)


def run_suite(name, suite, done, is_strict):
    """Run the tests of a suite that no suite in `done` has run."""
    began = time.monotonic()
    say(f"{name}: {suite}")
    outcomes = run_meson(name, f"testlog-{suite}", ["--suite", suite, *(word for other in done for word in ("--no-suite", other))])
    failed = [test for test, outcome in outcomes.items() if test and outcome.failures]
    if not is_strict and len(failed) <= UNSTEADY_AT_MOST:
        outcomes |= {test: try_again(name, test, outcomes[test]) for test in failed}
    total = sum(outcomes.values(), Outcome(NOTHING))
    seconds = time.monotonic() - began
    say(f"{name}: {suite}: {total.count.passed} passed, {total.count.failed} failed in {seconds:.0f} s")
    return total.within(f"{name}: {suite}")


def run_build(name, wanted, is_strict):
    """Everything of one build; `wanted` None means every suite but the thread sanitizer's."""
    broken = compile_build(name)
    if broken is not None:
        return Outcome(Count(0, 1), [broken])
    present = suites_of(name)
    suites = [s for s in present if s not in (TSAN_ONLY, *ON_DEMAND)] if wanted is None else [s for s in wanted if s in present]
    absent = [s for s in wanted or () if s not in present]
    total = Outcome(Count(0, len(absent)), [Failure(f"{name}: no suite called {s}") for s in absent])
    for at, suite in enumerate(suites):
        total += run_suite(name, suite, suites[:at], is_strict)
    return total


def plan_for(names):
    if not names:
        return {"gcc": None, **ELSEWHERE}
    if names == ["quick"]:
        return {"gcc": QUICK}
    plan = {}
    for name in names:
        plan.setdefault("tsan" if name == TSAN_ONLY else "gcc", []).append(name)
    return plan


def show_list():
    print("gcc:   " + " ".join(ORDER))
    for name, suites in ELSEWHERE.items():
        print(f"{name + ':':6} " + " ".join(suites))
    print("only when named: " + " ".join(ON_DEMAND))


def tell_failures(sign, failures):
    for at, failure in enumerate(failures):
        print(f"{sign} {failure.name}")
        for line in failure.lines if at >= len(failures) - TOLD_IN_FULL else ():
            show(line)


def tell(outcome):
    """What was skipped, and why what failed failed: last, so that the end of a long log is enough to know."""
    for skip in outcome.skips:
        print(f"skipped: {skip}")
    tell_failures("UNSTEADY (failed, then passed alone)", outcome.unsteady)
    tell_failures("FAILED", outcome.failures)


def too_unsteady(outcome):
    """The same outcome; with more accidents than accidents can be, each of them a failure."""
    if len(outcome.unsteady) <= UNSTEADY_AT_MOST:
        return outcome
    return outcome._replace(count=outcome.count + Count(0, len(outcome.unsteady)), failures=outcome.failures + outcome.unsteady, unsteady=[])


def main():
    parser = argparse.ArgumentParser(prog="script/test", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="quick, or names of suites; none: everything")
    parser.add_argument("--list", action="store_true", help="show the suites and the builds they run in")
    parser.add_argument("--strict", action="store_true", help="a test that fails once has failed: do not run it again")
    options = parser.parse_args()
    if options.list:
        show_list()
        return 0
    began = time.monotonic()
    total = Outcome(NOTHING)
    for name, wanted in plan_for(options.names).items():
        total += run_build(name, wanted, options.strict)
    say(f"{time.monotonic() - began:.0f} s in all")
    total = too_unsteady(total)
    tell(total)
    print(f"{total.count.passed} passed, {total.count.failed} failed", flush=True)
    return 0 if total.count.failed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
