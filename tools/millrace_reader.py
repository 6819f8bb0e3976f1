#!/usr/bin/env python3
"""Reads the tables of a Millrace data directory as NumPy arrays, without a server and without a lock. It knows what
docs/tables.md says, and is an example of what a reader needs.

    database = Database("millrace-data")
    table = database.table("trades")
    table.rows()                          # a dict of columns, all rows in order of time
    for run in table.runs():              # the files themselves, mapped, not copied
        column = run.column("price")      # None when the run has no value of it
        column.values                     # float64; symbols: int32 ids for table.symbols("symbol"); booleans: a bitmap
        column.texts                      # of a VARCHAR, STRING, array or BINARY, instead
        column.validity                   # None without nulls, else a bitmap
        column.row_start                  # of values[0] in the run

From a shell: millrace_reader.py DATA [TABLE] lists the tables, or shows a table as CSV."""
import csv
import decimal
import ipaddress
import math
import struct
import sys
import uuid
from pathlib import Path
from typing import NamedTuple

import numpy

BLOCK_SIZE = 4096
# By number: the name, and the values of fixed width. LONG256 has four a row.
TYPES = {1: ("BOOLEAN", None), 2: ("LONG", "<i8"), 3: ("DOUBLE", "<f8"), 4: ("TIMESTAMP", "<M8[us]"),
         5: ("TIMESTAMP_NS", "<M8[ns]"), 6: ("SYMBOL", "<i4"), 7: ("VARCHAR", None), 8: ("LONG256", "<u8"), 9: ("BYTE", "<i1"),
         10: ("SHORT", "<i2"), 11: ("INT", "<i4"), 12: ("FLOAT", "<f4"), 13: ("CHAR", "<u2"), 14: ("STRING", None),
         15: ("UUID", "V16"), 16: ("IPv4", "<u4"), 17: ("GEOHASH", "<u8"), 18: ("DATE", "<M8[ms]"), 19: ("DECIMAL", "V8"),
         20: ("DECIMAL", "V16"), 21: ("DECIMAL", "V32"), 22: ("DOUBLE[]", None), 23: ("BINARY", None)}
NEVER_NULL = ("BOOLEAN", "BYTE", "SHORT")
GEOHASH_LETTERS = "0123456789bcdefghjkmnpqrstuvwxyz"
UNITS = {0: "NONE", 1: "HOUR", 2: "DAY", 3: "WEEK", 4: "MONTH", 5: "YEAR"}
FORMAT_VERSION = 2
FILE_KINDS = {1: "values", 2: "validity", 3: "offsets", 4: "texts"}


class FormatError(Exception):
    """The files are damaged, or of a release that this reader does not know."""


def _crc32c_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc32c_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


class Type(NamedTuple):
    """A column's type: its name, and what else some types are made of."""
    name: str
    dtype: str | None
    size: int   # GEOHASH: bits, DECIMAL: digits, DOUBLE[]: dimensions
    scale: int  # DECIMAL: digits behind the point

    def __str__(self):
        if self.name == "DOUBLE[]":
            return "DOUBLE" + "[]" * self.size
        if self.name == "GEOHASH":
            return f"GEOHASH({self.size // 5}c)" if self.size % 5 == 0 else f"GEOHASH({self.size}b)"
        return f"DECIMAL({self.size},{self.scale})" if self.name == "DECIMAL" else self.name


