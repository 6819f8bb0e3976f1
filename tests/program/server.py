"""The program under test as a server: a process with a temporary directory of its own, ports that the kernel picks, and SQL
over HTTP. Nothing here waits for a fixed time: it looks again until what it waits for has happened, or fails after
SECONDS_MAX.

    with Server("--shards", "2", config={"line.tcp.disconnect.on.error": "true"}) as server:
        with server.connect() as connection:
            connection.send(b"trades,symbol=BTC price=1.5\\n")
            connection.wait_durable(1)
        server.wait_readable()
        server.records('SELECT * FROM trades')
        server.kill()
        server.start()"""
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from pathlib import Path

PROGRAM = Path(os.environ.get("MILLRACE", Path(__file__).resolve().parent.parent.parent / "build/release/millrace"))
SECONDS_MAX = 60.0  # for whatever a test waits for: sanitizers on a busy machine take their time


class SqlError(Exception):
    """The server refused a query. `answer` is its decoded JSON, or its text when it is none."""

    def __init__(self, query, status, answer):
        super().__init__(f"{query}: HTTP {status} {answer}")
        self.status = status
        self.answer = answer


def wait_until(condition, awaited, seconds_max=SECONDS_MAX):
    """Returns condition() as soon as it is true; `awaited` says in the failure what did not come."""
    deadline = time.monotonic() + seconds_max
    pause = 0.001
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds_max:.0f} s: {awaited() if callable(awaited) else awaited}")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return value


def temporary_directory():
    """Beside the program, since /tmp may be a file system in memory, which has no direct I/O."""
    return Path(tempfile.mkdtemp(prefix="millrace-test-", dir=PROGRAM.parent))


class Connection:
    """A sender of lines over TCP."""

    def __init__(self, server, connected=None):
        """`connected` is a socket of its own."""
        self.server = server
        self.socket = connected or socket.create_connection(server.tcp, SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        host, port = self.socket.getsockname()[:2]
        self.peer = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"  # as connections() calls it

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data, piece_size_max=None):
        """False when the server has closed the connection before all was sent. Pieces are of 1, 2, ... piece_size_max bytes."""
        try:
            offset = size = 0
            while piece_size_max and offset < len(data):
                size = size % piece_size_max + 1
                self.socket.sendall(data[offset:offset + size])
                offset += size
            if not piece_size_max:
                self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def end(self):
        """Says that nothing more comes, and waits until the server has closed its side too."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the server was faster
        self.wait_closed()

    def wait_closed(self):
        """Waits until the server closes the connection, to which it never sends a byte."""
        try:
            data = self.socket.recv(1)
        except ConnectionResetError:
            return
        if data:
            raise AssertionError(f"the server sent {data!r} to a sender of lines")

    def figures(self):
        """This connection's row of connections(), or None before the server has seen it."""
        found = self.server.records(f"SELECT * FROM connections() WHERE peer = '{self.peer}'")
        return found[0] if found else None

    def wait_settled(self, received):
        """Waits until `received` rows have arrived and none is pending: each is durable or rejected."""
        def settled():
            figures = self.figures()
            return figures and figures["rows_received"] == received and figures["rows_pending"] == 0 and figures
        return wait_until(settled, lambda: f"{received} settled rows: {self.figures()}")

    def wait_durable(self, rows):
        """Waits until all of `rows` rows are durable, with none rejected."""
        figures = self.wait_settled(rows)
        if figures["rows_durable"] != rows:
            raise AssertionError(f"{rows} rows should be durable: {figures}")
        return figures


