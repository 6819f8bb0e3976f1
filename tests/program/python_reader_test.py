#!/usr/bin/env python3
"""The reader in tools/, which knows only what docs/tables.md says, finds the same rows as `millrace sql`,
without copying files."""
import csv
import io
import os
import random
import re
import struct
import subprocess
import sys
import unittest
from pathlib import Path

try:
    import numpy
except ModuleNotFoundError:  # the package python3-numpy belongs to the system's own Python
    system_python = "/usr/bin/python3"
    if os.path.realpath(sys.executable) == os.path.realpath(system_python):
        raise
    os.execv(system_python, [system_python, *sys.argv])

import closing_line
from server import PROGRAM, Server

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import millrace_reader  # noqa: E402

FIRST_NS = 1_640_995_200_000_000_000  # 2022-01-01
FILE_NUMBERS = {kind: number for number, kind in millrace_reader.FILE_KINDS.items()}
DAY_NS = 86_400_000_000_000


def random_lines(generator, count):
    """Rows of three tables on three days, one in ten late; columns come up one after the other, and are often left out."""
    for i in range(count):
        cells = [f"count={i}i", f"price={generator.randrange(1000) / 8}", f"flag={generator.choice('tf')}",
                 f"note=\"{'é' * generator.randrange(4)}, {i}\"", f"wide={generator.getrandbits(200):#x}i",
                 f"seen={generator.randrange(10**15)}t", array_field("levels", generator)]
        cells = [cell for place, cell in enumerate(cells) if i * 8 >= count * place and generator.random() < 0.8]
        cells = cells or ["count=0i"]
        tags = f",tag=t{generator.randrange(30)}" if generator.random() < 0.8 else ""
        timestamp = FIRST_NS + i * 3 * DAY_NS // count
        if generator.random() < 0.1:
            timestamp -= generator.randrange(DAY_NS)
        line = [f"table{generator.randrange(3)}{tags} ".encode(), b",".join(as_bytes(cell) for cell in cells)]
        yield b"".join([*line, f" {timestamp // 1000 * 1000}\n".encode()])


def as_bytes(cell):
    return cell if isinstance(cell, bytes) else cell.encode()


def array_field(name, generator):
    """Up to three rows of two doubles each, in binary."""
    rows = generator.randrange(4)
    values = [generator.choice((generator.randrange(1000) / 8, float("nan"))) for _ in range(2 * rows)]
    return struct.pack(f"<{len(name)}s5B2i{2 * rows}d", name.encode(), *b"==\x0e\x0a\x02", rows, 2, *values)


def every_type():
    """Columns of three rows, the second null: number, size and scale of the type, and the bytes of the two values."""
    def array(*values):
        return struct.pack("<2i2d", 1, 2, *values)

    def number(value, size):
        return value.to_bytes(size, "little", signed=True)

    uuid = bytes.fromhex("11223344556677888899aabbccddeeff")
    return [
        (4, 0, 0, number(0, 8), number(2, 8)), (2, 0, 0, number(-5, 8), number(7, 8)),
        (3, 0, 0, struct.pack("<d", 0.1), struct.pack("<d", -2.5)), (5, 0, 0, number(1, 8), number(-1, 8)),
        (7, 0, 0, "é".encode(), b"x"), (8, 0, 0, number(31, 32), number(1 << 200, 32)),
        (9, 0, 0, number(-128, 1), number(1, 1)),
        (10, 0, 0, number(-32768, 2), number(2, 2)), (11, 0, 0, number(-7, 4), number(7, 4)),
        (12, 0, 0, struct.pack("<f", 0.1), struct.pack("<f", -2.5)), (13, 0, 0, "€".encode("utf-16-le"), b"A\0"),
        (14, 0, 0, b"a", b"bc"), (15, 0, 0, uuid, uuid[::-1]), (16, 0, 0, number(1, 4), number(-1, 4)),
        (17, 25, 0, number(27365739, 8), number(0, 8)), (17, 4, 0, number(4, 8), number(15, 8)),
        (18, 0, 0, number(1638202821123, 8), number(0, 8)), (19, 18, 3, number(-500, 8), number(12345, 8)),
        (20, 38, 0, number(-(10**37), 16), number(5, 16)), (21, 76, 76, number(-(10**75), 32), number(1, 32)),
        (22, 2, 0, array(1.0, float("nan")), array(-0.5, 2.25)), (23, 0, 0, b"\xff\0", b"")]


def write_framed(path, magic, body):
    path.parent.mkdir(parents=True, exist_ok=True)
    data = magic + struct.pack("<4I", millrace_reader.FORMAT_VERSION, 0, 0, len(body)) + body
    path.write_bytes(data + struct.pack("<I", millrace_reader.crc32c(data)))


def write_table(data, table, name, columns):
    """A table of one run as docs/tables.md draws it. Its first column orders the rows and has no null."""
    directory = data / "tables" / str(table)
    schema = struct.pack(f"<IIIIB3xI{len(name)}s", 1, table, 0, len(columns), 0, len(name), name.encode())
    run = struct.pack("<IQqqI", 0, 3, 0, 2, len(columns))
    for column, (number, size, scale, first, last) in enumerate(columns):
        schema += struct.pack("<IBBBxI4s", column, number, size, scale, 4, b"c%03d" % column)
        never_null = column == 0 or millrace_reader.TYPES[number][0] in millrace_reader.NEVER_NULL
        middle = struct.pack("<q", 1) if column == 0 else bytes(len(first))
        if millrace_reader.TYPES[number][1] is None:
            files = {"offsets": struct.pack("<4q", 0, len(first), len(first), len(first) + len(last)), "texts": first + last}
        else:
            files = {"values": first + middle + last}
        if not never_null:
            files["validity"] = b"\5"
        run += struct.pack("<IBB2xQQQ", column, number, len(files), 0, 3, 0 if never_null else 1)
        for kind, content in sorted(files.items(), key=lambda file: FILE_NUMBERS[file[0]]):
            path = directory / "0" / "all" / "0" / f"{column}.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            run += struct.pack("<B3xIQ", FILE_NUMBERS[kind], millrace_reader.crc32c(content), len(content)) + content
    write_framed(directory / "schema", b"MRSCHM\r\n", schema)
    write_framed(directory / "0" / "lane", b"MRLANE\r\n", struct.pack("<IH2xQI", table, 0, 1, 0))
    write_framed(directory / "0" / "all" / "manifest", b"MRPART\r\n", struct.pack("<IH2xqQI", table, 0, 0, 1, 1) + run)


