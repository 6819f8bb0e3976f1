#!/usr/bin/env python3
"""What the test suite of QuestDB's C, C++ and Rust clients does with a server, statement by statement: it sends rows of all
types, over HTTP and over TCP, in each version of the line protocol, and compares what /exec answers, names and types of columns
included. Its Python asks on a connection of its own each time, waits for the answer for five seconds, and asks again until the
rows are there: an error says that they are not yet."""
# Builds: release
import json
import struct
import unittest
import urllib.error
import urllib.parse
import urllib.request

import closing_line
from http_write import HttpConnection
from server import Server, wait_until
from vectors_test import CONFIG

NOW = None  # a time that the server gave: not compared
BEGINNING = "1970-01-01T00:00:00.000000Z"


class QueryError(Exception):
    pass


def ask(server, query):
    """As the suite asks."""
    target = "http://{}:{}/exec?".format(*server.http) + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(target, timeout=5) as reply:
            return json.loads(reply.read())
    except urllib.error.HTTPError as error:
        raise QueryError(json.loads(error.read())["error"]) from None


def double(value):
    """Behind a name and a first "=", from version 2 on."""
    return b"=\x10" + struct.pack("<d", value)


def array(shape, values):
    return (b"=\x0e\x0a" + bytes([len(shape)]) + struct.pack(f"<{len(shape)}i", *shape) +
            struct.pack(f"<{len(values)}d", *values))


def decimal(unscaled, scale):
    size = unscaled.bit_length() // 8 + 1
    return b"=\x17" + bytes([scale, size]) + unscaled.to_bytes(size, "big", signed=True)


def columns(**types):
    """As /exec tells them; DOUBLE[] and so on are told apart."""
    told = []
    for name, kind in types.items():
        dimensions = kind.count("[]")
        array_type = {"type": "ARRAY", "dim": dimensions, "elemType": kind.removesuffix("[]" * dimensions)}
        told.append({"name": name, **(array_type if dimensions else {"type": kind})})
    return told


FLOATS = [0.0, -0.0, 1.0, -1.0, 10.0, 0.1, 0.01, 0.000001, -0.000001, 100.0, 1.2, 1234.5678, -1234.5678, 1.23456789012,
          1000000000000000000000000.0, -1000000000000000000000000.0, 5e-324, 1.7976931348623157e308]
NO_FLOATS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}  # shown as null
SMILE = "\U0001f601"
CUBE = [[[1.1, 2.2], [3.3, 4.4]], [[5.5, 6.6], [7.7, 8.8]]]

