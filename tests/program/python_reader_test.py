#!/usr/bin/env python3
"""The reader in tools/, which knows only what docs/tables.md says, finds the same rows as `millrace sql`,
without copying files."""
import csv
import io
import os
import random
import re
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
DAY_NS = 86_400_000_000_000


def random_lines(generator, count):
    """Rows of three tables on three days, one in ten late; columns come up one after the other, and are often left out."""
    for i in range(count):
        cells = [f"count={i}i", f"price={generator.randrange(1000) / 8}", f"flag={generator.choice('tf')}",
                 f"note=\"{'é' * generator.randrange(4)}, {i}\"", f"wide={generator.getrandbits(200):#x}i",
                 f"seen={generator.randrange(10**15)}t"]
        cells = [cell for place, cell in enumerate(cells) if i * 8 >= count * place and generator.random() < 0.8]
        cells = cells or ["count=0i"]
        tags = f",tag=t{generator.randrange(30)}" if generator.random() < 0.8 else ""
        timestamp = FIRST_NS + i * 3 * DAY_NS // count
        if generator.random() < 0.1:
            timestamp -= generator.randrange(DAY_NS)
        yield f"table{generator.randrange(3)}{tags} {','.join(cells)} {timestamp // 1000 * 1000}\n"


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
                connection.send("".join(lines).encode())
                connection.wait_durable(len(lines))
            self.assertEqual(server.stop(), 0)

            database = millrace_reader.Database(server.data)
            self.assertEqual(sorted(database.tables), ["table0", "table1", "table2"])
            for name, table in database.tables.items():
                exit_code, rows, note = ask_files(server.data, name)
                self.assertEqual((exit_code, note), (0, ""))
                self.assertEqual(rows_by_reader(table), rows)
                self.assertEqual(set(table.columns.values()), set(millrace_reader.TYPES.values()) - {"TIMESTAMP_NS"})
            self.assertEqual(sum(table.row_count() for table in database.tables.values()), len(lines))
            self.assertGreater(len(database.table("table0").runs()), 3)  # late rows made more than one per day

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
