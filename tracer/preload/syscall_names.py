# SPDX-License-Identifier: MIT
"""The kernel's names for its calls, as the C compiler's headers know them: NAME(number, "name") a line.

    syscall_names.py COMPILER… > syscall_names.inc
"""

import re
import subprocess
import sys


def main():
    asked = "#include <sys/syscall.h>\n"
    done = subprocess.run([*sys.argv[1:], "-E", "-dM", "-x", "c", "-"], input=asked, capture_output=True, text=True, check=True)
    for name in sorted(re.findall(r"^#define __NR_(\w+) ", done.stdout, re.MULTILINE)):
        print(f'NAME(__NR_{name}, "{name}")')


if __name__ == "__main__":
    main()
