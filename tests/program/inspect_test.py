#!/usr/bin/env python3
"""`millrace inspect` on what a killed server left behind, whole and damaged: what it shows, where it says that something is
wrong, and its exit codes."""
import json
import shutil
import subprocess
import unittest

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, temporary_directory, wait_until

LINES = (b"trades,symbol=ETH-USD,side=sell price=2615.54,amount=0.00044 1646762637609765000\n"
         b"trades,symbol=BTC-USD,side=buy price=39269.98,amount=0.001 1646762637710419000\n")
LATER = b'trades,symbol=ETH-USD note="a \xc3\xa4",count=3i 1646762637810419000\n'
GROUPS_OFFSET = 4096
FRAME_HEADER_SIZE = 64


def run(*arguments):
    return subprocess.run([PROGRAM, "inspect", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=SECONDS_MAX, check=False)


def inspect(path):
    """Exit code and records of --format=json."""
    result = run("--format", "json", path)
    return result.returncode, [json.loads(line) for line in result.stdout.decode().splitlines()]


def of_kind(records, kind):
    return [record for record in records if record["record"] == kind]


class Inspect(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = temporary_directory()
        cls.addClassCleanup(shutil.rmtree, cls.directory, ignore_errors=True)
        cls.data = cls.directory / "data"
        with Server("--shards", "1") as server:
            with server.connect() as connection:
                connection.send(LINES)
                connection.wait_durable(2)
                connection.send(LATER)
                connection.wait_durable(3)
            wait_until(lambda: cls.checkpointed(server), "a checkpoint of all rows")
            server.kill()
            shutil.copytree(server.data, cls.data)
        cls.segment = cls.data / "wal/1-0/1"
        cls.manifest = cls.data / "tables/1/0/2022-03-08/manifest"

    @staticmethod
    def checkpointed(server):
        """A lane's manifest is there before those of its partitions, but says so only after them."""
        status, records = inspect(server.data / "tables/1/0/lane")
        table = server.records("SELECT * FROM wal_tables()")[0]
        return status == 0 and of_kind(records, "lane")[0]["checkpointed"] == table["sequencerTxn"]

    def copy(self, path, change):
        """A damaged copy of a file, away from its database."""
        data = bytearray(path.read_bytes())
        target = self.directory / f"{self._testMethodName}-{path.name}"
        target.write_bytes(change(data))
        return target

    @staticmethod
    def flip(offset):
        def change(data):
            data[offset] ^= 0x10
            return data
        return change

    def test_a_directory_is_summed_up(self):
        status, records = inspect(self.data)
        self.assertEqual(status, 0, records)
        self.assertEqual(of_kind(records, "database")[0]["epoch"], 1)
        stream = of_kind(records, "stream")[0]
        self.assertEqual((stream["stream"], stream["state"]), ("1-0", "last start"))
        self.assertGreaterEqual(stream["frames"], 3)
        self.assertIn("wal/1-0/1", [segment["path"] for segment in of_kind(records, "segment")])
        table = of_kind(records, "table")[0]
        self.assertEqual((table["name"], table["partitions"]), ("trades", 1))
        self.assertEqual(of_kind(records, "partition")[0]["partition"], "2022-03-08")

    def test_a_segment_shows_its_frames_and_rows(self):
        status, records = inspect(self.segment)
        self.assertEqual(status, 0, records)
        self.assertEqual(of_kind(records, "segment")[0]["stream"], "1-0")
        frames = of_kind(records, "frame")
        self.assertEqual([frame["lsn"] for frame in frames], list(range(1, len(frames) + 1)))
        self.assertEqual(frames[0]["type"], "CREATE")
        self.assertEqual(of_kind(records, "schema")[0]["name"], "trades")
        self.assertEqual([row["values"] for row in of_kind(records, "row")], [
            {"timestamp": "2022-03-08T18:03:57.609765Z", "symbol": "ETH-USD", "side": "sell", "price": 2615.54,
             "amount": 0.00044},
            {"timestamp": "2022-03-08T18:03:57.710419Z", "symbol": "BTC-USD", "side": "buy", "price": 39269.98,
             "amount": 0.001},
            {"timestamp": "2022-03-08T18:03:57.810419Z", "symbol": "ETH-USD", "note": "a \u00e4", "count": 3},
        ])
        self.assertGreaterEqual(len(of_kind(records, "group")), 2)

    def test_text_has_the_same_in_columns(self):
        result = run(self.segment)
        self.assertEqual(result.returncode, 0, result.stderr)
        text = result.stdout.decode()
        self.assertRegex(text, r"(?m)^frame +lsn 1 +type CREATE +table 1 ")
        self.assertRegex(text, r"(?m)^ .*ETH-USD +sell +2615\.54 +0\.00044$")

    def test_manifests_schema_and_superblock_are_shown(self):
        status, records = inspect(self.manifest)
        self.assertEqual(status, 0, records)
        self.assertEqual(sum(run["rows"] for run in of_kind(records, "run")), 3)
        self.assertIn("values", [file["file"] for file in of_kind(records, "file") if "column" in file])
        for path, kind in (("tables/1/0/lane", "dictionary"), ("tables/1/schema", "column"), ("superblock", "superblock copy")):
            status, records = inspect(self.data / path)
            self.assertEqual(status, 0, records)
            self.assertTrue(of_kind(records, kind), path)

    def test_a_segment_made_ahead_says_so(self):
        status, records = inspect(max(self.segment.parent.iterdir(), key=lambda path: int(path.name)))
        self.assertEqual(status, 0)
        self.assertIn("not begun", records[0]["state"])

    def test_a_truncated_segment_shows_what_is_left(self):
        _, whole = inspect(self.segment)
        last = of_kind(whole, "frame")[-1]
        status, records = inspect(self.copy(self.segment, lambda data: data[:last["offset"] + FRAME_HEADER_SIZE + 1]))
        self.assertEqual(status, 1)
        self.assertEqual(of_kind(records, "frame"), of_kind(whole, "frame")[:-1])
        self.assertEqual(of_kind(records, "damage")[0]["offset"], last["offset"])

    def test_behind_a_flipped_bit_the_next_group_is_shown(self):
        _, whole = inspect(self.segment)
        status, records = inspect(self.copy(self.segment, self.flip(GROUPS_OFFSET + FRAME_HEADER_SIZE)))
        self.assertEqual(status, 1)
        damage = of_kind(records, "damage")[0]
        self.assertEqual(damage["offset"], GROUPS_OFFSET)
        self.assertIn("header checksum", damage["why"])
        self.assertEqual(of_kind(records, "frame")[-1], of_kind(whole, "frame")[-1])

    def test_a_damaged_manifest_is_shown_as_far_as_it_goes(self):
        for change, shown in ((self.flip(-1), True), (lambda data: data[:60], False)):
            status, records = inspect(self.copy(self.manifest, change))
            self.assertEqual(status, 1)
            self.assertTrue(of_kind(records, "partition"))
            self.assertEqual(bool(of_kind(records, "run")), shown)
            self.assertIn("offset", of_kind(records, "damage")[0]["why"])

    def test_nothing_is_changed(self):
        before = self.manifest.stat().st_mtime_ns, sorted(self.data.rglob("*"))
        for path in (self.data, self.segment, self.manifest):
            inspect(path)
        self.assertEqual(before, (self.manifest.stat().st_mtime_ns, sorted(self.data.rglob("*"))))

    def test_a_reader_that_goes_away_is_no_error(self):
        process = subprocess.Popen([PROGRAM, "inspect", self.segment], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        process.stdout.close()
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(SECONDS_MAX), 0)

    def test_wrong_paths_are_one_line_and_exit_code_2(self):
        (self.directory / "text").write_text("nothing of ours\n")
        for path in (self.directory / "missing", self.directory, self.directory / "text"):
            result = run(path)
            self.assertEqual(result.returncode, 2, path)
            self.assertEqual(result.stderr.count(b"\n"), 1, result.stderr)
            self.assertEqual(result.stdout, b"")


if __name__ == "__main__":
    closing_line.main()
