#!/usr/bin/env python3
"""Which signals stop the server, which leave it alone, and that nobody who does not read holds it up."""
# Builds: release asan tsan
import fcntl
import os
import re
import signal
import time
import unittest

import closing_line
from server import Server, wait_until

STOP = [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGPWR]
GO_ON = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGIO, signal.SIGXFSZ,
         signal.SIGRTMIN + 3]


def full_pipe():
    """Both ends of a pipe that takes nothing more."""
    reader, writer = os.pipe()
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    for size in (4096, 1):
        try:
            while True:
                os.write(writer, b"x" * size)
        except BlockingIOError:
            pass
    fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    return reader, writer


class Signals(unittest.TestCase):
    def test_those_that_say_nothing_about_the_end_leave_the_server_as_it_is(self):
        with Server("--shards", 1) as server, server.connect() as connection:
            for i, number in enumerate(GO_ON):
                server.process.send_signal(number)
                connection.send(b"t f=%d\n" % i)
                connection.wait_durable(i + 1)
            wait_until(lambda: re.search("SIGHUP.*goes on", server.log()), server.log)
            self.assertEqual(server.stop(), 0)

    def test_those_that_ask_for_the_end_make_everything_durable_first(self):
        rows = 0
        with Server("--shards", 1) as server:
            for number in STOP:
                with server.connect() as connection:
                    connection.send(b"t f=1\n" * 1000)
                    rows += 1000
                    wait_until(lambda c=connection: (c.figures() or {}).get("rows_received") == 1000, "the rows")
                self.assertEqual(server.end_with(number), 0, number)
                server.start()
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count(*) FROM t")["dataset"], [[rows]])


class NobodyReads(unittest.TestCase):
    def check(self, **outputs):
        with Server("--shards", 1, **outputs) as server:
            with server.connect() as connection:
                connection.send(b"bad\n" * 50 + b"t f=1\n" * 10)
                figures = connection.wait_settled(60)
                self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (10, 50))
            started = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - started, 20)

    def test_a_full_pipe_behind_stderr_holds_nothing_up(self):
        reader, writer = full_pipe()
        self.check(errors=writer)
        os.close(reader)
        os.close(writer)

    def test_a_full_pipe_behind_both_holds_nothing_up(self):
        reader, writer = full_pipe()
        self.check(errors=writer, terminal=writer)
        os.close(reader)
        os.close(writer)

    def test_a_pipe_whose_reader_is_gone_holds_nothing_up(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.check(errors=writer, terminal=writer)
        os.close(writer)


if __name__ == "__main__":
    closing_line.main()
