"""InfluxDB's two Python clients, driven by tests/program/influx_clients_test.py (which says how)."""
import sys

import influxdb
import influxdb_client
from influxdb_client.client.write_api import SYNCHRONOUS

SECOND = 1_000_000_000
TYPES = [
    ({"host": "a", "region": "eu west,1=x"}, {"count": -9223372036854775807, "price": 0.1, "ok": True, "note": "plain"}),
    ({"host": "\u00e4\u4f60\U0001f600"},
     {"count": 9223372036854775807, "price": -1e300, "ok": False, "note": "h\u00e9 \"quoted\" back\\slash \U0001f600"}),
    ({}, {"price": 3.0, "note": ""}),
]


def time(number):
    return (1_700_000_000 + number) * SECOND


class FirstVersion:
    def __init__(self, host, port):
        self.client = influxdb.InfluxDBClient(host, int(port), database="any", gzip=True)
        self.client.ping()
        self.client.create_database("any")
        self.client.get_list_database()

    def write(self, table, rows):
        points = [{"measurement": table, "tags": tags, "fields": fields, "time": at} for tags, fields, at in rows]
        self.client.write_points(points, time_precision="n")


class SecondVersion:
    def __init__(self, host, port):
        self.client = influxdb_client.InfluxDBClient(f"http://{host}:{port}", token="any", org="any", enable_gzip=True)
        if not self.client.ping():
            raise RuntimeError("no answer to a ping")
        self.api = self.client.write_api(write_options=SYNCHRONOUS)

    def write(self, table, rows):
        points = []
        for tags, fields, at in rows:
            points.append(influxdb_client.Point.from_dict({"measurement": table, "tags": tags, "fields": fields, "time": at}))
        self.api.write(bucket="any", record=points)


COMMANDS = {
    "types": lambda: [(*row, time(number)) for number, row in enumerate(TYPES)],
    "row": lambda number: [({}, {"n": int(number)}, time(int(number)))],
    "float": lambda: [({}, {"n": 1.5}, time(0))],
}


def main():
    version, host, port = sys.argv[1].split()
    client = None
    for line in sys.stdin:
        command, table, *arguments = line.split()
        try:
            if client is None:
                client = {"v1": FirstVersion, "v2": SecondVersion}[version](host, port)
            client.write(table, COMMANDS[command](*arguments))
            print("ok", flush=True)
        except Exception as error:
            print("error:", " ".join(str(error).split()), flush=True)


main()
