#!/usr/bin/env python3
"""kill -9 under load: no acknowledged row is lost, none is there twice, and every cell is as it was sent."""
# Builds: release
# First: it waits for the disk for minutes

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROWS = 10_000_000
KILLS = 20


def main() -> int:
    binary = Path(os.environ["MILLRACE"])
    check = binary.parent / "tests" / "millrace_kill_check"
    seed = str(time.time_ns() % 1_000_000)
    with tempfile.TemporaryDirectory(prefix="millrace-kill-", dir=binary.parent) as directory:
        command = [check, "--binary", binary, "--directory", directory, "--rows", str(ROWS), "--kills", str(KILLS)]
        command += ["--seed", seed]
        status = subprocess.run(command, check=False).returncode
    print("1 passed, 0 failed, 0 skipped" if status == 0 else "0 passed, 1 failed, 0 skipped")
    return status


if __name__ == "__main__":
    sys.exit(main())
