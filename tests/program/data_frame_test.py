#!/usr/bin/env python3
"""Data frames of pandas by QuestDB's Python client, unmodified, into the real server; installed and driven as the other clients
are (tests/program/official_clients_test.py), with MILLRACE_TEST_LONG=1 only. Commands:

    types TABLE   a frame of three rows with columns of all kinds
    large TABLE   a frame of 200,000 rows with a thousand symbols
    text TABLE    a frame with a text in the column n"""
# Builds: release
import os
import unittest
from datetime import datetime, timezone

import closing_line
from official_clients_test import Client, Sender, Unavailable, http, install_python, row_count, small_server
from server import wait_until
from stored_tables import differences, read_tables

PANDAS = Client("pandas", install_python, ["DIRECTORY/venv/bin/python", "DIRECTORY/client.py"])

TYPES = {"types": {
    "columns": [["amount", "DECIMAL(18,3)"], ["time", "TIMESTAMP_NS"], ["symbol", "SYMBOL"], ["i8", "LONG"], ["u32", "LONG"],
                ["i64", "LONG"], ["nullable", "LONG"], ["f32", "DOUBLE"], ["f64", "DOUBLE"], ["ok", "BOOLEAN"],
                ["note", "VARCHAR"], ["arrow", "VARCHAR"], ["seen", "TIMESTAMP_NS"], ["levels", "DOUBLE[]"]],
    "rows": [["1.500", "2023-11-14T22:13:20.123456000Z", "a", -128, 0, -2**63 + 1, 1, 0.5, 0.1, True, "plain", "x",
              "1970-01-01T00:00:00.000001000Z", [1.5, 2.5]],
             [None, "2023-11-14T22:13:21.123456000Z", "\u00e4\u4f60\U0001f600", 0, 1, 0, None, None, None, False,
              "h\u00e9 \"quoted\" back\\slash\nline", None, None, None],
             ["-0.250", "2023-11-14T22:13:22.123456000Z", None, 127, 2**32 - 1, 2**63 - 1, 3, -1.5, -1e300, True, None, "",
              "2023-11-14T22:13:20.123456789Z", [-1.0]]],
    "designated": "time"}}


@unittest.skipUnless(os.environ.get("MILLRACE_TEST_LONG"), "only with MILLRACE_TEST_LONG=1")
class DataFrames(unittest.TestCase):
    def sender(self, configuration):
        try:
            return Sender(PANDAS.command(), configuration)
        except Unavailable as reason:
            self.skipTest(str(reason))

    def configurations(self, server):
        return http(server), "tcp::addr={}:{};protocol_version=3;".format(*server.tcp)

    def test_columns_of_all_kinds(self):
        for place in range(2):
            since = datetime.now(timezone.utc)
            with self.subTest(place), small_server() as server:
                # Decimals need their column; the time's type is the one that the client would choose.
                server.exec("CREATE TABLE types (amount DECIMAL(18,3), time TIMESTAMP_NS) TIMESTAMP(time) PARTITION BY DAY")
                with self.sender(self.configurations(server)[place]) as sender:
                    self.assertEqual(sender.ask("types", "types"), "")
                wait_until(lambda: row_count(server, "types") == 3, "all rows")
                server.wait_readable()
                self.assertEqual(list(differences(TYPES, read_tables(server), since)), [])

    def test_many_rows_and_a_frame_that_is_refused(self):
        with small_server() as server:
            for place, configuration in enumerate(self.configurations(server)):
                with self.sender(configuration) as sender:
                    self.assertEqual(sender.ask("large", f"large{place}"), "")
                    if place == 0:
                        words = sender.ask("text", "large0")
                        self.assertIn("column: n; cast error from protocol type: STRING to column type: LONG", words)
                        self.assertEqual(sender.ask("text", "another"), "")
                wait_until(lambda: row_count(server, f"large{place}") == 200_000, "all rows")
                sums = server.exec(f"SELECT count(), sum(n), sum(price), count_distinct(symbol) FROM large{place}")["dataset"]
                self.assertEqual(sums, [[200_000, 19_999_900_000, 2_499_987_500.0, 1000]])


if __name__ == "__main__":
    closing_line.main()
