#!/usr/bin/env python3
"""A start right behind the death of the process before it, which still holds ports and lock for a moment, and how starts that
fail are told apart by their exit codes."""
# Builds: release asan tsan
import subprocess
import unittest

import closing_line
from server import PROGRAM, SECONDS_MAX, Server


class AfterKill9(unittest.TestCase):
    def test_a_start_at_once_finds_the_ports_of_the_process_that_was_killed(self):
        starts, rows = 12, 0
        with Server("--shards", 2) as server:
            for _ in range(starts):
                senders = [server.connect() for _ in range(4)]
                readers = [server.ask("SELECT 1") for _ in range(4)]
                for sender in senders:
                    sender.send(b"t f=1 1000\n")
                for sender in senders:
                    sender.wait_durable(1)
                rows += len(senders)
                server.kill()
                server.start(same_ports=True)
                for each in [sender.socket for sender in senders] + readers:
                    each.close()
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count(*) FROM t")["dataset"], [[rows]])


class ExitCodes(unittest.TestCase):
    def start(self, server):
        return subprocess.run([PROGRAM, "serve", "--data", server.data, "--tcp", "off", "--udp", "off", "--http", "off"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)

    def test_damaged_data_is_65_and_a_log_that_cannot_be_read_66(self):
        with Server("--shards", 1) as server:
            with server.connect() as connection:
                connection.send(b"t f=1 1000\n")
                connection.wait_durable(1)
            server.kill()
            superblock = server.data / "superblock"
            good = superblock.read_bytes()
            superblock.write_bytes(bytes(len(good)))
            run = self.start(server)
            self.assertEqual(run.returncode, 65, run.stderr)
            self.assertIn("superblock", run.stderr)
            superblock.write_bytes(good)
            wal = next(path for path in sorted((server.data / "wal").rglob("*")) if path.is_file())
            wal.rename(wal.with_suffix(".away"))
            wal.mkdir()
            run = self.start(server)
            self.assertEqual(run.returncode, 66, run.stderr)


if __name__ == "__main__":
    closing_line.main()