class Server:
    """Starts with `with`, on a data directory that lives as long as this object: a second start() goes on with its data."""

    def __init__(self, *arguments, config=None, environment=None, host="127.0.0.1", terminal=None, errors=None,
                 files_max=None):
        """`terminal` is a file descriptor for stdout, which else goes to a file, `errors` one for stderr; `files_max` the
        limit of open files. `config` is a dictionary, or the text of the file as bytes; `environment` are variables beside
        those of the test itself."""
        self.arguments = [str(argument) for argument in arguments]
        self.config = config
        self.environment = environment or {}
        self.host = host
        self.terminal = terminal
        self.errors = errors
        self.files_max = files_max
        self.directory = temporary_directory()
        self.data = self.directory / "data"
        self.headers = {}  # of every request(), exec() and records()
        self.process = None
        self.tcp = self.udp = self.http = None
        self.headers = {}  # of every request

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        errors = [line for line in self.log().splitlines() if re.search("runtime error:|(ERROR|WARNING): .*Sanitizer", line)]
        shutil.rmtree(self.directory, ignore_errors=True)
        if errors:
            raise AssertionError("\n".join(errors))

    def start(self, *arguments, same_ports=False):
        """Starts the process and waits until it is ready. Arguments given here replace those of the constructor.
        `same_ports`: it listens where it did before."""
        if arguments:
            self.arguments = [str(argument) for argument in arguments]
        ready = self.directory / "ready.json"
        ready.unlink(missing_ok=True)
        addresses = self.ready if same_ports else dict.fromkeys(("tcp", "udp", "http"), f"{self.host}:0")
        command = [PROGRAM, "serve", "--data", self.data, "--ready-file", ready, *self.arguments]
        for name in ("tcp", "udp", "http"):
            command += [f"--{name}", addresses[name]]
        if self.config is not None:
            file = self.directory / "server.conf"
            text = self.config
            if not isinstance(text, bytes):
                text = "".join(f"{key}={value}\n" for key, value in text.items()).encode()
            file.write_bytes(text)
            command += ["--config", file]
        with open(self.directory / "stdout", "ab") as stdout, open(self.directory / "stderr", "ab") as stderr:
            limit = None
            if self.files_max is not None:
                def limit():
                    resource.setrlimit(resource.RLIMIT_NOFILE, (self.files_max, self.files_max))
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.terminal or stdout,
                                            stderr=self.errors or stderr, preexec_fn=limit, env=os.environ | self.environment)
        wait_until(lambda: ready.exists() or self.process.poll() is not None, "the ready file")
        if not ready.exists():
            raise AssertionError(f"the server ended with exit code {self.process.returncode}: {self.log()}")
        self.ready = json.loads(ready.read_text())
        self.tcp, self.udp, self.http = (self._address(self.ready[name]) for name in ("tcp", "udp", "http"))

    @staticmethod
    def _address(text):
        if text is None:
            return None
        host, port = text.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def stop(self):
        """SIGTERM. Returns the exit code."""
        return self._end(signal.SIGTERM)

    def end_with(self, number):
        """That signal. Returns the exit code."""
        return self._end(number)

    def kill(self):
        """kill -9. Returns at once when nothing runs."""
        return self._end(signal.SIGKILL)

    def _end(self, number):
        if self.process is None:
            return None
        self.process.send_signal(number)
        try:
            return self.process.wait(SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            self.process = None

    def log(self):
        """What it wrote to stderr, over all starts."""
        file = self.directory / "stderr"
        return file.read_text(errors="replace") if file.exists() else ""

    def output(self):
        """What it wrote to stdout, over all starts."""
        return (self.directory / "stdout").read_text()

    def connect(self):
        return Connection(self)

    def request(self, method, target, body=None):
        """One HTTP request on a connection of its own: status, headers, body."""
        connection = http.client.HTTPConnection(*self.http, timeout=SECONDS_MAX)
        try:
            connection.request(method, target, body, self.headers)
            reply = connection.getresponse()
            return reply.status, reply.headers, reply.read()
        finally:
            connection.close()

    def ask(self, query):
        """A socket on which the query is under way; nobody reads the answer."""
        connection = socket.create_connection(self.http, SECONDS_MAX)
        target = "/exec?query=" + urllib.parse.quote(query, safe="")
        connection.sendall(f"GET {target} HTTP/1.1\r\nHost: millrace\r\n\r\n".encode())
        return connection

    def exec(self, query):
        """The decoded answer of GET /exec."""
        status, _, body = self.request("GET", "/exec?query=" + urllib.parse.quote(query, safe=""))
        try:
            answer = json.loads(body)
        except ValueError:
            answer = body.decode(errors="replace")
        if status != 200:
            raise SqlError(query, status, answer)
        return answer

    def records(self, query):
        """The rows of an answer, each by column name."""
        answer = self.exec(query)
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row)) for row in answer["dataset"]]

    def wait_readable(self):
        """Waits until SELECT shows all that is durable."""
        def applied():
            return all(table["writerTxn"] == table["sequencerTxn"] for table in self.records("SELECT * FROM wal_tables()"))
        wait_until(applied, "every committed row is applied")
