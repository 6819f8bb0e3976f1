#!/usr/bin/env python3
"""A server that has nothing to do takes next to nothing: neither time nor, for connections that are silent, memory."""
# Builds: release
# Alone: it measures what an idle server costs
import os
import resource
import time
import unittest
from pathlib import Path

import closing_line
from server import Server, wait_until

WINDOW_SECONDS = 2
CPU_SHARE_MAX = 0.01  # of one core
CONNECTIONS = 1000
CONNECTIONS_RSS_MAX = 32 * 1024 * 1024

# Small segments: those that are made ahead of the first row are soon made.
CONFIG = {"wal.segment.size": "2M", "line.tcp.max.recv.buffer.size": "64K"}


def cpu_seconds(pid):
    """User and system time of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system = int(fields[11]), int(fields[12])  # utime and stime of proc(5), which counts from the process id
    return (user + system) / os.sysconf("SC_CLK_TCK")


def cpu_share(pid):
    """Of one core, over the window that begins now."""
    started, before = time.monotonic(), cpu_seconds(pid)
    time.sleep(WINDOW_SECONDS)
    return (cpu_seconds(pid) - before) / (time.monotonic() - started)


def rss(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


class Idle(unittest.TestCase):
    def check_idle(self, server, state):
        """Work of before may still go on in the first windows."""
        shares = []

        def is_idle():
            shares.append(cpu_share(server.process.pid))
            return shares[-1] < CPU_SHARE_MAX

        wait_until(is_idle, lambda: f"less than {CPU_SHARE_MAX:.0%} of a core {state}: {shares}", seconds_max=30)
        print(f"{state}: {shares[-1]:.2%} of a core", flush=True)

    def test_it_takes_less_than_a_hundredth_of_a_core(self):
        with Server(config=CONFIG) as server:
            self.check_idle(server, "just started")
            with server.connect() as connection:
                connection.send(b"".join(b"t v=%di\n" % i for i in range(10_000)))
                connection.wait_durable(10_000)
                server.wait_readable()
                self.check_idle(server, "with rows and a silent connection")

    def test_a_thousand_silent_connections_cost_less_than_32_mib(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # many systems allow 1024 without this
        with Server(config=CONFIG) as server:
            with server.connect() as connection:
                connection.send(b"t v=0i\n")
                connection.wait_durable(1)
            server.wait_readable()
            before = rss(server.process.pid)
            connections = [server.connect() for _ in range(CONNECTIONS)]
            try:
                for i, connection in enumerate(connections):
                    connection.send(b"t v=%di\n" % i)

                def figures():
                    rows = "connections() WHERE transport = 'tcp' AND state = 'open'"
                    return server.exec(f"SELECT count(*), sum(rows_durable) FROM {rows}")["dataset"][0]

                wait_until(lambda: figures() == [CONNECTIONS, CONNECTIONS], figures)
                server.wait_readable()
                cost = rss(server.process.pid) - before
                mib = 1024 * 1024
                print(f"{CONNECTIONS} connections: {cost / mib:.1f} MiB over {before / mib:.1f} MiB", flush=True)
                self.assertLess(cost, CONNECTIONS_RSS_MAX)
                self.check_idle(server, f"with {CONNECTIONS} connections")
            finally:
                for connection in connections:
                    connection.socket.close()


if __name__ == "__main__":
    closing_line.main()
