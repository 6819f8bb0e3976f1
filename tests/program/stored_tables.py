"""Tables as a server shows them, and as a test describes them:

    {"trades": {"columns": [["symbol", "SYMBOL"], ["price", "DOUBLE"], ["timestamp", "TIMESTAMP"]],
                "rows": [["BTC", 1.5, "2021-11-29T16:20:21.000000Z"], ["BTC", None, NOW]],
                "designated": "timestamp"}}

Rows are in order of the designated timestamp, ties in order of arrival."""
import math
from datetime import datetime, timedelta, timezone

NOW = "$now"  # the server's clock at some moment of the test
CLOCK_TOLERANCE = timedelta(seconds=2)


def read_tables(server):
    """All tables of a server whose rows are all applied."""
    tables = {}
    for entry in server.records("SELECT table_name, designatedTimestamp, table_row_count FROM tables()"):
        name = entry["table_name"]
        answer = server.exec('SELECT * FROM "' + name.replace('"', '""') + '"')
        columns = [[column["name"], _type_name(column)] for column in answer["columns"]]
        tables[name] = {"columns": columns, "rows": answer["dataset"], "designated": entry["designatedTimestamp"]}
        if entry["table_row_count"] != len(answer["dataset"]):
            raise AssertionError(f"{name} has {len(answer['dataset'])} rows, but tables() says {entry['table_row_count']}")
    return tables


def _type_name(column):
    """Of a column in an answer."""
    return column["elemType"] + "[]" * column["dim"] if column["type"] == "ARRAY" else column["type"]


def differences(expected, found, since):
    """One sentence for each. Tables that are not expected may be there, but have no rows. `since` is when the test began."""
    for name, table in expected.items():
        if name in found:
            yield from _table_differences(name, table, found[name], since)
        else:
            yield f"table {name!r} is missing, there are {sorted(found)}"
    for name, table in found.items():
        if name not in expected and table["rows"]:
            yield f"table {name!r} should have no rows, has {table['rows']}"


def _table_differences(name, expected, found, since):
    for key in ("columns", "designated"):
        if expected[key] != found[key]:
            yield f"{name}: {key} should be {expected[key]}, are {found[key]}"
            return
    if len(expected["rows"]) != len(found["rows"]):
        yield f"{name}: {len(expected['rows'])} rows expected, found {found['rows']}"
        return
    for index, (expected_row, found_row) in enumerate(zip(expected["rows"], found["rows"])):
        for (column, type_name), want, have in zip(found["columns"], expected_row, found_row):
            if not _same_value(type_name, want, have, since):
                yield f"{name}, row {index}, {column} {type_name}: expected {want!r}, found {have!r}"


def _same_value(type_name, expected, found, since):
    if expected == NOW:
        latest = datetime.now(timezone.utc) + CLOCK_TOLERANCE
        return isinstance(found, str) and since - CLOCK_TOLERANCE <= _clock(found) <= latest
    if expected is None or found is None:
        return expected is found
    if type_name == "DOUBLE":  # an integer in JSON may be a double; -0.0 is not 0.0
        return isinstance(found, (int, float)) and not isinstance(found, bool) and float(expected) == float(found) \
            and math.copysign(1, expected) == math.copysign(1, found)
    if type_name == "LONG256":
        return int(expected, 16) == int(found, 16)
    return type(expected) is type(found) and expected == found


def _clock(text):
    return datetime.strptime(text[:26].rstrip("Z"), "%Y-%m-%dT%H:%M:%S.%f").replace(tzinfo=timezone.utc)
