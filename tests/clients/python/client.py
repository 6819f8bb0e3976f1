"""QuestDB's Python client, driven by tests/program/official_clients_test.py (which says how)."""
import sys
from decimal import Decimal

from questdb import Sender, TimestampMicros, TimestampNanos

SECOND = 1_000_000_000


def send_types(sender, table, version):
    arrays = {}
    if version >= 2:
        import numpy
        arrays = {"array": numpy.array([[1.5, 2.5], [3.5, 4.5]])}
    sender.row(table, symbols={"host": "a", "region": "eu west,1=x"},
               columns={"count": -9223372036854775807, "price": 0.1, "ok": True, "note": "plain",
                        "seen": TimestampMicros(1_700_000_000_123_456), **arrays},
               at=TimestampNanos(1_700_000_000 * SECOND))
    sender.row(table, symbols={"host": "\u00e4\u4f60\U0001f600"},
               columns={"count": 9223372036854775807, "price": -1e300, "ok": False,
                        "note": "h\u00e9 \"quoted\" back\\slash\nline \U0001f600", "seen": TimestampMicros(1)},
               at=TimestampNanos(1_700_000_001 * SECOND))
    sender.row(table, columns={"price": 3.0, "note": ""}, at=TimestampNanos(1_700_000_002 * SECOND))
    sender.flush()


def send_row(sender, table, number):
    sender.row(table, columns={"n": number}, at=TimestampNanos((1_700_000_000 + number) * SECOND))
    sender.flush()


def send_text(sender, table):
    sender.row(table, columns={"n": "text"}, at=TimestampNanos(1_700_000_000 * SECOND))
    sender.flush()


def send_decimal(sender, table):
    sender.row(table, columns={"amount": Decimal("-123.456")}, at=TimestampNanos(1_700_000_000 * SECOND))
    sender.flush()


COMMANDS = {
    "types": lambda sender, table, version: send_types(sender, table, int(version)),
    "row": lambda sender, table, number: send_row(sender, table, int(number)),
    "text": send_text,
    "decimal": send_decimal,
}


def main():
    sender = None
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            if sender is None:
                sender = Sender.from_conf(sys.argv[1])
                sender.establish()
            COMMANDS[command](sender, *arguments)
            print("ok", flush=True)
        except Exception as error:
            print("error:", " ".join(str(error).split()), flush=True)
            if sender is not None:
                sender.close(flush=False)
            sender = None
    if sender is not None:
        sender.close()


main()
