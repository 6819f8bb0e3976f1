"""Writes over HTTP, byte by byte as a test wants them: a request as bytes, a body in chunks of chosen sizes, and the answer."""
import http.client
import json
import socket

from server import SECONDS_MAX


class Dropped(Exception):
    """The server closed the connection without an answer."""


def chunked(body, sizes):
    """The body in chunks of these sizes, the last one with all that is left."""
    encoded = b""
    for size in sizes:
        piece, body = body[:size], body[size:]
        if piece:
            encoded += b"%x\r\n%s\r\n" % (len(piece), piece)
    if body:
        encoded += b"%X\r\n%s\r\n" % (len(body), body)
    return encoded + b"0\r\n\r\n"


def request_bytes(body=b"", method="POST", target="/write", headers=None, chunk_sizes=None):
    """`headers` are added to those that a request needs, or replace them; None leaves one out."""
    fields = {"Host": "millrace"}
    if chunk_sizes is None:
        fields["Content-Length"] = str(len(body))
    else:
        fields["Transfer-Encoding"] = "chunked"
    fields |= headers or {}
    head = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + (body if chunk_sizes is None else chunked(body, chunk_sizes))


class Answer:
    """Of one request."""

    def __init__(self, status, reason, headers, body):
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body

    def __repr__(self):
        return f"{self.status} {self.reason} {self.body!r}"

    def json(self):
        return json.loads(self.body)


class HttpConnection:
    """A connection that is kept, as clients do."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.http, SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def answer(self, method="POST"):
        """Reads the answer; what stands behind it, of the next one, is lost."""
        reply = http.client.HTTPResponse(self.socket, method=method)
        try:
            reply.begin()
            return Answer(reply.status, reply.reason, reply.headers, reply.read())
        except (http.client.BadStatusLine, ConnectionResetError, BrokenPipeError) as error:
            raise Dropped(str(error)) from None
        finally:
            reply.close()

    def write(self, body=b"", **how):
        """One request, and its answer."""
        self.send(request_bytes(body, **how))
        return self.answer(how.get("method", "POST"))