class _Fields:
    """Takes little-endian fields from the front of some bytes."""

    def __init__(self, data):
        self.data = data
        self.offset = 0

    def take(self, layout):
        values = struct.unpack_from("<" + layout, self.data, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values if len(values) > 1 else values[0]

    def take_bytes(self, size):
        taken = self.data[self.offset:self.offset + size]
        self.offset += size
        return taken


def _read_framed(path, magic):
    """The body of a manifest or schema file."""
    data = path.read_bytes()
    if len(data) < 28 or data[:8] != magic:
        raise FormatError(f"{path}: does not begin with {magic!r}")
    version, _may_ignore, must_know, body_size = struct.unpack_from("<4I", data, 8)
    if version != FORMAT_VERSION or must_know != 0:
        raise FormatError(f"{path}: written by another release (format {version}, features {must_know:#x})")
    if len(data) != 28 + body_size or crc32c(data[:-4]) != struct.unpack("<I", data[-4:])[0]:
        raise FormatError(f"{path}: damaged")
    return _Fields(data[24:-4])


class _CommittedFile:
    """The committed bytes of one file, as its manifest describes them."""

    def __init__(self, fields):
        self.kind, _crc, self.size = fields.take("B3xIQ")
        self.tail = fields.take_bytes((self.size - 1) % BLOCK_SIZE + 1 if self.size else 0)

    def map(self, path):
        """The bytes, mapped. Where the last block of the file is torn, the manifest's copy replaces it in memory."""
        if self.size == 0:
            return numpy.empty(0, numpy.uint8)
        data = numpy.memmap(path, numpy.uint8, "c", shape=(self.size,))  # copy on write: nothing is copied unless it is torn
        start = self.size - len(self.tail)
        if data[start:].tobytes() != self.tail:
            data[start:] = numpy.frombuffer(self.tail, numpy.uint8)
        return data


class Texts:
    """Texts of a column or a dictionary, over the mapped files: text i is `data` from offsets[i] to offsets[i + 1]."""

    def __init__(self, offsets, data):
        self.offsets = offsets.view("<i8")
        self.data = data

    def __len__(self):
        return max(0, len(self.offsets) - 1)

    def __getitem__(self, index):
        return self.data[self.offsets[index]:self.offsets[index + 1]].tobytes().decode()

    def __iter__(self):
        return (text.decode() for text in self.raw())

    def raw(self):
        """The bytes of each."""
        data, offsets = self.data.tobytes(), self.offsets.tolist()
        return (data[start:end] for start, end in zip(offsets, offsets[1:]))


def unpack_bits(bitmap, count):
    return numpy.unpackbits(bitmap, bitorder="little", count=count).astype(bool)


class StoredColumn:
    """What a run holds of a column: rows row_start to row_start + row_count. Rows outside are null, or false or 0 for types
    without a null."""

    def __init__(self, fields):
        self.id, type_number, file_count, self.row_start, self.row_count, self.nulls = fields.take("IBB2xQQQ")
        self.type, self.dtype = TYPES[type_number]
        self.files = [_CommittedFile(fields) for _ in range(file_count)]
        self.directory = None
        self.cached_values = None

    def _map(self, kind):
        for file in self.files:
            if FILE_KINDS.get(file.kind) == kind:
                return file.map(self.directory / f"{self.id}.{kind}")
        return None

    @property
    def values(self):
        """Fixed-width values: an array over the file. LONG256 has four words a row, the least significant first; BOOLEAN is
        a bitmap, the least significant bit first."""
        if self.type == "BOOLEAN":
            return self._map("values")
        if self.cached_values is None:
            dtype = numpy.dtype(self.dtype)
            count = self.row_count * (4 if self.type == "LONG256" else 1)
            values = self._map("values")[:count * dtype.itemsize].view(dtype)
            self.cached_values = values.reshape(-1, 4) if self.type == "LONG256" else values
        return self.cached_values

    @property
    def texts(self):
        return Texts(self._map("offsets")[:(self.row_count + 1) * 8], self._map("texts"))

    @property
    def validity(self):
        """None when every value is there, else a bitmap, the least significant bit first, 1 = present."""
        return None if self.nulls == 0 else self._map("validity")

    @property
    def present(self):
        """None when every value is there, else an array of booleans."""
        return None if self.nulls == 0 else unpack_bits(self.validity, self.row_count)


class Run:
    """Rows of a partition, sorted by the designated timestamp."""

    def __init__(self, fields):
        self.id, self.rows, self.timestamp_min, self.timestamp_max, column_count = fields.take("IQqqI")
        self.columns = {}
        for _ in range(column_count):
            column = StoredColumn(fields)
            self.columns[column.id] = column
        self.column_ids = {}

    def place(self, directory, column_ids):
        self.column_ids = column_ids
        for column in self.columns.values():
            column.directory = directory / str(self.id)

    def column(self, name):
        return self.columns.get(self.column_ids[name])


class _Partition:
    def __init__(self, path):
        fields = _read_framed(path, b"MRPART\r\n")
        _table, _lane, self.key, self.applied, run_count = fields.take("IH2xqQI")
        self.runs = [Run(fields) for _ in range(run_count)]


class _Lane:
    """The part of a table that one shard owns: partitions with their runs, and the dictionaries of its symbols."""

    def __init__(self, directory, column_ids):
        self.directory = directory
        self.partitions = []
        # Partitions before the lane manifest, whose dictionaries then cover them.
        for path in directory.glob("*/manifest"):
            partition = _Partition(path)
            for run in partition.runs:
                run.place(path.parent, column_ids)
            self.partitions.append(partition)
        self.partitions.sort(key=lambda partition: partition.key)
        self.dictionaries = {}
        if (directory / "lane").exists():
            fields = _read_framed(directory / "lane", b"MRLANE\r\n")
            _table, _lane, _checkpointed, dictionary_count = fields.take("IH2xQI")
            for _ in range(dictionary_count):
                column, count = fields.take("II")
                self.dictionaries[column] = (count, _CommittedFile(fields), _CommittedFile(fields))

    def symbols(self, column):
        """Texts by id."""
        if column not in self.dictionaries:
            return Texts(numpy.zeros(8, numpy.uint8), numpy.empty(0, numpy.uint8))
        count, offsets, texts = self.dictionaries[column]
        directory = self.directory / "symbols"
        return Texts(offsets.map(directory / f"{column}.offsets")[:(count + 1) * 8], texts.map(directory / f"{column}.texts"))


class Table:
    def __init__(self, directory):
        self.directory = directory
        fields = _read_framed(directory / "schema", b"MRSCHM\r\n")
        self.version, self.id, designated, column_count, unit, name_size = fields.take("IIIIB3xI")
        self.partition_unit = UNITS[unit]
        self.name = fields.take_bytes(name_size).decode()
        self.columns = {}  # name -> Type
        self.column_ids = {}
        for _ in range(column_count):
            column, type_number, type_size, scale, size = fields.take("IBBBxI")
            name = fields.take_bytes(size).decode()
            self.columns[name] = Type(*TYPES[type_number], type_size, scale)
            self.column_ids[name] = column
        self.designated = list(self.columns)[designated]
        self.lanes = [_Lane(path, self.column_ids) for path in sorted(directory.iterdir(), key=lambda path: path.name)
                      if path.is_dir() and path.name.isdecimal()]

    def runs(self):
        """All runs: of a partition by place, of partitions by time."""
        return [run for lane in self.lanes for partition in lane.partitions for run in partition.runs]

    def symbols(self, name, lane=0):
        return self.lanes[lane].symbols(self.column_ids[name])

    def row_count(self):
        return sum(run.rows for run in self.runs())

    def rows(self, names=None):
        """Columns by name, all rows in order of time and ties in order of arrival. Nulls are masked. What NumPy has no numbers
        for are objects: str, of UUID, IPv4 and GEOHASH too, int of LONG256, Decimal, bytes of BINARY, and arrays."""
        order = self._order()
        columns = {}
        for name in names or self.columns:
            parts = [self._run_values(lane, run, name)
                     for lane in self.lanes for partition in lane.partitions for run in partition.runs]
            empty = numpy.ma.masked_all(0, _row_dtype(self.columns[name]))
            columns[name] = numpy.ma.concatenate([empty, *parts])[order]
        return columns

    def _order(self):
        timestamps = [run.column(self.designated).values.view("<i8") for run in self.runs()]
        # Runs stand in order of their place, so a stable sort leaves ties in order of arrival.
        return numpy.argsort(numpy.concatenate([numpy.empty(0, "<i8"), *timestamps]), kind="stable")

    def _run_values(self, lane, run, name):
        column_type = self.columns[name]
        result = numpy.ma.masked_all(run.rows, _row_dtype(column_type))
        if column_type.name in NEVER_NULL:
            result[:] = 0
        column = run.column(name)
        if column is None:
            return result
        stored = result[column.row_start:column.row_start + column.row_count]
        stored[:] = _row_values(lane, column, column_type)
        if column.present is not None:
            stored[~column.present] = numpy.ma.masked
        return result


def _row_dtype(column_type):
    if column_type.name == "BOOLEAN":
        return "?"
    is_object = column_type.dtype is None or column_type.name == "SYMBOL" or column_type.name in OBJECTS
    return object if is_object else column_type.dtype


def geohash_text(value, bits):
    if bits % 5 == 0:
        return "".join(GEOHASH_LETTERS[value >> shift & 31] for shift in range(bits - 5, -1, -5))
    return f"{value:0{bits}b}"


def decimal_value(data, scale):
    """From two's complement, exactly."""
    number = int.from_bytes(data, "little", signed=True)
    return decimal.Decimal((number < 0, tuple(map(int, str(abs(number)))), -scale))


def array_value(data, dimensions):
    """The dimensions stand before the values."""
    shape = struct.unpack_from(f"<{dimensions}i", data)
    return numpy.frombuffer(data, "<f8", offset=4 * dimensions).reshape(shape)


# How the values of a row are made, where they are objects and of fixed width.
OBJECTS = {
    "LONG256": lambda words, _: sum(word << 64 * i for i, word in enumerate(words)),
    "UUID": lambda data, _: str(uuid.UUID(bytes=data)),
    "IPv4": lambda number, _: str(ipaddress.IPv4Address(number)),
    "CHAR": lambda number, _: chr(number),
    "GEOHASH": lambda number, column_type: geohash_text(number, column_type.size),
    "DECIMAL": lambda data, column_type: decimal_value(data, column_type.scale),
}


def _objects(values):
    """As an array of as many, whatever they are: arrays of one shape would become one with more dimensions."""
    result = numpy.empty(len(values), object)
    for i, value in enumerate(values):
        result[i] = value
    return result


def _row_values(lane, column, column_type):
    if column.type == "SYMBOL":
        # A null holds id 0, which need not exist.
        return numpy.array([*lane.symbols(column.id), ""], object)[column.values]
    if column.type in ("VARCHAR", "STRING"):
        return _objects(list(column.texts))
    if column.type == "BINARY":
        return _objects(list(column.texts.raw()))
    if column.type == "DOUBLE[]":
        # A null has no bytes.
        return _objects([array_value(data, column_type.size) if data else None for data in column.texts.raw()])
    if column.type in OBJECTS:
        return _objects([OBJECTS[column.type](value, column_type) for value in column.values.tolist()])
    if column.type == "BOOLEAN":
        return unpack_bits(column.values, column.row_count)
    return column.values


class Database:
    """The tables of a data directory as of their last checkpoints."""

    def __init__(self, directory):
        found = [Table(path.parent) for path in Path(directory, "tables").glob("*/schema")]
        self.tables = {table.name: table for table in sorted(found, key=lambda table: table.id)}

    def table(self, name):
        """Names compare in any case."""
        for table in self.tables.values():
            if table.name.casefold() == name.casefold():
                return table
        raise KeyError(name)


def array_text(value):
    if isinstance(value, list):
        return "[" + ",".join(map(array_text, value)) + "]"
    return repr(value) if math.isfinite(value) else "null"


def cell_text(column_type, value):
    """A value as SQL shows it."""
    if value is numpy.ma.masked:
        return ""
    if column_type.name == "BOOLEAN":
        return "true" if value else "false"
    if column_type.name == "LONG256":
        return hex(value)
    if column_type.name == "DOUBLE[]":
        return array_text(value.tolist()) if value.size else "[]"
    if column_type.name == "BINARY":
        return "[]"
    if column_type.name == "DECIMAL":
        return f"{value:f}"
    if column_type.name in ("TIMESTAMP", "TIMESTAMP_NS", "DATE"):
        return f"{value}Z"
    return str(value)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__.splitlines()[-1])
    database = Database(sys.argv[1])
    output = csv.writer(sys.stdout, lineterminator="\n")
    if len(sys.argv) == 2:
        output.writerow(["table", "rows", "runs"])
        output.writerows([table.name, table.row_count(), len(table.runs())] for table in database.tables.values())
        return
    table = database.table(sys.argv[2])
    columns = table.rows()
    output.writerow(columns)
    output.writerows(
        [cell_text(table.columns[name], value) for name, value in zip(columns, row)] for row in zip(*columns.values()))


if __name__ == "__main__":
    main()
