# SPDX-License-Identifier: MIT
"""Every limit has a test that names it."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
# Aims and sizes, which nothing is refused for.
NO_LIMITS = {"CTRACE_CHUNK_RAW_AIM", "CTRACE_BATCH_US", "CTRACE_SOCKET_BUFFER_BYTES"}


def limits_of(path):
    return re.findall(r"^#define (CTRACE_\w+) ", path.read_text(), re.MULTILINE)


def main():
    headers = [ROOT / "format/limits.h", ROOT / "viewer-server/limits.h"]
    tests = "\n".join(p.read_text(errors="replace") for p in (ROOT / "tests").rglob("*.[chp]*") if p.suffix in (".c", ".h", ".py")
                      and p != Path(__file__).resolve())
    limits = [(header, name) for header in headers for name in limits_of(header) if name not in NO_LIMITS]
    missing = [(header, name) for header, name in limits if not re.search(rf"\b{name}\b", tests)]
    for header, name in missing:
        print(f"{header.relative_to(ROOT)}: no test names {name}")
    print(f"{len(limits) - len(missing)} passed, {len(missing)} failed")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
