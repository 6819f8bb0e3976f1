#!/usr/bin/env python3
"""Datagrams on real sockets: of many senders every shard takes some, of a multicast group each comes once, and what the kernel
had no room for is said."""
# Builds: release asan tsan
import re
import signal
import socket
import struct
import unittest

import closing_line
from server import Server, wait_until


def rows_durable(server):
    return server.exec("SELECT sum(rows_durable) FROM connections() WHERE transport = 'udp'")["dataset"][0][0]


class Unicast(unittest.TestCase):
    def test_every_shard_takes_some_of_the_senders(self):
        with Server("--shards", 3) as server:
            senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(64)]
            for number, sender in enumerate(senders):
                sender.sendto(b"t v=%di %d000\n" % (number, number), server.udp)
                sender.close()
            wait_until(lambda: rows_durable(server) == len(senders), lambda: rows_durable(server))
            records = server.records("SELECT * FROM connections() WHERE transport = 'udp'")
            self.assertEqual(len(records), 3)
            self.assertTrue(all(record["rows_durable"] > 0 for record in records), records)
            server.stop()
            self.assertIn("stopped: 64 rows durable, 0 rejected, 0 datagrams lost", server.log())

    def test_what_the_kernel_had_no_room_for_is_said(self):
        with Server("--shards", 1, "--line.udp.receive.buffer.size", 1) as server, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            server.process.send_signal(signal.SIGSTOP)
            for number in range(200):
                sender.sendto(b"t v=%di,text=\"%s\" %d000\n" % (number, b"x" * 500, number), server.udp)
            server.process.send_signal(signal.SIGCONT)
            def rows_and_losses():
                lost = re.findall(r"udp: \d+ datagrams lost, (\d+) since the start", server.log())
                return (rows_durable(server) or 0) + int(lost[-1]) if lost else 0

            wait_until(lambda: rows_and_losses() == 200, rows_and_losses)
            server.stop()
            found = re.search(r"stopped: (\d+) rows durable, 0 rejected, (\d+) datagrams lost", server.log())
            self.assertIsNotNone(found, server.log())
            self.assertEqual(int(found[1]) + int(found[2]), 200)
            self.assertGreater(int(found[2]), 0)


class Multicast(unittest.TestCase):
    def test_what_is_sent_to_a_group_comes_once(self):
        config = {"line.udp.unicast": "false", "line.udp.join": "232.1.2.7"}
        with Server("--shards", 3, config=config) as server, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, struct.pack("b", 1))
            for number in range(10):
                sender.sendto(b"t v=%di %d000\n" % (number, number), ("232.1.2.7", server.udp[1]))
            wait_until(lambda: rows_durable(server) == 10, lambda: rows_durable(server))
            self.assertEqual(len(server.records("SELECT * FROM connections() WHERE transport = 'udp'")), 1)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT count(*) FROM t")["dataset"], [[10]])


if __name__ == "__main__":
    closing_line.main()
