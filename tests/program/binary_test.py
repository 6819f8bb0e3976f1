#!/usr/bin/env python3
"""Reads back from the built release program what the build promises: hardening, allocator, symbols apart."""
# Builds: release
import os
import re
import subprocess
import unittest
from pathlib import Path

import closing_line

PROGRAM = Path(os.environ.get("MILLRACE", Path(__file__).resolve().parent.parent.parent / "build/release/millrace"))


def readelf(*options, program=PROGRAM):
    return subprocess.run(["readelf", "--wide", *options, str(program)], text=True, errors="replace",
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout


class Binary(unittest.TestCase):
    def test_it_loads_at_any_address(self):
        self.assertRegex(readelf("--file-header"), r"Type:\s+DYN")
        self.assertIn("PIE", readelf("--dynamic"))

    def test_relocations_are_read_only_before_main(self):
        self.assertIn("GNU_RELRO", readelf("--program-headers"))
        self.assertRegex(readelf("--dynamic"), r"FLAGS.*NOW")

    def test_no_page_is_both_writable_and_executable(self):
        segments = re.findall(r"^\s+(LOAD|GNU_STACK)\s.*\s([R ][W ][E ])\s+0x", readelf("--program-headers"), re.M)
        self.assertIn("GNU_STACK", [name for name, _ in segments])
        self.assertFalse([segment for segment in segments if "W" in segment[1] and "E" in segment[1]])

    def test_stack_and_standard_library_are_checked(self):
        symbols = readelf("--dyn-syms")
        self.assertIn("__stack_chk_fail", symbols)
        self.assertRegex(symbols, r"__\w+_chk\b")
        self.assertIn("__glibcxx_assert_fail", symbols)

    def test_the_allocator_is_mimalloc(self):
        self.assertRegex(readelf("--dynamic"), r"NEEDED.*libmimalloc")

    def test_debug_symbols_are_in_a_file_of_their_own(self):
        self.assertNotIn(".debug_info", readelf("--section-headers"))
        self.assertIn(PROGRAM.name + ".debug", readelf("--string-dump=.gnu_debuglink"))
        symbols = PROGRAM.with_suffix(".debug")
        self.assertIn(".debug_info", readelf("--section-headers", program=symbols))
        build_id = r"Build ID: (\w+)"
        self.assertEqual(re.search(build_id, readelf("--notes")).group(1),
                         re.search(build_id, readelf("--notes", program=symbols)).group(1))


if __name__ == "__main__":
    closing_line.main()
