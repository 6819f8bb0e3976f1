#!/usr/bin/env python3
"""QuestDB's own clients, unmodified from their registries, against the real server. tests/clients has a program for each, with
the versions that it is held to, and this test installs it under build/clients. Where that is not possible, as without a
network, the client's tests are skipped, with the reason. Python and Node.js run always, Go, Rust and Java with
MILLRACE_TEST_LONG=1.

A client program gets the configuration of a sender as its argument, and commands on its standard input, one a line. It answers
each with "ok", or "error: " and the client's own words, behind which it goes on with a new sender:

    types TABLE VERSION   three rows with values of all types that this version of line protocol has, in one flush
    row TABLE N           a row with the integer N in the column n, and a flush
    text TABLE            a row with a text in the column n, and a flush
    decimal TABLE         a row with the decimal -123.456 in the column amount, and a flush"""
# Builds: release
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest
from datetime import datetime, timezone
from pathlib import Path

import closing_line
from auth_test import USERS
from inherited_sockets_test import InheritingServer
from server import Server, SqlError, wait_until
from stored_tables import differences, read_tables

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES = ROOT / "tests/clients"
INSTALL_SECONDS_MAX = 900
LONG_MAX = 2**63 - 1
LONG = os.environ.get("MILLRACE_TEST_LONG")


# Small segments are soon filled with zeros, and a server soon started.
CONFIG = {"wal.segment.size": "2M", "line.tcp.max.recv.buffer.size": "64K"}


# The key that auth_test.py has, as clients want it told.
TCP_USER = ("username=testUser1;token=5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48;"
            "token_x=fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU;token_y=Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac;")


@contextlib.contextmanager
def auth_file():
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(USERS)
        file.flush()
        yield file.name


class Unavailable(Exception):
    """A client cannot be installed here."""


