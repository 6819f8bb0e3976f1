"""What the measurements of the whole path share: the process that receives, and the table of figures."""
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

READY_WAIT_S = 30
STOP_WAIT_S = 120


class Receiver:
    """A process that rows are sent to: started, ready, and stopped with SIGTERM."""

    def __init__(self, command, directory):
        ready_file = Path(directory) / "ready.json"
        self.log = open(Path(directory) / "log", "w+")
        self.process = subprocess.Popen([*command, "--ready-file", ready_file], stdout=self.log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + READY_WAIT_S
        while not ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                sys.exit(f"{' '.join(map(str, command))} did not start:\n{self.read_log()}")
            time.sleep(0.01)
        self.addresses = json.loads(ready_file.read_text())

    def read_log(self):
        self.log.seek(0)
        return self.log.read()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_WAIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serve_command(binary, data, cpu):
    """A server of one shard, pinned, on free ports."""
    return [binary, "serve", "--data", data, "--shards", "1", "--cpus", str(cpu), "--tcp", "127.0.0.1:0", "--udp", "off",
            "--http", "127.0.0.1:0"]


def spread(values, digits):
    """Median, least and greatest."""
    if not values:
        return "-"
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def print_table(rows):
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for number, row in enumerate(rows):
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |")
        if number == 0:
            print("|" + "|".join("-" * (width + 2) for width in widths) + "|")


def machine_line():
    models = [line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return f"machine: {os.cpu_count()} x {models[0] if models else platform.machine()}, Linux {platform.release()}"
