#!/usr/bin/env python3
"""The conformance vectors in tests/net/vectors over a real socket: each leaves the tables that it names, and a bad line ends
its connection. Left out are those that need tables or settings of their own.

Vectors share a server as long as no two name the same table; those whose lines are all refused share another one, where no
table ever gets a row. Some are sent once more in pieces of 1 to 3 bytes."""
# Builds: release
import base64
import json
import unittest
from datetime import datetime, timezone
from pathlib import Path

import closing_line
from server import Server
from stored_tables import differences, read_tables

DIRECTORY = Path(__file__).resolve().parent.parent / "net/vectors"
SAMPLE_STEP = 12  # every so many-th vector of those with a server of its own is sent in pieces too

# Small segments are soon filled with zeros, and a server soon started.
CONFIG = {"line.tcp.disconnect.on.error": "true", "wal.segment.size": "2M", "line.tcp.max.recv.buffer.size": "64K"}


def load_vectors():
    vectors = [json.loads(line) for name in ("ilp_text.jsonl", "ilp_types.jsonl")
               for line in (DIRECTORY / name).read_text().splitlines()]
    return [vector for vector in vectors if not {"setup", "config", "transport"} & set(vector)]


def server_groups(vectors):
    """Lists of vectors whose tables are disjoint, the one of those without tables first."""
    groups = [([], set())]
    for vector in vectors:
        names = {name.lower() for name in vector["expect"]["tables"]}
        if not names:
            groups[0][0].append(vector)
            continue
        free = next((group for group in groups[1:] if not names & group[1]), None)
        if free is None:
            free = ([], set())
            groups.append(free)
        free[0].append(vector)
        free[1].update(names)
    return [group for group, _ in groups]


def ends_connection(vector):
    return "error" in vector["expect"] or vector["expect"].get("disconnect", False)


def send(server, vector, piece_size_max):
    """Sends a vector on a connection of its own and returns what the sender sees that it should not."""
    with server.connect() as connection:
        connection.send(base64.b64decode(vector["input_b64"]), piece_size_max)
        if ends_connection(vector):
            connection.wait_closed()
        else:
            connection.end()
        rows = sum(len(table["rows"]) for table in vector["expect"]["tables"].values())
        rejected = 1 if ends_connection(vector) else 0
        figures = connection.wait_settled(rows + rejected)
    return [] if figures["rows_rejected"] == rejected else [f"{rejected} rows should be rejected: {figures}"]


class Vectors(unittest.TestCase):
    def check_group(self, number, vectors, piece_size_max=None):
        since = datetime.now(timezone.utc)
        with Server("--shards", 1 + number % 2, "--memory", "64M", config=CONFIG) as server:
            expected = {}
            for vector in vectors:
                with self.subTest(f"{vector['id']} {vector['topic']}", pieces=piece_size_max):
                    expected |= vector["expect"]["tables"]
                    self.assertEqual(send(server, vector, piece_size_max), [])
            server.wait_readable()
            found = read_tables(server)
            for vector in vectors:
                with self.subTest(f"{vector['id']} {vector['topic']}", pieces=piece_size_max):
                    tables = vector["expect"]["tables"]
                    own = {name: found[name] for name in tables if name in found}
                    self.assertEqual(list(differences(tables, own, since)), [])
            self.assertEqual(list(differences(expected, found, since)), [])

    def test_every_vector(self):
        vectors = load_vectors()
        groups = server_groups(vectors)
        print(f"{len(vectors)} vectors on {len(groups)} servers", flush=True)
        self.assertEqual(len(vectors), 277)
        for number, group in enumerate(groups):
            self.check_group(number, group)

    def test_in_pieces(self):
        groups = server_groups(load_vectors())
        sample = groups[:2] + groups[2::SAMPLE_STEP]
        print(f"{sum(map(len, sample))} vectors in pieces on {len(sample)} servers", flush=True)
        for number, group in enumerate(sample):
            self.check_group(number, group, piece_size_max=3)


if __name__ == "__main__":
    closing_line.main()
