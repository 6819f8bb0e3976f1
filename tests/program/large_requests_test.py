#!/usr/bin/env python3
"""Requests over HTTP that are larger than the memory for their rows: stored whole or not at all, and the program stays within
--memory. MILLRACE_TEST_LONG=1 sends 200 MiB, and says what another sender gets through meanwhile."""
# Builds: release asan
import os
import threading
import time
import unittest
from pathlib import Path

import closing_line
from http_write import HttpConnection, request_bytes
from server import Server

LONG = os.environ.get("MILLRACE_TEST_LONG")
TABLES = 4


def body_of(rows, text_size):
    """Rows of all tables, in turns; each second goes back in time."""
    text = b"x" * text_size
    return b"".join(b"big%d,symbol=s%d n=%di,note=\"%s\" %d\n" % (n % TABLES, n % 300, n, text, 10**18 + n % 1000 * 10**6 + n)
                    for n in range(rows))


class LargeRequests(unittest.TestCase):
    """The memory for rows of requests is a 16th of a shard's: 2 MiB with 64 MiB for two shards."""

    ROWS = 20_000
    TEXT_SIZE = 500

    def counts(self, server):
        server.wait_readable()
        return [server.exec(f"SELECT count() FROM big{table}")["dataset"][0][0] for table in range(TABLES)]

    def small_server(self):
        return Server("--shards", "2", "--memory", "64M")

    def make_tables(self, server):
        with HttpConnection(server) as connection:
            self.assertEqual(connection.write(body_of(TABLES, 1)).status, 204)

    def test_a_request_that_is_larger_than_the_memory_for_it_is_stored_whole(self):
        body = body_of(self.ROWS, self.TEXT_SIZE)
        with self.small_server() as server:
            self.make_tables(server)
            with HttpConnection(server) as connection:
                self.assertEqual(connection.write(body + b"bad\n").status, 400)
                self.assertEqual(self.counts(server), [1] * TABLES)
                self.assertEqual(connection.write(body).status, 204)
            server.kill()  # most of it is still to be read back
            server.start()
            self.assertEqual(self.counts(server), [1 + self.ROWS // TABLES] * TABLES)
            with HttpConnection(server) as connection:
                # The same bytes would be taken for those that were perhaps not answered before the crash.
                self.assertEqual(connection.write(body + b"\n").status, 204)
            self.assertEqual(self.counts(server), [1 + 2 * self.ROWS // TABLES] * TABLES)
            total = sum(range(self.ROWS)) * 2 + sum(range(TABLES))
            sums = [server.exec(f"SELECT sum(n) FROM big{table}")["dataset"][0][0] for table in range(TABLES)]
            self.assertEqual(sum(sums), total)

    def test_a_kill_in_the_middle_leaves_nothing(self):
        body = body_of(self.ROWS, self.TEXT_SIZE)
        with self.small_server() as server:
            self.make_tables(server)
            with HttpConnection(server) as connection:
                request = request_bytes(body)
                connection.send(request[:len(request) - 1000])
                server.kill()
            server.start()
            self.assertEqual(self.counts(server), [1] * TABLES)

    def test_what_takes_more_than_half_of_the_log_is_refused_by_name(self):
        config = {"wal.segment.size": "2M", "wal.size.max": "8M", "line.tcp.max.recv.buffer.size": "64K"}
        with Server("--shards", "1", config=config) as server, HttpConnection(server) as connection:
            answer = connection.write(body_of(self.ROWS, self.TEXT_SIZE))
            self.assertEqual(answer.status, 413)
            self.assertIn("transaction is too large", answer.json()["message"])
            self.assertIn("wal.size.max", answer.json()["message"])
            with HttpConnection(server) as other:
                self.assertEqual(other.write(body_of(1000, 100)).status, 204)


class Rate(threading.Thread):
    """A sender of rows over TCP into a table of its own: how many a second become durable."""

    def __init__(self, server):
        super().__init__()
        self.connection = server.connect()
        self.is_over = False
        self.sent = 0

    def run(self):
        lines = b"".join(b"other,symbol=a price=%d.5\n" % n for n in range(1000))
        while not self.is_over:
            self.connection.send(lines)
            self.sent += 1000

    def measure(self, work):
        before, start = self.connection.figures(), time.monotonic()
        work()
        after, seconds = self.connection.figures(), time.monotonic() - start
        return (after["rows_durable"] - before["rows_durable"]) / seconds


@unittest.skipUnless(LONG, "MILLRACE_TEST_LONG=1")
class TwoHundredMebibytes(unittest.TestCase):
    MEMORY = 512 << 20

    def test_memory_stays_within_its_bound_and_others_go_on(self):
        row = body_of(1, 20)
        body = body_of((200 << 20) // len(row), 20)
        with Server("--shards", "2", "--memory", str(self.MEMORY)) as server:
            pid = server.process.pid
            rate = Rate(server)
            rate.start()
            try:
                rate.measure(lambda: time.sleep(1))
                alone = rate.measure(lambda: time.sleep(3))
                statuses = []
                def post():
                    with HttpConnection(server) as connection:
                        statuses.append(connection.write(body).status)
                    while sum(server.exec(f"SELECT count() FROM big{table}")["dataset"][0][0] for table in range(TABLES)) == 0:
                        time.sleep(0.1)
                beside = rate.measure(post)
            finally:
                rate.is_over = True
                rate.join()
            peak = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
            peak = int(peak.split()[1]) << 10
            print(f"another sender: {alone:.0f} rows/s alone, {beside:.0f} beside the request; peak {peak >> 20} MiB")
            self.assertEqual(statuses, [204])
            self.assertLess(peak, self.MEMORY)
            self.assertGreater(beside, alone / 10)


if __name__ == "__main__":
    closing_line.main()
