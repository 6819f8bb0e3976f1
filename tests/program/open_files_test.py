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
EARLIER_ROWS = 600  # of each table: more than a manifest keeps of the end of a file, so that queries open the files
EARLIER_NS = 10**17


def row(table, value, timestamp):
    fields = ",".join(f"c{i}={value}i" for i in range(COLUMNS))
    return f"w{table} {fields} {timestamp}\n".encode()


class FewOpenFiles(unittest.TestCase):
    def test_all_connections_a_wide_table_being_written_and_a_query_over_twelve(self):
        columns = ", ".join(f"sum(w{table}.c{i})" for table in range(TABLES) for i in range(0, COLUMNS, 3))
        tables = ", ".join(f"w{table}" for table in range(TABLES))
        on = " AND ".join(f"w0.timestamp = w{table}.timestamp" for table in range(1, TABLES))
        on += " AND w0.timestamp BETWEEN '1973-03-03T09:46:40.000000Z' AND '1973-03-03T09:46:40.000003Z'"
        query = f"SELECT {columns} FROM {tables} WHERE {on}"
        with Server("--shards", 1, files_max=1024) as server:
            limit = int(re.search(r"limits +(\d+) connections", server.output())[1])
            idle = [server.connect() for _ in range(limit - 1)]
            with server.connect() as sender:
                rows = TABLES * EARLIER_ROWS
                for table in range(TABLES):
                    sender.send(b"".join(row(table, 1, EARLIER_NS + i * 1000) for i in range(EARLIER_ROWS)))
                sender.wait_durable(rows)
                ended = threading.Event()

                failures = []

                def ask():
                    while not ended.is_set():
                        try:
                            server.exec(query)
                        except SqlError as error:
                            if "does not exist" not in str(error) and "Invalid column" not in str(error):
                                failures.append(str(error))
                        except OSError as error:
                            failures.append(str(error))

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
                self.assertEqual(failures, [])
                server.wait_readable()
                for table in range(TABLES):
                    count = server.exec(f"SELECT count(*), sum(c7) FROM w{table}")["dataset"]
                    self.assertEqual(count, [[EARLIER_ROWS + 8, EARLIER_ROWS + 28]])
            for each in idle:
                each.socket.close()
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    closing_line.main()
