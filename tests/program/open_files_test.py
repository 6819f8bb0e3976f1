#!/usr/bin/env python3
"""Few open files: connections, queries and column files have each their part of them, so that none ends the server."""
# Builds: release asan tsan
import re
import threading
import unittest

import closing_line
from server import Server, SqlError

TABLES = 12
COLUMNS = 150


def row(table, value, timestamp):
    fields = ",".join(f"c{i}={value}i" for i in range(COLUMNS))
    return f"w{table} {fields} {timestamp}\n".encode()


class FewOpenFiles(unittest.TestCase):
    def test_all_connections_a_wide_table_being_written_and_a_query_over_twelve(self):
        columns = ", ".join(f"sum(w{table}.c{i})" for table in range(TABLES) for i in range(0, COLUMNS, 3))
        tables = ", ".join(f"w{table}" for table in range(TABLES))
        on = " AND ".join(f"w0.timestamp = w{table}.timestamp" for table in range(1, TABLES))
        query = f"SELECT {columns} FROM {tables} WHERE {on}"
        with Server("--shards", 1, files_max=1024) as server:
            limit = int(re.search(r"limits +(\d+) connections", server.output())[1])
            idle = [server.connect() for _ in range(limit - 1)]
            with server.connect() as sender:
                rows = 0
                ended = threading.Event()

                def ask():
                    while not ended.is_set():
                        try:
                            server.exec(query)
                        except (SqlError, OSError):
                            pass  # a query that finds no files says so, and is no one else's matter

                readers = [threading.Thread(target=ask) for _ in range(3)]
                for reader in readers:
                    reader.start()
                try:
                    for turn in range(8):
                        for table in range(TABLES):
                            sender.send(row(table, turn, 10**15 * (20 - turn)))
                            rows += 1
                        beyond = [server.connect() for _ in range(20)]
                        sender.wait_durable(rows)
                        for each in beyond:
                            each.socket.close()
                finally:
                    ended.set()
                    for reader in readers:
                        reader.join()
                server.wait_readable()
                for table in range(TABLES):
                    self.assertEqual(server.exec(f"SELECT count(*), sum(c7) FROM w{table}")["dataset"], [[8, 28]])
            for each in idle:
                each.socket.close()
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    closing_line.main()
