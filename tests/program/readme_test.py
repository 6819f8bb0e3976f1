#!/usr/bin/env python3
"""The examples of README.md do what it says: each is taken from the page as it stands, but for the addresses, and run against a
server of its own. Clients are installed as tests/program/official_clients_test.py installs them. Python, Node.js and the shell
run always, Go, Rust, Java and Telegraf with MILLRACE_TEST_LONG=1."""
# Builds: release
import os
import re
import shutil
import subprocess
import unittest

import closing_line
from official_clients_test import CLIENTS, ROOT, Sender, Unavailable, row_count, small_server
from server import SECONDS_MAX, wait_until
from telegraf_test import TELEGRAF

LONG = os.environ.get("MILLRACE_TEST_LONG")
README = (ROOT / "README.md").read_text()
ROW = ["ETH-USD", "sell", 2615.54, 0.00044]
QUERY = "SELECT symbol, side, price, amount FROM trades"
BUILD_SECONDS_MAX = 900


def fenced(language):
    """The one example in that language."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} examples in {language}")
    return found[0]


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def indented(text):
    """The blocks of commands of a section."""
    blocks = re.findall(r"(?:^    .*\n)+", text, re.MULTILINE)
    return [re.sub(r"^    ", "", block, flags=re.MULTILINE) for block in blocks]


def addressed(example, server):
    """To this server instead of the usual ports."""
    for port, address in (("9000", server.http), ("9009", server.tcp)):
        example = re.sub(rf"127\.0\.0\.1([:/]){port}\b", rf"{address[0]}\g<1>{address[1]}", example)
    return example


def run(command, directory, seconds_max=SECONDS_MAX, **environment):
    done = subprocess.run(command, cwd=directory, env=os.environ | environment, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds_max, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout[-2000:]}")
    return done.stdout


def copy_of(name, *files):
    """A directory beside the client's with these of its files."""
    directory = ROOT / "build/clients" / f"{name}-example"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for file in files:
        shutil.copy(ROOT / "tests/clients" / name / file, directory)
    return directory


class Examples(unittest.TestCase):
    def setUp(self):
        self.server = small_server()
        self.server.start()
        self.addCleanup(self.server.__exit__)

    def install(self, client):
        try:
            client.command()
        except Unavailable as reason:
            self.skipTest(str(reason))
        return ROOT / "build/clients" / client.name

    def check_row(self):
        wait_until(lambda: row_count(self.server, "trades") != 0, "the row")
        self.server.wait_readable()
        self.assertEqual(self.server.exec(QUERY)["dataset"], [ROW])

    def test_python(self):
        directory = self.install(CLIENTS["python"])
        (directory / "example.py").write_text(addressed(fenced("python"), self.server))
        run([directory / "venv/bin/python", "example.py"], directory)
        self.check_row()

    def test_node(self):
        directory = self.install(CLIENTS["node"])
        (directory / "example.js").write_text(addressed(fenced("javascript"), self.server))
        run(["node", "example.js"], directory)
        self.check_row()

    @unittest.skipUnless(LONG, "only with MILLRACE_TEST_LONG=1")
    def test_go(self):
        self.install(CLIENTS["go"])
        directory = copy_of("go", "go.mod", "go.sum")
        (directory / "main.go").write_text(addressed(fenced("go"), self.server))
        run(["go", "run", "."], directory, BUILD_SECONDS_MAX, GOFLAGS="-mod=readonly -buildvcs=false")
        self.check_row()

    @unittest.skipUnless(LONG, "only with MILLRACE_TEST_LONG=1")
    def test_rust(self):
        target = self.install(CLIENTS["rust"]) / "target"
        directory = copy_of("rust", "Cargo.toml", "Cargo.lock")
        manifest = (directory / "Cargo.toml").read_text()
        (directory / "Cargo.toml").write_text(manifest.replace('name = "client"', 'name = "example"'))
        (directory / "src").mkdir()
        (directory / "src/main.rs").write_text(addressed(fenced("rust"), self.server))
        # Beside the client program, whose libraries are compiled already.
        run(["cargo", "run", "--locked", "--quiet"], directory, BUILD_SECONDS_MAX, CARGO_TARGET_DIR=str(target))
        self.check_row()

    @unittest.skipUnless(LONG, "only with MILLRACE_TEST_LONG=1")
    def test_java(self):
        directory = self.install(CLIENTS["java"])
        (directory / "Example.java").write_text(addressed(fenced("java"), self.server))
        run(["java", "-cp", "target/dependency/*", "Example.java"], directory)
        self.check_row()

    @unittest.skipUnless(LONG, "only with MILLRACE_TEST_LONG=1")
    def test_telegraf(self):
        self.install(TELEGRAF)
        with Sender(TELEGRAF.command(), addressed(fenced("toml"), self.server)) as sender:
            self.assertEqual(sender.ask("row", "metrics", 1), "")
        self.server.wait_readable()
        self.assertEqual(self.server.exec("SELECT n FROM metrics")["dataset"], [[1]])

    def test_the_configuration_for_kafka_is_one_that_a_client_takes(self):
        settings = dict(line.split("=", 1) for line in fenced("properties").splitlines())
        self.assertEqual(settings["connector.class"], "io.questdb.kafka.QuestDBSinkConnector")
        client = CLIENTS["python"]
        self.install(client)
        with Sender(client.command(), addressed(settings["client.conf.string"], self.server)) as sender:
            self.assertEqual(sender.ask("row", "trades", 1), "")

    def test_a_walk_of_a_minute(self):
        """But for the kill, and for what needs the server as tools/run starts it."""
        outputs = []
        for block in indented(section("A walk of a minute")):
            if "kill -9" not in block and "build/release" not in block:
                self.server.wait_readable()
                outputs.append(run(["bash", "-euc", addressed(block, self.server)], ROOT))
                if "/dev/tcp" in block:
                    wait_until(lambda: row_count(self.server, "trades") == 2, "both rows")
        self.assertEqual([bool(output) for output in outputs], [False, False, True])
        self.assertEqual(self.server.exec("SELECT symbol, side, price, amount FROM trades")["dataset"],
                         [ROW, ["BTC-USD", "buy", 39269.98, 0.001], ["ETH-USD", "buy", 2615.6, 0.1]])
        answers = outputs[2].replace("}{", "}\n{").splitlines()
        self.assertEqual([answer.count('"count":3') for answer in answers], [1, 0, 0])
        self.assertIn('["BTC-USD",39269.98]', answers[1])
        self.assertIn('"rows_durable"', answers[2])


if __name__ == "__main__":
    closing_line.main()