# Name, lines with TABLE for the table, columns, rows.
CASES = [
    ("three rows", b'TABLE,name_a=val_a name_b=t,name_c=42i,name_d=2.5,name_e="val_b"\n' * 3,
     columns(name_a="SYMBOL", name_b="BOOLEAN", name_c="LONG", name_d="DOUBLE", name_e="VARCHAR", timestamp="TIMESTAMP"),
     [["val_a", True, 42, 2.5, "val_b", NOW]] * 3),
    ("names that are repeated", b'TABLE,a=A,a=B b=f,b="C"\n', columns(a="SYMBOL", b="BOOLEAN", timestamp="TIMESTAMP"),
     [["A", False, NOW]]),
    ("a symbol and a column of one name", b'TABLE,a=A a="B"\n', columns(a="SYMBOL", timestamp="TIMESTAMP"), [["A", NOW]]),
    ("a symbol alone", b"TABLE,a=A\n", columns(a="SYMBOL", timestamp="TIMESTAMP"), [["A", NOW]]),
    ("two columns", b'TABLE a="A",b="B"\n', columns(a="VARCHAR", b="VARCHAR", timestamp="TIMESTAMP"), [["A", "B", NOW]]),
    ("a time without a unit", b"TABLE,a=A 1647357688714369403\n", columns(a="SYMBOL", timestamp="TIMESTAMP"),
     [["A", "2022-03-15T15:21:28.714369Z"]]),
    ("a time in microseconds", b"TABLE,a=A 1647357688714369t\n", columns(a="SYMBOL", timestamp="TIMESTAMP"),
     [["A", "2022-03-15T15:21:28.714369Z"]]),
    ("a time in nanoseconds", b"TABLE,a=A 1647357688714369403n\n", columns(a="SYMBOL", timestamp="TIMESTAMP_NS"),
     [["A", "2022-03-15T15:21:28.714369403Z"]]),
    ("times in columns", b"TABLE a=-1000000t,b=3600000000t,c=-1n\nTABLE a=1000000t,c=1647357688714369403n\n",
     columns(a="TIMESTAMP", b="TIMESTAMP", c="TIMESTAMP_NS", timestamp="TIMESTAMP"),
     [["1969-12-31T23:59:59.000000Z", "1970-01-01T01:00:00.000000Z", "1969-12-31T23:59:59.999999999Z", NOW],
      ["1970-01-01T00:00:01.000000Z", None, "2022-03-15T15:21:28.714369403Z", NOW]]),
    ("underscores", b"_TABLE_,_a_b_c_=A _d_e_f_=t\n", columns(_a_b_c_="SYMBOL", _d_e_f_="BOOLEAN", timestamp="TIMESTAMP"),
     [["A", True, NOW]]),
    ("a name beyond U+FFFF", f"TABLE,{SMILE}={SMILE}\n".encode(), columns(**{SMILE: "SYMBOL", "timestamp": "TIMESTAMP"}),
     [[SMILE, NOW]]),
    ("numbers as text", "".join(f"TABLE n={n}\n" for n in [*map(repr, FLOATS), *NO_FLOATS]).encode(),
     columns(n="DOUBLE", timestamp="TIMESTAMP"), [[n, NOW] for n in FLOATS] + [[None, NOW] for _ in NO_FLOATS]),
    ("numbers in binary", b"".join(b"TABLE n=" + double(n) + b"\n" for n in [*FLOATS, *NO_FLOATS.values()]),
     columns(n="DOUBLE", timestamp="TIMESTAMP"), [[n, NOW] for n in FLOATS] + [[None, NOW] for _ in NO_FLOATS]),
    ("the example of C and C++", b"TABLE,id=d6e5fe92-d19f-482a-a97a-c105f547f721 x=30.5,y=-150.25,booked=t,passengers=3i,"
     b'driver="John Doe"\n', columns(id="SYMBOL", x="DOUBLE", y="DOUBLE", booked="BOOLEAN", passengers="LONG", driver="VARCHAR",
                                      timestamp="TIMESTAMP"),
     [["d6e5fe92-d19f-482a-a97a-c105f547f721", 30.5, -150.25, True, 3, "John Doe", NOW]]),
    ("arrays", b"TABLE one=" + array([3], [1.5, float("nan"), -0.25]) + b",three=" +
     array([2, 2, 2], [x for plane in CUBE for row in plane for x in row]) + b",empty=" + array([0], []) + b"\nTABLE three=" +
     array([], []) + b"\n", columns(one="DOUBLE[]", three="DOUBLE[][][]", empty="DOUBLE[]", timestamp="TIMESTAMP"),
     [[[1.5, None, -0.25], CUBE, [], NOW], [None, None, None, NOW]]),
    ("an array of most dimensions", b"TABLE a=" + array([1] * 32, [7.0]) + b"\n",
     columns(a="DOUBLE" + "[]" * 32, timestamp="TIMESTAMP"), [[eval("[" * 32 + "7.0" + "]" * 32), NOW]]),
    ("a wide integer", b"TABLE a=0x00ff1fi\n", columns(a="LONG256", timestamp="TIMESTAMP"), [["0xff1f", NOW]]),
]

DECIMALS = [decimal(123450, 3), decimal(-5, 0), b"-0.25d", b"1.5", b"=\x17\x00\x00"]
DECIMAL_LINES = b"".join(b"TABLE dec=%s %d\n" % (value, time) for time, value in enumerate(DECIMALS, 1))
REFUSALS = [
    ("a symbol for an integer", b"TABLE a=1i\nTABLE,a=B\n", 2, "cast error from protocol type: TAG to column type: LONG"),
    ("a number for a text", b'TABLE col1="v1" 1\nTABLE col1="v2" 2\nTABLE col1=42.5 3\n', 3,
     "cast error from protocol type: FLOAT to column type: VARCHAR"),
    ("another number of dimensions", b"TABLE a=" + array([1, 1], [1.0]) + b"\nTABLE a=" + array([1], [1.0]) + b"\n", 2,
     "cast error from protocol type: DOUBLE[] to column type: DOUBLE[][]"),
    ("an array for a number", b"TABLE a=1\nTABLE a=" + array([1], [1.0]) + b"\n", 2,
     "cast error from protocol type: ARRAY to column type: DOUBLE"),
    ("a decimal without a column", b"TABLE a=" + decimal(15, 1) + b"\n", 1, "decimal columns must be created manually"),
    ("too many dimensions", b"TABLE a=" + array([1] * 33, [1.0]) + b"\n", 1, "ARRAY_TOO_MANY_DIMENSIONS"),
]


