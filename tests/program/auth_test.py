#!/usr/bin/env python3
"""Authentication over TCP on real sockets: the handshake as QuestDB's clients do it, in both forms of a signature, and all that
must not get in. Signatures are made by the openssl command."""
# Builds: release asan tsan
import base64
import shutil
import socket
import subprocess
import unittest

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, temporary_directory, wait_until

USERS = ("# the key of the clients' own tests\n"
         "testUser1 ec-p-256-sha256 fLKYEaoEb9lrn3nkwLDA-M_xnuFOdSt9y0Z7_vWSHLU Dt5tbS1dEDMSYfym3fgMv0B99szno-dFc1rYF9t0aac\n")

# SEC 1 ECPrivateKey of testUser1, built from its number.
SECRET = base64.urlsafe_b64decode("5UjEMuA0Pj5pjK8a-fa24dyIf-Es5mYny3oE_Wmus48=")
PRIVATE_KEY = bytes.fromhex("30310201010420") + SECRET + bytes.fromhex("a00a06082a8648ce3d030107")


def to_raw(der):
    """r and s of 32 bytes each, out of SEQUENCE { INTEGER r, INTEGER s }."""
    halves = []
    rest = der[2:]
    for _ in range(2):
        size = rest[1]
        halves.append(int.from_bytes(rest[2:2 + size], "big").to_bytes(32, "big"))
        rest = rest[2 + size:]
    return b"".join(halves)


def sign(key, text):
    """With the private key in that file."""
    run = subprocess.run(["openssl", "dgst", "-sha256", "-keyform", "DER", "-sign", key], input=text, capture_output=True,
                         timeout=SECONDS_MAX, check=True)
    return run.stdout


class Sender:
    """A socket whose handshake is under way."""

    def __init__(self, server, user=b"testUser1"):
        self.server = server
        self.socket = socket.create_connection(server.tcp, SECONDS_MAX)
        self.socket.sendall(user + b"\n")
        self.challenge = b""
        while not self.challenge.endswith(b"\n"):
            piece = self.socket.recv(1024)
            if not piece:
                raise AssertionError(f"no challenge came, only {self.challenge!r}")
            self.challenge += piece

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def is_closed(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


class Authentication(unittest.TestCase):
    def setUp(self):
        self.directory = temporary_directory()
        self.addCleanup(shutil.rmtree, self.directory)
        self.key = self.directory / "key.der"
        self.key.write_bytes(PRIVATE_KEY)
        self.users = self.directory / "auth.txt"
        self.users.write_text(USERS)
        self.config = {"line.tcp.auth.db.path": self.users}

    def sign(self, text):
        return sign(self.key, text)

    def test_both_forms_of_a_signature_let_in_and_lines_may_stand_right_behind(self):
        with Server("--shards", 2, config=self.config) as server:
            for number, form in enumerate((lambda der: der, to_raw), 1):
                with Sender(server) as sender:
                    self.assertEqual(len(sender.challenge), 513)
                    self.assertTrue(all(0x20 <= byte <= 0x7e for byte in sender.challenge[:-1]))
                    signature = base64.b64encode(form(self.sign(sender.challenge[:-1])))
                    sender.socket.sendall(signature + b"\nt v=%di 1000\n" % number)
                    sender.socket.sendall(b"t v=%di 2000\n" % (10 * number))
                    wait_until(lambda: server.exec("SELECT sum(rows_durable) FROM connections()")["dataset"] == [[2 * number]],
                               "both rows")
            server.wait_readable()
            self.assertEqual(server.exec("SELECT v FROM t ORDER BY v")["dataset"], [[1], [2], [10], [20]])

    def test_nobody_else_gets_in(self):
        with Server("--shards", 1, config=self.config) as server:
            challenges = set()
            for user, make in ((b"testUser1", lambda text: self.sign(text + b"x")), (b"testUser1", lambda _: bytes(64)),
                               (b"testUser1", lambda _: b"rubbish"), (b"nobody", self.sign), (b"", self.sign)):
                with self.subTest(user=user), Sender(server, user) as sender:
                    challenges.add(sender.challenge)
                    sender.socket.sendall(base64.b64encode(make(sender.challenge[:-1])) + b"\nt v=1i 1000\n")
                    self.assertTrue(sender.is_closed())
            self.assertEqual(len(challenges), 5)
            with server.connect() as connection:
                connection.send(b"x" * 10_000)
                connection.wait_closed()
            wait_until(lambda: "authentication failed" in server.log(), server.log)
            self.assertEqual(server.exec("SELECT * FROM tables()")["count"], 0)

    def test_what_is_wrong_with_the_file_ends_the_start(self):
        for text, culprit in ((USERS + USERS.splitlines()[1], "auth.txt:3: user 'testUser1' is there already"),
                              (USERS + "a b c\n", "auth.txt:3: 3 words"), ("", "no user"), (None, "cannot read the file")):
            with self.subTest(culprit):
                self.users.unlink(missing_ok=True)
                if text is not None:
                    self.users.write_text(text)
                command = [PROGRAM, "serve", "--data", self.directory / "data", "--line.tcp.auth.db.path", self.users]
                run = subprocess.run(command,
                                     stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
                self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), run.stderr)
                self.assertIn(culprit, run.stderr)
                self.assertFalse((self.directory / "data").exists())

    def test_a_user_of_http_without_a_password_ends_the_start(self):
        run = subprocess.run([PROGRAM, "serve", "--data", self.directory / "data", "--http.user", "admin"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        self.assertEqual(run.returncode, 2)
        self.assertIn("http.user and http.password", run.stderr)


class Idleness(unittest.TestCase):
    def test_a_connection_that_is_idle_is_closed_where_a_limit_is_set(self):
        config = {"line.tcp.net.connection.timeout": "200ms"}
        with Server("--shards", 1, config=config) as server, server.connect() as connection:
            connection.send(b"t v=1i 1000\n")
            connection.wait_closed()
            connection.wait_durable(1)


if __name__ == "__main__":
    closing_line.main()
