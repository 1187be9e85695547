# SPDX-License-Identifier: MIT
"""An event costs the instructions it is known to cost, and no more: counted by callgrind, so the same on any machine.

    test_instructions.py BENCH-INSTRUCTIONS BUILD-FOLDER
"""

import re
import shutil
import subprocess
import sys

RECORDED = 36.0
ALLOWED = RECORDED * 1.05


def main():
    if shutil.which("valgrind") is None:
        print("no valgrind here")
        return 77
    done = subprocess.run(sys.argv[1:3], capture_output=True, text=True, check=False, timeout=600)
    found = re.match(r"([0-9.]+) instructions per event", done.stdout)
    if found is None:
        print(done.stdout + done.stderr)
        return 1
    print(f"{found[1]} instructions per event, {RECORDED} recorded, {ALLOWED:.2f} allowed")
    return 0 if float(found[1]) <= ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
