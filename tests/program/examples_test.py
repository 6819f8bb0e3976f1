#!/usr/bin/env python3
"""The lines that introductions to the protocol begin with: each is stored as its reader expects, however it arrives."""
# Builds: release asan tsan
import socket
import unittest
from datetime import datetime, timezone

import closing_line
from server import Server, wait_until
from stored_tables import NOW, differences, read_tables

# One entry is what an example sends at once.
EXAMPLES = [
    b"trades,name=client_timestamp value=12.4 1700000000000000000\n",
    b"trades,name=server_timestamp value=12.4\n",
    b"trades,name=ilp_stream_1 value=12.4\ntrades,name=ilp_stream_2 value=11.4\n",
    b"trades,name=ilp_stream_2,version=TRS-2.1 hi=100,lo=20 16234259780000000\n",
    b"table_one last_seen=1635414140500776t 1700000000000000000\n",
    b"trades,symbol=ETH-USD,side=sell price=2615.54,amount=0.00044 1646762637609765000\n",
    rb'spot_trade,ticker=BTC\\USD,id=9876 price=30,lots=33i,details="UTC \\ London",of=1638202821000000t,liquidity=f'
    b" 1638202821000000000\n",
    rb'_sensor_data,_sensor=berlin\ 2 _value=12.4,string="sensor data, rev 1"' b"\n",
    b'trade,ticker=USD,id=9876 price=30,details="Latest price" 1638202821000000000\n',
    b'sensors,location=london temperature=22,software_version="SV .#_123"\n',
    b"sensors,location=london temperature=22,temp_int=22i\n",
    b"sensors,location=london temperature=22,warning=false\n",
]
ROW_COUNT = sum(example.count(b"\n") for example in EXAMPLES)

STORED = {
    "trades": {
        "columns": [["name", "SYMBOL"], ["value", "DOUBLE"], ["timestamp", "TIMESTAMP"], ["version", "SYMBOL"],
                    ["hi", "DOUBLE"], ["lo", "DOUBLE"],
                    ["symbol", "SYMBOL"], ["side", "SYMBOL"], ["price", "DOUBLE"], ["amount", "DOUBLE"]],
        "rows": [
            ["ilp_stream_2", None, "1970-07-07T21:30:59.780000Z", "TRS-2.1", 100.0, 20.0, None, None, None, None],
            [None, None, "2022-03-08T18:03:57.609765Z", None, None, None, "ETH-USD", "sell", 2615.54, 0.00044],
            ["client_timestamp", 12.4, "2023-11-14T22:13:20.000000Z", None, None, None, None, None, None, None],
            ["server_timestamp", 12.4, NOW, None, None, None, None, None, None, None],
            ["ilp_stream_1", 12.4, NOW, None, None, None, None, None, None, None],
            ["ilp_stream_2", 11.4, NOW, None, None, None, None, None, None, None],
        ],
        "designated": "timestamp",
    },
    "table_one": {
        "columns": [["last_seen", "TIMESTAMP"], ["timestamp", "TIMESTAMP"]],
        "rows": [["2021-10-28T09:42:20.500776Z", "2023-11-14T22:13:20.000000Z"]],
        "designated": "timestamp",
    },
    "spot_trade": {
        "columns": [["ticker", "SYMBOL"], ["id", "SYMBOL"], ["price", "DOUBLE"], ["lots", "LONG"], ["details", "VARCHAR"],
                    ["of", "TIMESTAMP"], ["liquidity", "BOOLEAN"], ["timestamp", "TIMESTAMP"]],
        "rows": [[r"BTC\USD", "9876", 30.0, 33, r"UTC \ London", "2021-11-29T16:20:21.000000Z", False,
                  "2021-11-29T16:20:21.000000Z"]],
        "designated": "timestamp",
    },
    "_sensor_data": {
        "columns": [["_sensor", "SYMBOL"], ["_value", "DOUBLE"], ["string", "VARCHAR"], ["timestamp", "TIMESTAMP"]],
        "rows": [["berlin 2", 12.4, "sensor data, rev 1", NOW]],
        "designated": "timestamp",
    },
    "trade": {
        "columns": [["ticker", "SYMBOL"], ["id", "SYMBOL"], ["price", "DOUBLE"], ["details", "VARCHAR"],
                    ["timestamp", "TIMESTAMP"]],
        "rows": [["USD", "9876", 30.0, "Latest price", "2021-11-29T16:20:21.000000Z"]],
        "designated": "timestamp",
    },
    "sensors": {
        "columns": [["location", "SYMBOL"], ["temperature", "DOUBLE"], ["software_version", "VARCHAR"],
                    ["timestamp", "TIMESTAMP"], ["temp_int", "LONG"], ["warning", "BOOLEAN"]],
        "rows": [["london", 22.0, "SV .#_123", NOW, None, False], ["london", 22.0, None, NOW, 22, False],
                 ["london", 22.0, None, NOW, None, False]],
        "designated": "timestamp",
    },
}


class Examples(unittest.TestCase):
    def setUp(self):
        self.since = datetime.now(timezone.utc)

    def check_stored(self, server):
        server.wait_readable()
        self.assertEqual(list(differences(STORED, read_tables(server), self.since)), [])

    def test_on_one_connection(self):
        with Server("--shards", 2) as server, server.connect() as connection:
            for example in EXAMPLES:
                connection.send(example)
            connection.wait_durable(ROW_COUNT)
            self.check_stored(server)

    def test_in_one_send(self):
        with Server("--shards", 1) as server, server.connect() as connection:
            connection.send(b"".join(EXAMPLES))
            connection.wait_durable(ROW_COUNT)
            self.check_stored(server)

    def test_each_on_a_connection_of_its_own(self):
        with Server("--shards", 2) as server:
            connections = [server.connect() for _ in EXAMPLES]
            for connection, example in zip(connections, EXAMPLES):
                with connection:
                    connection.send(example)
                    connection.wait_durable(example.count(b"\n"))
            self.check_stored(server)

    def test_they_are_still_there_after_kill_9(self):
        with Server("--shards", 2) as server:
            with server.connect() as connection:
                connection.send(b"".join(EXAMPLES))
                connection.wait_durable(ROW_COUNT)
            server.kill()
            server.start()
            self.check_stored(server)

    def test_as_datagrams(self):
        with Server("--shards", 2) as server:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                for example in EXAMPLES:
                    sender.sendto(example, server.udp)

            def figures():
                return server.records("SELECT sum(rows_durable) rows_durable, sum(rows_rejected) rows_rejected, "
                                      "sum(rows_pending) rows_pending FROM connections() WHERE transport = 'udp'")[0]

            wait_until(lambda: figures()["rows_durable"] == ROW_COUNT, figures)
            self.assertEqual((figures()["rows_rejected"], figures()["rows_pending"]), (0, 0))
            self.check_stored(server)


if __name__ == "__main__":
    closing_line.main()
