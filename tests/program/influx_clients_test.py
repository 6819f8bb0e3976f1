#!/usr/bin/env python3
"""InfluxDB's Python clients for its first and its second version, unmodified, against the real server; installed and driven as
QuestDB's clients are (tests/program/official_clients_test.py), with MILLRACE_TEST_LONG=1 only. The program's argument is "v1"
or "v2", the host and the port. Commands:

    types TABLE   three points with tags, and fields of all types, in one request
    row TABLE N   a point with the integer N in the field n
    float TABLE   a point with the number 1.5 in the field n"""
# Builds: release
import os
import unittest
from datetime import datetime, timezone

import closing_line
from official_clients_test import Client, Sender, Unavailable, install_python, small_server
from stored_tables import differences, read_tables

INFLUX = Client("influx", install_python, ["DIRECTORY/venv/bin/python", "DIRECTORY/client.py"])

TYPES = {"types": {
    "columns": [["host", "SYMBOL"], ["region", "SYMBOL"], ["count", "LONG"], ["note", "VARCHAR"], ["ok", "BOOLEAN"],
                ["price", "DOUBLE"], ["timestamp", "TIMESTAMP"]],
    "rows": [["a", "eu west,1=x", -2**63 + 1, "plain", True, 0.1, "2023-11-14T22:13:20.000000Z"],
             ["\u00e4\u4f60\U0001f600", None, 2**63 - 1, "h\u00e9 \"quoted\" back\\slash \U0001f600", False, -1e300,
              "2023-11-14T22:13:21.000000Z"],
             [None, None, None, "", False, 3.0, "2023-11-14T22:13:22.000000Z"]],
    "designated": "timestamp"}}


@unittest.skipUnless(os.environ.get("MILLRACE_TEST_LONG"), "only with MILLRACE_TEST_LONG=1")
class InfluxClients(unittest.TestCase):
    def sender(self, version, server):
        try:
            command = INFLUX.command()
        except Unavailable as reason:
            self.skipTest(str(reason))
        return Sender(command, "{} {} {}".format(version, *server.http))

    def test_types(self):
        for version in ("v1", "v2"):
            since = datetime.now(timezone.utc)
            with self.subTest(version), small_server() as server, self.sender(version, server) as sender:
                self.assertEqual(sender.ask("types", "types"), "")
                server.wait_readable()
                self.assertEqual(list(differences(TYPES, read_tables(server), since)), [])

    def test_a_refused_point_is_told_in_the_clients_own_words(self):
        for version in ("v1", "v2"):
            with self.subTest(version), small_server() as server, self.sender(version, server) as sender:
                self.assertEqual(sender.ask("row", "refused", 1), "")
                words = sender.ask("float", "refused")
                self.assertIn("400", words)
                self.assertIn("column: n; cast error from protocol type: FLOAT to column type: LONG", words)
                self.assertEqual(sender.ask("row", "refused", 2), "")
                server.wait_readable()
                self.assertEqual(server.exec("SELECT n FROM refused")["dataset"], [[1], [2]])


if __name__ == "__main__":
    closing_line.main()