def run(command, directory, **environment):
    """An installer. Its last words are the reason when it fails."""
    if not shutil.which(command[0]):
        raise Unavailable(f"{command[0]} is not installed")
    try:
        done = subprocess.run(command, cwd=directory, env=os.environ | environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=INSTALL_SECONDS_MAX, check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{' '.join(command)}: not within {INSTALL_SECONDS_MAX} s") from None
    if done.returncode != 0:
        raise Unavailable(f"{' '.join(command)}: {done.stdout.strip()[-500:]}")


def install_python(directory):
    run([sys.executable, "-m", "venv", "venv"], directory)
    run([str(directory / "venv/bin/pip"), "install", "--quiet", "-r", "requirements.txt"], directory)


def install_node(directory):
    run(["npm", "ci", "--engine-strict", "--no-audit", "--no-fund"], directory)


def install_go(directory):
    run(["go", "build", "-o", "client", "."], directory, GOFLAGS="-mod=readonly -buildvcs=false")


def install_rust(directory):
    run(["cargo", "build", "--locked"], directory, CARGO_TARGET_DIR=str(directory / "target"))


def install_java(directory):
    run(["mvn", "-q", "-B", "package", "dependency:copy-dependencies"], directory)


class Client:
    """How a client is installed and started, and in what it differs from the others."""

    def __init__(self, name, install, command, count_max=LONG_MAX, beyond_bmp="\U0001f600", nanoseconds=True, reconnects=True):
        self.name = name
        self.install = install
        self.arguments = command
        self.count_max = count_max      # the largest integer that it can send
        self.beyond_bmp = beyond_bmp    # how it sends that character over HTTP
        self.nanoseconds = nanoseconds  # a new table gets such a designated column, from protocol version 2 on
        self.reconnects = reconnects    # when a connection is refused or closed, without being asked

    def command(self):
        """What starts the client program, installed unless it is; Unavailable if it cannot be."""
        source = SOURCES / self.name
        files = sorted(path for path in source.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        digest = hashlib.sha256()
        for path in files:
            digest.update(str(path.relative_to(source)).encode() + b"\0" + path.read_bytes())
        directory = ROOT / "build/clients" / self.name
        directory.parent.mkdir(parents=True, exist_ok=True)
        stamp = directory / "installed"
        with open(directory.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # other tests install it too, at the same time
            if not stamp.exists() or stamp.read_text() != digest.hexdigest():
                shutil.rmtree(directory, ignore_errors=True)
                shutil.copytree(source, directory)
                self.install(directory)
                stamp.write_text(digest.hexdigest())
        return [argument.replace("DIRECTORY", str(directory)) for argument in self.arguments]


# When a connection ends without an answer, Go and Java connect again; the others give up.
CLIENTS = {
    "python": Client("python", install_python, ["DIRECTORY/venv/bin/python", "DIRECTORY/client.py"], reconnects=False),
    "node": Client("node", install_node, ["node", "DIRECTORY/client.js"], count_max=2**53 - 1,
                   reconnects=False),
    "go": Client("go", install_go, ["DIRECTORY/client"], nanoseconds=False),
    "rust": Client("rust", install_rust, ["DIRECTORY/target/debug/client"], reconnects=False),
    "java": Client("java", install_java, ["java", "-cp", "DIRECTORY/target/classes:DIRECTORY/target/dependency/*", "Client"],
                   beyond_bmp=""),
}


class Sender:
    """A client program at work."""

    def __init__(self, command, configuration):
        self.process = subprocess.Popen([*command, configuration], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.retries = 0  # that the client said it made by itself

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()

    def ask(self, *words):
        """The client's own words when it failed, else nothing."""
        print(*words, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        if answer == "ok\n":
            return ""
        if answer.startswith("ok after "):
            self.retries += int(answer.removeprefix("ok after "))
            return ""
        if not answer.startswith("error: "):
            raise AssertionError(f"the client program ended: {answer!r}")
        return answer.removeprefix("error: ").rstrip("\n")


def protocol_versions(server):
    """Of line protocol, as clients are told them."""
    status, _, body = server.request("GET", "/settings")
    if status != 200:
        raise AssertionError(f"GET /settings: {status} {body!r}")
    return json.loads(body)["config"]["line.proto.support.versions"]


def row_count(server, table):
    """0 also when it does not exist yet."""
    try:
        return server.exec(f"SELECT count() FROM {table}")["dataset"][0][0]
    except SqlError:
        return 0


def expected_types(client, version, beyond_bmp):
    """The table that the command `types` leaves."""
    count = client.count_max
    note = f"h\u00e9 \"quoted\" back\\slash\nline {beyond_bmp}"
    columns = [("host", "SYMBOL"), ("region", "SYMBOL"), ("count", "LONG"), ("price", "DOUBLE"), ("ok", "BOOLEAN"),
               ("note", "VARCHAR"), ("seen", "TIMESTAMP")]
    rows = [["a", "eu west,1=x", -count, 0.1, True, "plain", "2023-11-14T22:13:20.123456Z"],
            [f"\u00e4\u4f60{beyond_bmp}", None, count, -1e300, False, note, "1970-01-01T00:00:00.000001Z"],
            [None, None, None, 3.0, False, "", None]]
    if version >= 2:
        columns.append(("array", "DOUBLE[][]"))
        for row, cell in zip(rows, ([[1.5, 2.5], [3.5, 4.5]], None, None)):
            row.append(cell)
    in_ns = version >= 2 and client.nanoseconds
    columns.append(("timestamp", "TIMESTAMP_NS" if in_ns else "TIMESTAMP"))
    for second, row in enumerate(rows):
        row.append(f"2023-11-14T22:13:2{second}.{'000' if in_ns else ''}000000Z")
    return {"columns": [list(column) for column in columns], "rows": rows, "designated": "timestamp"}


def small_server():
    return Server("--memory", "64M", config=CONFIG)


class ClientTests:
    """For each client the same tests; a class below names it."""

    name = None

    def setUp(self):
        self.client = CLIENTS[self.name]
        try:
            self.command = self.client.command()
        except Unavailable as reason:
            self.skipTest(str(reason))

    def sender(self, configuration):
        return Sender(self.command, configuration)

    def check_types(self, server, configuration, version, beyond_bmp):
        since = datetime.now(timezone.utc)
        expected = {"types": expected_types(self.client, version, beyond_bmp)}
        with self.sender(configuration) as sender:
            self.assertEqual(sender.ask("types", "types", version), "")
        if configuration.startswith("tcp"):
            wait_until(lambda: row_count(server, "types") == 3, "all rows over TCP")
        server.wait_readable()
        self.assertEqual(list(differences(expected, read_tables(server), since)), [])

    def test_types_over_http(self):
        with small_server() as server:
            versions = sorted(set(protocol_versions(server)) & {1, 2, 3})
            self.check_types(server, http(server), versions[-1], self.client.beyond_bmp)
        for version in versions if LONG else ():
            with self.subTest(version=version), small_server() as server:
                self.check_types(server, f"{http(server)}protocol_version={version};", version, self.client.beyond_bmp)

    def test_types_over_tcp(self):
        with small_server() as server:
            for version in sorted(set(protocol_versions(server)) & {1, 2, 3}):
                with self.subTest(version=version), small_server() as fresh:
                    configuration = "tcp::addr={}:{};protocol_version={};".format(*fresh.tcp, version)
                    self.check_types(fresh, configuration, version, "\U0001f600" if self.client.beyond_bmp else "")

    def test_types_with_credentials(self):
        with auth_file() as users:
            config = CONFIG | {"line.tcp.auth.db.path": users, "http.user": "admin", "http.password": "quest"}
            with Server("--memory", "64M", config=config) as server:
                server.headers = {"Authorization": "Basic YWRtaW46cXVlc3Q="}
                self.check_types(server, f"{http(server)}username=admin;password=quest;", 3, self.client.beyond_bmp)
                with self.sender(f"{http(server)}username=admin;password=wrong;") as sender:
                    self.assertRegex(sender.ask("row", "nothing", 1), "401|[Uu]nauthorized|[Aa]uthenticat")
            with Server("--memory", "64M", config=config) as server:
                server.headers = {"Authorization": "Basic YWRtaW46cXVlc3Q="}
                self.check_types(server, "tcp::addr={}:{};protocol_version=3;".format(*server.tcp) + TCP_USER, 3,
                                 "\U0001f600" if self.client.beyond_bmp else "")

    def test_decimals(self):
        with small_server() as server, self.sender(http(server)) as sender:
            server.exec("CREATE TABLE decimals (n LONG, amount DECIMAL(18,3), timestamp TIMESTAMP) "
                        "TIMESTAMP(timestamp) PARTITION BY DAY WAL")
            self.assertEqual(sender.ask("row", "decimals", 1), "")
            self.assertEqual(sender.ask("decimal", "decimals"), "")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n, amount FROM decimals")["dataset"], [[None, "-123.456"], [1, None]])

    def test_a_refused_row_is_told_in_the_clients_own_words(self):
        with small_server() as server, self.sender(http(server)) as sender:
            self.assertEqual(sender.ask("row", "refused", 1), "")
            words = sender.ask("text", "refused")
            detail = "table: refused, column: n; cast error from protocol type: STRING to column type: LONG"
            self.assertIn(f"error in line 1: {detail}", words)
            self.assertEqual(sender.ask("row", "refused", 2), "")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM refused")["dataset"], [[1], [2]])

    def test_a_restart_loses_nothing_that_was_acknowledged(self):
        # On sockets that outlive the server, since Python and Rust give up for good when a connection is refused.
        with InheritingServer() as server, self.sender(http(server)) as sender:
            number = 0
            refusals = []

            def send(count):
                nonlocal number
                for _ in range(count):
                    number += 1
                    # Who does not connect again by itself is told to send the row once more, as a person would.
                    while words := sender.ask("row", "restart", number):
                        refusals.append(words)

            def restart():
                server.stop()
                server.start()

            send(20)
            for _ in range(3):
                restarting = threading.Thread(target=restart)
                restarting.start()
                while restarting.is_alive():
                    send(1)
                restarting.join()
                send(5)
            print(f"{self.name}: {number} rows, {len(refusals)} refusals {refusals[:3]}", flush=True)
            if self.client.reconnects:
                self.assertEqual(refusals[:5], [])
            server.wait_readable()
            self.assertEqual(server.exec("SELECT n FROM restart")["dataset"], [[n] for n in range(1, number + 1)])


def http(server):
    return "http::addr={}:{};".format(*server.http)


for each in CLIENTS:
    case = type(each.capitalize(), (ClientTests, unittest.TestCase), {"name": each, "__module__": __name__})
    if each not in ("python", "node"):
        case = unittest.skipUnless(LONG, "only with MILLRACE_TEST_LONG=1")(case)
    globals()[case.__name__] = case
del case


if __name__ == "__main__":
    closing_line.main()
