#!/usr/bin/env python3
"""Listening sockets that the server is started with, as systemd does it: they outlive it, so that nobody who connects while
it is stopped, killed or started anew is refused, and HTTP and UDP are served on them, too."""
# Builds: release asan tsan
import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import unittest
from pathlib import Path

import closing_line
from server import PROGRAM, SECONDS_MAX, Server, temporary_directory, wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_HIGH = 50  # descriptors of the test that the shell below puts to 3, 4, ...


class InheritingServer(Server):
    """A Server on sockets that live as long as the test."""

    def __init__(self, names=("tcp", "udp", "http"), **options):
        super().__init__("--shards", 1, **options)
        self.names = names
        self.sockets = {}
        for name in ("tcp", "udp", "http"):
            kind = socket.SOCK_DGRAM if name == "udp" else socket.SOCK_STREAM
            self.sockets[name] = socket.socket(socket.AF_INET, kind)
            self.sockets[name].bind(("127.0.0.1", 0))
            if name != "udp":
                self.sockets[name].listen(1024)
            self.sockets[name].setblocking(False)  # as nobody who uses a ring wants them
        self.tcp, self.udp, self.http = (each.getsockname() for each in self.sockets.values())

    def __exit__(self, *_):
        super().__exit__()
        for each in self.sockets.values():
            each.close()

    def command(self, names, arguments):
        """Under a shell that puts the descriptors where they belong and becomes the server."""
        high = [fcntl.fcntl(each.fileno(), fcntl.F_DUPFD, FIRST_HIGH) for each in self.sockets.values()]
        moves = " ".join(f"{3 + place}<&{descriptor}" for place, descriptor in enumerate(high))
        listed = "" if names is None else f"export LISTEN_FDNAMES={':'.join(names)}; "
        script = f'export LISTEN_PID=$$ LISTEN_FDS={len(high)}; {listed}exec "$@" {moves}'
        return ["bash", "-c", script, "bash", PROGRAM, "serve", "--data", self.data, *arguments], high

    def start(self):
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        addresses = [f"--{name}={':'.join(map(str, each.getsockname()))}" for name, each in self.sockets.items()]
        command, high = self.command(self.names, ["--ready-file", ready, "--shards", "2", *addresses])
        with open(self.directory / "stderr", "ab") as stderr:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
                                            pass_fds=high)
        for descriptor in high:
            os.close(descriptor)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, "the ready file")
        if not ready.exists():
            raise AssertionError(f"the server ended: {self.log()}")
        self.ready = json.loads(ready.read_text())


class Restarts(unittest.TestCase):
    def check_served(self, server, row):
        with server.connect() as connection:
            connection.send(b"t v=%di %d000\n" % (row, row))
            connection.wait_durable(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(b"u v=%di %d000\n" % (row, row), server.udp)
        query = "SELECT sum(rows_durable) FROM connections() WHERE transport = 'udp'"
        wait_until(lambda: server.exec(query)["dataset"] == [[1]], "the datagram's row")

    def test_nobody_is_refused_while_the_server_is_gone(self):
        with InheritingServer() as server:
            self.check_served(server, 1)
            for number in (signal.SIGKILL, signal.SIGTERM):
                self.assertEqual(server.end_with(number), -9 if number == signal.SIGKILL else 0)
                early = server.connect()  # nobody accepts
                early.send(b"early v=%di 1000\n" % number)
                query = server.ask("SELECT count(*) FROM t")
                server.start()
                self.assertTrue(query.recv(1024).startswith(b"HTTP/1.1 200"))
                query.close()
                early.wait_durable(1)
                early.socket.close()
                self.check_served(server, 2)
            self.assertEqual([server.ready[name].rsplit(":", 1)[1] for name in server.sockets],
                             [str(each.getsockname()[1]) for each in server.sockets.values()])

    def test_connections_that_come_all_the_time_get_through_every_restart(self):
        with InheritingServer() as server:
            failures = []
            stop = threading.Event()
            sent = 0

            def connect_again_and_again():
                nonlocal sent
                while not stop.is_set():
                    try:
                        with socket.create_connection(server.tcp, SECONDS_MAX) as connection:
                            connection.sendall(b"t v=1i\n")
                            sent += 1
                    except ConnectionResetError:
                        pass  # it had been accepted, and the server was killed
                    except OSError as error:
                        failures.append(repr(error))
                    stop.wait(0.002)

            thread = threading.Thread(target=connect_again_and_again)
            thread.start()
            try:
                for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
                    before = sent
                    wait_until(lambda: sent > before + 20, "connections")
                    server.end_with(number)
                    before = sent
                    wait_until(lambda: sent > before + 20, "connections to nobody")
                    server.start()
            finally:
                stop.set()
                thread.join()
            self.assertEqual(failures, [])

    def test_without_names_they_are_told_by_kind_and_port(self):
        for names in (None, ("millrace.socket",) * 3):
            with self.subTest(names), InheritingServer(names=names) as server:
                self.check_served(server, 1)
                server.stop()
                self.assertEqual(socket.create_connection(server.http, SECONDS_MAX).close(), None)


class Refusals(unittest.TestCase):
    def test_sockets_that_cannot_be_used_end_the_start(self):
        for names, arguments, why in ((("tcp", "tcp", "http"), (), "of another kind than its name"),
                                      (("http", "udp", "http"), (), "another one of its kind"),
                                      (("other",) * 3, ("--tcp=127.0.0.1:1", "--http=off"), "neither a name that is known"),
                                      (("tcp", "udp", "http"), ("--udp=off",), "what it is for is switched off")):
            with self.subTest(why):
                server = InheritingServer()
                self.addCleanup(server.__exit__)
                command, high = server.command(names, arguments)
                run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX,
                                     check=False, pass_fds=high)
                for descriptor in high:
                    os.close(descriptor)
                self.assertEqual((run.returncode, run.stdout), (2, ""), run.stderr)
                self.assertIn(why, run.stderr)
                self.assertFalse(server.data.exists())


class Units(unittest.TestCase):
    """What is handed out for systemd fits the program."""

    def test_units_are_understood(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd here")
        directory = temporary_directory()
        self.addCleanup(shutil.rmtree, directory)
        for unit in ("millrace.socket", "millrace.service"):
            text = (ROOT / "packaging/systemd" / unit).read_text()
            (directory / unit).write_text(text.replace("/usr/bin/millrace", str(PROGRAM)))
        run = subprocess.run(["systemd-analyze", "verify", directory / "millrace.service", directory / "millrace.socket"],
                             stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS_MAX, check=False)
        complaints = [line for line in run.stderr.splitlines() if "millrace" in line]
        self.assertEqual(complaints, [])


if __name__ == "__main__":
    closing_line.main()