def ask_files(data, table):
    """Exit code, rows and what it said on stderr."""
    run = subprocess.run([PROGRAM, "sql", "--data", data, "--format", "csv", table], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE,
                         check=False)
    return run.returncode, list(csv.reader(io.StringIO(run.stdout.decode(), newline=""))), run.stderr.decode()


def rows_by_reader(table):
    columns = table.rows()
    rows = zip(*columns.values())
    return [list(columns)] + [
        [millrace_reader.cell_text(table.columns[name], value) for name, value in zip(columns, row)] for row in rows]


class PythonReader(unittest.TestCase):
    def test_it_finds_what_sql_finds(self):
        with Server("--shards", "2") as server:
            lines = list(random_lines(random.Random(1), 6000))
            with server.connect() as connection:
                connection.send(b"".join(lines))
                connection.wait_durable(len(lines))
            self.assertEqual(server.stop(), 0)

            database = millrace_reader.Database(server.data)
            self.assertEqual(sorted(database.tables), ["table0", "table1", "table2"])
            for name, table in database.tables.items():
                exit_code, rows, note = ask_files(server.data, name)
                self.assertEqual((exit_code, note), (0, ""))
                self.assertEqual(rows_by_reader(table), rows)
                self.assertEqual(set(map(str, table.columns.values())),
                                 {"BOOLEAN", "LONG", "DOUBLE", "TIMESTAMP", "SYMBOL", "VARCHAR", "LONG256", "DOUBLE[][]"})
            self.assertEqual(sum(table.row_count() for table in database.tables.values()), len(lines))
            self.assertGreater(len(database.table("table0").runs()), 3)  # late rows made more than one per day

    def test_it_finds_values_of_every_type_that_sql_finds(self):
        with Server() as server:
            self.assertEqual(server.stop(), 0)
            write_table(Path(server.data), 1, "every", every_type())
            exit_code, rows, note = ask_files(server.data, "every")
            self.assertEqual((exit_code, note), (0, ""))
            self.assertEqual(len(rows), 4)
            self.assertEqual(rows_by_reader(millrace_reader.Database(server.data).table("every")), rows)

    def test_values_are_views_of_the_files(self):
        with Server() as server:
            with server.connect() as connection:
                lines = [b"trades,tag=s%d price=%d,size=%di,buy=%s,wide=0x%xi,note=\"n%d\"%s %d\n" % (
                    i % 1000, i, i, b"t" if i % 3 == 0 else b"f", i, i, b",gap=1" if i % 2 == 0 else b"", FIRST_NS + i * 1000)
                         for i in range(5000)]
                connection.send(b"".join(lines))
                connection.wait_durable(5000)
            self.assertEqual(server.stop(), 0)

            table = millrace_reader.Database(server.data).table("TRADES")
            [run] = table.runs()
            for name, dtype in (("price", "<f8"), ("size", "<i8"), ("timestamp", "<M8[us]"), ("tag", "<i4"), ("wide", "<u8"),
                                ("buy", "u1"), ("gap", "<f8")):
                column = run.column(name)
                self.assertEqual(column.values.dtype, numpy.dtype(dtype))
                self.assert_mapped(column.values)
                self.assertEqual(column.present is None, name != "gap")
            self.assert_mapped(run.column("gap").validity)
            for texts in (run.column("note").texts, table.symbols("tag")):
                self.assert_mapped(texts.offsets)
                self.assert_mapped(texts.data)
            self.assertEqual(run.column("size").values.tolist(), list(range(5000)))
            self.assertEqual(len(run.column("buy").values), 625)  # bits
            self.assertEqual([run.column("note").texts[i] for i in (0, 4999)], ["n0", "n4999"])
            self.assertEqual(sorted(table.symbols("tag")), sorted(f"s{i}" for i in range(1000)))

    def assert_mapped(self, array):
        """Nothing of the file was copied."""
        self.assertIsInstance(array, numpy.memmap)
        self.assertFalse(array.flags.owndata)

    def test_what_files_do_not_show_is_counted_in_the_log(self):
        rows_sent = 1000
        for _ in range(20):  # a checkpoint may be faster than the kill
            with Server() as server:
                with server.connect() as connection:
                    connection.send(b"".join(b"trades price=%d %d\n" % (i, FIRST_NS + i) for i in range(rows_sent)))
                    connection.wait_durable(rows_sent)
                server.kill()
                exit_code, rows, note = ask_files(server.data, "trades")
            counted = re.search(r"the write-ahead log holds (\d+) newer rows", note)
            rows_shown = max(0, len(rows) - 1)
            self.assertEqual(rows_shown + (int(counted.group(1)) if counted else 0), rows_sent, note)
            self.assertEqual(exit_code, 0 if rows else 1)
            if counted:
                return
        self.fail("every kill came after a checkpoint")


if __name__ == "__main__":
    closing_line.main()
