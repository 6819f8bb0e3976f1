#!/usr/bin/env python3
"""Telegraf's outputs influxdb_v2 (gzip, as it is by default), influxdb and socket_writer, unmodified, against the real server:
tests/clients/telegraf has a program with Telegraf's own configuration loader, buffer and plugins. It is installed and driven as
QuestDB's clients are (tests/program/official_clients_test.py), with MILLRACE_TEST_LONG=1 only.

Its argument is a configuration with one output. An answer may also be "ok after N", when it took N more flushes. Commands:

    types TABLE   three metrics with tags, and fields of all types that Telegraf has
    row TABLE N   a metric with the integer N in the field n
    float TABLE   a metric with the number 1.5 in the field n"""
# Builds: release
import os
import threading
import unittest
from datetime import datetime, timezone

import closing_line
from inherited_sockets_test import InheritingServer
from official_clients_test import Client, Sender, Unavailable, install_go, row_count, small_server
from server import wait_until
from stored_tables import differences, read_tables

TELEGRAF = Client("telegraf", install_go, ["DIRECTORY/client"])


def influxdb_v2(server, *settings):
    return "\n".join(["[[outputs.influxdb_v2]]", 'urls = ["http://{}:{}"]'.format(*server.http), 'bucket = "b"', *settings])


def influxdb(server, transport="http"):
    """Of the first version, which makes its database before it writes."""
    address = "{}://{}:{}".format(transport, *getattr(server, transport))
    return f'[[outputs.influxdb]]\nurls = ["{address}"]\ndatabase = "any"\n'


def socket_writer(server, transport):
    address = "{}://{}:{}".format(transport, *getattr(server, transport))
    return f'[[outputs.socket_writer]]\naddress = "{address}"\ndata_format = "influx"\n'


# Columns come in the order in which Go walks a map, another one each time.
COLUMNS = {"host": "SYMBOL", "region": "SYMBOL", "count": "LONG", "total": "LONG", "price": "DOUBLE", "ok": "BOOLEAN",
           "note": "VARCHAR", "timestamp": "TIMESTAMP"}
ROWS = [["a", "eu west,1=x", -2**63 + 1, 2**63 - 1, 0.1, True, "plain", "2023-11-14T22:13:20.123456Z"],
        ["\u00e4\u4f60\U0001f600", None, 2**63 - 1, 7, -1e300, False, "h\u00e9 \"quoted\" back\\slash \U0001f600",
         "2023-11-14T22:13:21.000000Z"],
        [None, None, None, None, 3.0, False, "", "2023-11-14T22:13:22.000000Z"]]


@unittest.skipUnless(os.environ.get("MILLRACE_TEST_LONG"), "only with MILLRACE_TEST_LONG=1")
class Telegraf(unittest.TestCase):
    def setUp(self):
        try:
            self.command = TELEGRAF.command()
        except Unavailable as reason:
            self.skipTest(str(reason))

    def check_types(self, server, configuration):
        since = datetime.now(timezone.utc)
        with Sender(self.command, configuration) as sender:
            self.assertEqual(sender.ask("types", "types"), "")
        wait_until(lambda: row_count(server, "types") == 3, "all rows")
        server.wait_readable()
        found = read_tables(server)
        names = [name for name, _ in found["types"]["columns"]]
        self.assertEqual(sorted(names), sorted(COLUMNS))
        rows = [[row[list(COLUMNS).index(name)] for name in names] for row in ROWS]
        expected = {"columns": [[name, COLUMNS[name]] for name in names], "rows": rows, "designated": "timestamp"}
        self.assertEqual(list(differences({"types": expected}, found, since)), [])

    def test_types_over_http(self):
        for settings in ((), ('content_encoding = "identity"',), ('token = "any"', 'organization = "any"')):
            with self.subTest(settings), small_server() as server:
                self.check_types(server, influxdb_v2(server, *settings))

    def test_types_over_tcp_and_udp(self):
        for transport in ("tcp", "udp"):
            with self.subTest(transport), small_server() as server:
                self.check_types(server, socket_writer(server, transport))

    def test_types_as_the_first_version_sends_them(self):
        for transport in ("http", "udp"):
            with self.subTest(transport), small_server() as server:
                self.check_types(server, influxdb(server, transport))
        with small_server() as server, Sender(self.command, influxdb(server)) as sender:
            for command in ("row refused 1", "float refused", "row refused 2"):
                self.assertEqual(sender.ask(*command.split()), "")  # it drops what is refused, and says so in its log only
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM refused")["dataset"], [[1], [2]])

    def test_a_refused_batch_is_dropped_with_the_servers_words(self):
        with small_server() as server, Sender(self.command, influxdb_v2(server)) as sender:
            self.assertEqual(sender.ask("row", "refused", 1), "")
            words = sender.ask("float", "refused")
            self.assertEqual(words, "failed to write metrics to b (will be dropped: 400 Bad request): invalid: failed to parse "
                             "line protocol:errors encountered on line(s): error in line 1: table: refused, column: n; "
                             "cast error from protocol type: FLOAT to column type: LONG - line[1]")
            words = sender.ask("float", "bad?name")
            self.assertIn("will be dropped: 400", words)
            self.assertEqual(sender.ask("row", "refused", 2), "")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM refused")["dataset"], [[1], [2]])

    def test_over_tcp_a_refused_metric_is_left_out_and_the_next_one_stored(self):
        with small_server() as server, Sender(self.command, socket_writer(server, "tcp")) as sender:
            for command in ("row refused 1", "float refused", "row refused 2"):
                self.assertEqual(sender.ask(*command.split()), "")
            wait_until(lambda: row_count(server, "refused") == 2, "the good rows")
            self.assertIn("cast error from protocol type: FLOAT to column type: LONG", server.log())

    def test_a_restart_stores_each_metric_once(self):
        # A request that nobody has accepted yet is not given up, else it would be stored, and once more.
        with InheritingServer() as server, Sender(self.command, influxdb_v2(server, 'timeout = "60s"')) as sender:
            number = 0

            def send(count):
                nonlocal number
                for _ in range(count):
                    number += 1
                    self.assertEqual(sender.ask("row", "restart", number), "")

            send(10)
            for _ in range(3):
                restarting = threading.Thread(target=lambda: (server.stop(), server.start()))
                restarting.start()
                while restarting.is_alive():
                    send(1)
                restarting.join()
                send(5)
            print(f"telegraf: {number} rows, {sender.retries} flushes once more", flush=True)
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM restart")["dataset"], [[n] for n in range(1, number + 1)])


if __name__ == "__main__":
    closing_line.main()