def small_server():
    return Server("--memory", "64M", config=CONFIG | {"line.tcp.disconnect.on.error": "false"})


class Suite(unittest.TestCase):
    def wait_table(self, server, table, rows_min):
        """The suite takes an error, and too few rows, for "not yet"."""
        def rows():
            try:
                answer = ask(server, f"select * from '{table}'")
            except QueryError as error:
                self.assertEqual(str(error), f"table does not exist [table={table}]")
                return None
            return answer if len(answer["dataset"]) >= rows_min else None
        return wait_until(rows, f"{rows_min} rows of {table}")

    def check(self, server, table, told, rows):
        answer = self.wait_table(server, table, len(rows))
        self.assertEqual(answer["columns"], told)
        self.assertEqual(answer["timestamp"], len(told) - 1)
        self.assertEqual(answer["count"], len(rows))
        shown = [row if wanted[-1] is not NOW else [*row[:-1], NOW] for row, wanted in zip(answer["dataset"], rows)]
        self.assertEqual(shown, rows)

    def test_rows_over_http_and_tcp(self):
        with small_server() as server:
            ask(server, "select * from long_sequence(1) -- >>>>>>>>> BEGIN PYTHON UNIT TEST: test_rows")
            with HttpConnection(server) as http, server.connect() as tcp:
                for number, (name, lines, told, rows) in enumerate(CASES):
                    for transport in ("http", "tcp"):
                        table = f"{transport}{number:028x}"
                        sent = lines.replace(b"TABLE", table.encode())
                        with self.subTest(name, transport=transport):
                            if transport == "http":
                                self.assertEqual(http.write(sent, target="/write?precision=n").status, 204)
                            else:
                                tcp.send(sent)
                            self.check(server, f"_{table}_" if lines.startswith(b"_") else table, told, rows)

    def test_decimals_in_tables_that_were_made_for_them(self):
        with small_server() as server, HttpConnection(server) as connection:
            for table, unit, time in (("d1", "TIMESTAMP", "1970-01-01T00:00:00.00000"),
                                      ("d2", "TIMESTAMP_NS", "1970-01-01T00:00:00.00000000")):
                statement = (f'CREATE TABLE "{table}" (dec DECIMAL(18,3), timestamp {unit}) '
                             "TIMESTAMP(timestamp) PARTITION BY DAY;")
                self.assertEqual(ask(server, statement), {"ddl": "OK"})
                answer = ask(server, f"select * from '{table}'")
                self.assertEqual((answer["columns"], answer["dataset"]),
                                 (columns(dec="DECIMAL(18,3)", timestamp=unit), []))
                target = "/write?precision=" + ("u" if unit == "TIMESTAMP" else "n")
                self.assertEqual(connection.write(DECIMAL_LINES.replace(b"TABLE", table.encode()), target=target).status, 204)
                self.check(server, table, columns(dec="DECIMAL(18,3)", timestamp=unit),
                           [[value, f"{time}{row}Z"] for row, value in
                            enumerate(["123.450", "-5.000", "-0.250", "1.500", None], 1)])

    def test_a_refused_request_stores_nothing_and_over_tcp_a_refused_line_alone_is_left_out(self):
        with small_server() as server, HttpConnection(server) as connection, server.connect() as tcp:
            for number, (name, lines, line, words) in enumerate(REFUSALS):
                with self.subTest(name):
                    answer = connection.write(lines.replace(b"TABLE", b"h%d" % number), target="/write?precision=n")
                    self.assertEqual(answer.status, 400)
                    found = answer.json()
                    self.assertEqual((found["code"], found["line"]), ("invalid", line))
                    self.assertIn(f"error in line {line}: ", found["message"])
                    self.assertIn(words, found["message"])
                    self.assertIsNone(self.rows_of(server, f"h{number}"))
                    if line > 1:
                        tcp.send(lines.replace(b"TABLE", b"t%d" % number))
                        self.wait_table(server, f"t{number}", line - 1)
            self.assertEqual(tcp.wait_settled(9)["rows_rejected"], 4)
            self.assertEqual([len(self.rows_of(server, f"t{number}") or []) for number in range(4)], [1, 2, 1, 1])

    def rows_of(self, server, table):
        """None: it does not exist, or has none."""
        try:
            return ask(server, f"select * from '{table}'")["dataset"] or None
        except QueryError:
            return None

    def test_its_other_statements(self):
        with small_server() as server:
            self.assertRegex(ask(server, "select build")["dataset"][0][0], r"^Build Information: \S+ [0-9.]+")
            for query in ("select * from long_sequence(1) -- <<<<<<<<< END PYTHON UNIT TEST: a", "select 1", "SELECT 1"):
                self.assertEqual(ask(server, query)["dataset"], [[1]])
            self.assertEqual(ask(server, "select 1 from long_sequence(0)")["dataset"], [])
            with HttpConnection(server) as connection:
                connection.write(b"market_orders_1,symbol=a price=2 1\nmarket_orders_1,symbol=b price=1 2\n")
            server.wait_readable()
            self.assertEqual(ask(server, "CREATE TABLE IF NOT EXISTS o (id LONG, val DOUBLE, c BINARY, u UUID, ts TIMESTAMP) "
                                 "TIMESTAMP(ts) PARTITION BY DAY WAL DEDUP UPSERT KEYS(ts, id)"), {"ddl": "OK"})
            with HttpConnection(server) as connection:
                self.assertEqual(connection.write(b'o id=1i,val=1.5,u="123e4567-e89b-12d3-a456-426614174000" 1000\n'
                                                  b"o id=1i,val=2.5 2000\no id=-999999999i 3000\n").status, 204)
            server.wait_readable()
            for query, rows in (
                    ("show tables", [["market_orders_1"], ["o"]]), ("SHOW TABLES", [["market_orders_1"], ["o"]]),
                    ("'market_orders_1'", [["a", 2.0, BEGINNING], ["b", 1.0, BEGINNING]]),
                    ("select symbol, price from market_orders_1 order by price", [["b", 1.0], ["a", 2.0]]),
                    ("select * from market_orders_1 where symbol = 'b'", [["b", 1.0, BEGINNING]]),
                    ("SELECT count() FROM market_orders_1", [[2]]), ("select count(*) from 'market_orders_1'", [[2]]),
                    ('select "id","val" from \'o\' order by ts', [[1, 1.5], [1, 2.5], [-999999999, None]]),
                    ("SELECT * FROM 'o' ORDER BY ts LIMIT 1",
                     [[1, 1.5, [], "123e4567-e89b-12d3-a456-426614174000", "1970-01-01T00:00:00.000001Z"]]),
                    ("select count(), count_distinct(id), min(id), max(id) from 'o'", [[3, 2, -999999999, 1]]),
                    ("select val from o where id = -999999999", [[None]]),
                    ("SELECT count(), max(val), min(val) FROM o WHERE id=1 AND val <= 2", [[1, 1.5, 1.5]]),
                    ("SELECT writerTxn = sequencerTxn FROM wal_tables() WHERE name='o'", [[1]])):
                with self.subTest(query):
                    self.assertEqual(ask(server, query)["dataset"], rows)
            shown = ask(server, "SHOW COLUMNS FROM 'o'")["dataset"]
            self.assertEqual([row[:2] for row in shown], [["id", "LONG"], ["val", "DOUBLE"], ["c", "BINARY"], ["u", "UUID"],
                                                          ["ts", "TIMESTAMP"]])
            for query, error in (("select * from 'nosuch'", "table does not exist [table=nosuch]"),
                                 ("drop table 'nosuch'", "table does not exist [table=nosuch]"),
                                 ('CREATE TABLE "o" (a int)', "table already exists"),
                                 ("selec", "table does not exist [table=selec]")):
                with self.assertRaises(QueryError) as caught:
                    ask(server, query)
                self.assertEqual(str(caught.exception), error)
            for query in ("drop table 'o'", "DROP TABLE IF EXISTS 'o'", "drop table if exists 'market_orders_1'"):
                self.assertEqual(ask(server, query), {"ddl": "OK"})
            self.assertEqual(ask(server, "show tables")["dataset"], [])


if __name__ == "__main__":
    closing_line.main()
