#!/usr/bin/env python3
"""Clients that create the same table and the same column at once, with different types: one type is the column's, every line
becomes a value of it or is refused, and what its sender is told is what is stored."""
# Builds: release asan tsan
import os
import threading
import unittest

import closing_line
from http_write import HttpConnection
from server import SECONDS_MAX, Server

TABLES = 1000 if os.environ.get("MILLRACE_TEST_LONG") else 150

# How each client says seven, and whose values a column takes that has this type.
SPELLINGS = [b"7i", b"7.5", b"t", b'"7"']
TAKES = {"LONG": {0, 2}, "DOUBLE": {0, 1, 2}, "BOOLEAN": {2}, "VARCHAR": {3}}


class Creators(unittest.TestCase):
    def write_all(self, client):
        """A line for each table, over TCP or HTTP, at the same time as the other clients."""
        connection = self.server.connect() if client % 2 == 0 else HttpConnection(self.server)
        with connection:
            for table in range(TABLES):
                line = b"t%d v=%s,id=%di\n" % (table, SPELLINGS[client], client)
                self.barrier.wait()
                if client % 2 == 0:
                    connection.send(line)
                else:
                    self.answers[table, client] = connection.write(line).status
            if client % 2 == 0:
                self.figures[client] = connection.wait_settled(TABLES)

    def read_table(self, table):
        """The type of its column, and which clients' rows it has."""
        answer = self.server.exec(f"SELECT id, v FROM t{table}")
        types = [column["type"] for column in answer["columns"] if column["name"] == "v"]
        return types[0], sorted(row[0] for row in answer["dataset"] if row[1] is not None)

    def test_many_tables(self):
        self.answers, self.figures = {}, {}
        self.barrier = threading.Barrier(len(SPELLINGS), timeout=SECONDS_MAX)
        with Server("--shards", 2) as self.server:
            threads = [threading.Thread(target=self.write_all, args=[client]) for client in range(len(SPELLINGS))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            found = [self.read_table(table) for table in range(TABLES)]
        self.assertGreater(len({type_name for type_name, _ in found}), 1, "always the same client was the first")
        for table, (type_name, clients) in enumerate(found):
            self.assertEqual(clients, sorted(TAKES[type_name]), f"t{table} has {type_name}")
            for client in (1, 3):
                self.assertEqual(self.answers[table, client], 204 if client in clients else 400)
        for client in (0, 2):
            stored = sum(client in clients for _, clients in found)
            figures = self.figures[client]
            self.assertEqual((figures["rows_durable"], figures["rows_rejected"]), (stored, TABLES - stored))


if __name__ == "__main__":
    closing_line.main()
