#!/usr/bin/env python3
"""Every error that docs/errors.md shows is what the server says: each line, request and query of its tables is sent."""
# Builds: release
import re
import unittest

import closing_line
from http_write import HttpConnection, request_bytes
from official_clients_test import ROOT
from server import Server, SqlError, wait_until
from vectors_test import CONFIG

PAGE = (ROOT / "docs/errors.md").read_text()
PREFIX = "failed to parse line protocol:errors encountered on line(s):\nerror in line 1: "
USER = {"http.user": "admin", "http.password": "quest"}


def section(title):
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title):
    """Of the table of a section: its cells, and what stands in them as code."""
    for line in section(title).splitlines():
        if line.startswith("| `"):
            cells = [cell.strip() for cell in line.strip("|").split(" | ")]
            yield cells, [re.findall(r"`([^`]+)`", cell) for cell in cells]


def small_server(**config):
    return Server("--memory", "64M", config=CONFIG | config)


def make_table(server):
    server.exec(re.search(r"```sql\n(.*?)```", PAGE, re.DOTALL).group(1))


class Errors(unittest.TestCase):
    def test_lines(self):
        told = [(code[0][0], code[0][1:], code[1][0]) for _, code in rows("Lines")]
        self.assertGreater(len(told), 20)
        settings = dict(setting.split("=") for _, with_settings, _ in told for setting in with_settings)
        for config in ({}, settings):
            with small_server(**config) as server, HttpConnection(server) as connection:
                make_table(server)
                for line, with_settings, detail in told:
                    if bool(with_settings) == bool(config):
                        with self.subTest(line):
                            answer = connection.write(line.encode() + b"\n")
                            self.assertEqual((answer.status, answer.json()["message"]), (400, PREFIX + detail))

    def test_over_tcp_the_log_has_the_same_words(self):
        with small_server(**{"line.tcp.disconnect.on.error": "false"}) as server, server.connect() as connection:
            make_table(server)
            told = [(code[0][0], code[1][0]) for _, code in rows("Lines") if not code[0][1:]]
            for line, _ in told[:5]:
                connection.send(line.encode() + b"\n")
            connection.wait_settled(5)
            for _, detail in told[:5]:
                wait_until(lambda: detail in server.log(), detail)

    def check_request(self, server, cells, code):
        request, *headers = code[0]
        method, target = request.split()
        fields = dict(header.split(": ") for header in headers)
        body = b"" if method == "GET" else b"trades price=1\n"
        if not body:
            fields["Content-Length"] = None
        with HttpConnection(server) as connection:
            connection.send(request_bytes(body, method, target, fields))
            answer = connection.answer(method)
        text = answer.json()["message"] if "json" in answer.headers["Content-Type"] else answer.body.decode().rstrip("\r\n")
        self.assertEqual(f"{answer.status} `{text}`", cells[1])

    def test_requests(self):
        told = list(rows("Requests"))
        self.assertGreater(len(told), 9)
        with small_server() as server, small_server(**USER) as guarded:
            for cells, code in told:
                with self.subTest(cells[0]):
                    self.check_request(guarded if "Authorization" in cells[0] else server, cells, code)

    def test_queries(self):
        told = [(code[0][0], code[1][0]) for _, code in rows("Queries")]
        self.assertGreater(len(told), 10)
        with small_server() as server:
            make_table(server)
            for query, error in told:
                with self.subTest(query):
                    with self.assertRaises(SqlError) as caught:
                        server.exec(query)
                    self.assertEqual((caught.exception.status, caught.exception.answer["error"]), (400, error))

    def test_statuses_are_those_of_the_readme(self):
        def statuses(text):
            return {status for line in text.splitlines() if (found := re.match(r"\| (\d[\d, ]+) \|", line))
                    for status in found.group(1).split(", ")}
        readme = (ROOT / "README.md").read_text()
        told = readme.split("| status of a write |")[1].split("\n\n")[0]
        self.assertLessEqual(statuses(told), statuses(section("Statuses of a write")))


if __name__ == "__main__":
    closing_line.main()
