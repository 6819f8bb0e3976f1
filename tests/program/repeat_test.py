#!/usr/bin/env python3
"""Requests over HTTP that come again to the real program: after kill -9, with a key, and after a connection that was reset
before the answer was received. Their rows are stored once."""
# Builds: release asan
import socket
import struct
import unittest

import closing_line
from http_write import HttpConnection, request_bytes
from server import Server, wait_until

ROW = b"t id=1i 1000\n"


def count(server, table="t"):
    return server.exec(f"SELECT count(*) FROM {table}")["dataset"][0][0]


def write(server, body, key=None):
    with HttpConnection(server) as connection:
        return connection.write(body, headers={"Idempotency-Key": key} if key else None)


class Repeats(unittest.TestCase):
    def test_a_key_is_known_after_kill_9_and_after_a_stop(self):
        with Server("--shards", 2) as server:
            self.assertEqual(write(server, ROW, "first").status, 204)
            for end in (server.kill, server.stop, server.kill):
                end()
                server.start()
                self.assertEqual(write(server, ROW, "first").status, 204)
                other = write(server, b"t id=2i 1000\n", "first")
                self.assertEqual(other.status, 422)
                self.assertIn("Idempotency-Key", other.json()["message"])
                self.assertEqual(count(server), 1)
            repeated = server.exec("SELECT sum(requests_repeated) FROM connections()")["dataset"]
            self.assertEqual(repeated, [[1]])

    def test_a_body_that_comes_again_after_a_reset_stores_nothing_and_a_third_one_does(self):
        with Server("--shards", 2) as server:
            connection = HttpConnection(server)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.send(request_bytes(ROW))
            server.wait_readable()
            wait_until(lambda: "t" in [row[0] for row in server.exec("SELECT table_name FROM tables()")["dataset"]]
                       and count(server) == 1, "the row")
            connection.socket.close()  # resets: the answer is not read
            closed = "SELECT count(*) FROM connections() WHERE state = 'closed' AND transport = 'http' AND rows_durable = 1"
            wait_until(lambda: server.exec(closed)["dataset"] == [[1]], "the end of the connection")
            self.assertEqual(write(server, ROW).status, 204)
            self.assertEqual(count(server), 1)
            self.assertEqual(write(server, ROW).status, 204)
            self.assertEqual(count(server), 2)

    def test_bodies_that_are_answered_are_all_stored(self):
        with Server("--shards", 2) as server:
            for headers in ({}, {"Connection": "close"}):
                for _ in range(5):
                    with HttpConnection(server) as connection:
                        self.assertEqual(connection.write(ROW, headers=headers).status, 204)
            self.assertEqual(count(server), 10)


if __name__ == "__main__":
    closing_line.main()
