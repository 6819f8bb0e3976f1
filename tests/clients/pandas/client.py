"""QuestDB's Python client with data frames, driven by tests/program/data_frame_test.py (which says how)."""
import sys
from decimal import Decimal

import numpy
import pandas
import pyarrow
from questdb import Sender

START = pandas.Timestamp("2023-11-14T22:13:20.123456Z")


def frame_of_all_types():
    return pandas.DataFrame({
        "symbol": pandas.Categorical(["a", "\u00e4\u4f60\U0001f600", None]),
        "i8": numpy.array([-128, 0, 127], dtype="int8"),
        "u32": numpy.array([0, 1, 2**32 - 1], dtype="uint32"),
        "i64": numpy.array([-2**63 + 1, 0, 2**63 - 1], dtype="int64"),
        "nullable": pandas.array([1, None, 3], dtype="Int64"),
        "f32": numpy.array([0.5, numpy.nan, -1.5], dtype="float32"),
        "f64": [0.1, numpy.nan, -1e300],
        "ok": [True, False, True],
        "note": ["plain", "h\u00e9 \"quoted\" back\\slash\nline", None],
        "arrow": pandas.array(["x", None, ""], dtype=pandas.ArrowDtype(pyarrow.string())),
        "seen": pandas.to_datetime(["1970-01-01T00:00:00.000001Z", None, "2023-11-14T22:13:20.123456789Z"], format="ISO8601"),
        "amount": [Decimal("1.5"), None, Decimal("-0.25")],
        "levels": [numpy.array([1.5, 2.5]), None, numpy.array([-1.0])],
        "time": [START, START + pandas.Timedelta(seconds=1), START + pandas.Timedelta(seconds=2)],
    })


def large_frame(rows):
    numbers = numpy.arange(rows)
    return pandas.DataFrame({
        "symbol": pandas.Categorical.from_codes(numbers % 1000, [f"S{number}" for number in range(1000)]),
        "n": numbers,
        "price": numbers / 8,
        "time": START + pandas.to_timedelta(numbers, unit="us"),
    })


FRAMES = {
    "types": lambda: frame_of_all_types(),
    "large": lambda: large_frame(200_000),
    "text": lambda: pandas.DataFrame({"n": ["text"], "time": [START]}),
}


def main():
    with Sender.from_conf(sys.argv[1]) as sender:
        for line in sys.stdin:
            kind, table = line.split()
            try:
                sender.dataframe(FRAMES[kind](), table_name=table, at="time")
                sender.flush()
                print("ok", flush=True)
            except Exception as error:
                print("error:", " ".join(str(error).split()), flush=True)


main()
