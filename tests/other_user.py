# SPDX-License-Identifier: MIT
"""For tests that run programs as a user without rights: whether they can here."""

import os
import shutil
import subprocess

NOBODY = 65534


def why_not_nobody(program):
    """Why `program` cannot be run as nobody, or None. A checkout may lie where only root gets to."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "only root can become nobody"
    reach = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "test", "-x", str(program)]
    if subprocess.run(reach, capture_output=True, check=False).returncode != 0:
        return f"another user cannot reach {program}"
    return None
