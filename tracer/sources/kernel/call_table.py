# SPDX-License-Identifier: MIT
"""Writes the names of this architecture's system calls as C tables, from the kernel's headers.

    call_table.py OUTPUT COMPILER…
"""

import re
import subprocess
import sys

DEFINITION = re.compile(r"^#define __NR(?:32|3264|_compat)?_?(\w+) (\d+)$", re.MULTILINE)


def names_of(compiler, header):
    """Names by number; none where the compiler has no such header."""
    done = subprocess.run([*compiler, "-E", "-dM", "-"], input=f"#include <{header}>\n", capture_output=True, text=True,
                          check=False)
    found = {}
    for name, number in DEFINITION.findall(done.stdout if done.returncode == 0 else ""):
        if not name.startswith(("arch_specific", "syscalls")):
            found.setdefault(int(number), name)
    return found


def table(name, found):
    rows = "".join(f'\t[{number}] = "{found[number]}",\n' for number in sorted(found))
    return f"static const char *const {name}[] = {{\n{rows or '	NULL,'}\n}};\n"


def main():
    output, compiler = sys.argv[1], sys.argv[2:]
    native = names_of(compiler, "asm/unistd.h")
    if not native:
        sys.exit("call_table.py: <asm/unistd.h> names no calls")
    with open(output, "w", encoding="utf-8") as file:
        file.write(table("native_calls", native) + table("compat_calls", names_of(compiler, "asm/unistd_32.h")))


if __name__ == "__main__":
    main()
