"""A server over TLS on this machine: git's smart protocol through `git http-backend`, and whatever a forge answers."""

from __future__ import annotations

import http.server
import os
import ssl
import subprocess
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase
from pathlib import Path

Answered = tuple[int, Mapping[str, str], bytes]
Answers = Callable[[str, str, Mapping[str, str], bytes], Answered]
"""Method, path with its query, headers by lower-case name, body."""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for `localhost` that is its own authority, and its key; made now, for a day."""
    certificate, key = folder / "localhost.pem", folder / "localhost.key"
    asked = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-days", "1", "-nodes"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", *asked, *made], check=True, capture_output=True)
    return certificate, key


@dataclass
class HttpsServer:
    """The server."""

    root: Path
    """Folder with the bare repositories."""
    port: int = 0
    certificate: Path = Path()
    answers: Answers | None = None
    """What is asked besides git."""
    asked: list[tuple[str, str, Mapping[str, str], bytes]] = field(default_factory=list)
    """What was asked, git's own left out."""
    git_asked: list[str] = field(default_factory=list[str])

    @property
    def host(self) -> str:
        """Host and port."""
        return f"localhost:{self.port}"


@contextmanager
def serve_https(folder: Path, root: Path) -> Generator[HttpsServer]:
    """Serve until the block ends.

    Args:
        folder: For certificate and key.
        root: With the bare repositories, served below `/`.
    """
    certificate, key = make_certificate(folder)
    served = HttpsServer(root, certificate=certificate)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base class
            """Say nothing."""

        def _handle(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = _read_body(self.rfile, headers)
            path = self.path.partition("?")[0]
            if path.endswith(("/info/refs", "/git-upload-pack", "/git-receive-pack")):
                served.git_asked.append(self.path)
                answer = _git(served.root, self.command, self.path, headers, body)
            else:
                served.asked.append((self.command, self.path, headers, body))
                assert served.answers is not None
                answer = served.answers(self.command, self.path, headers, body)
            status, extra, content = answer
            self.send_response(status)
            for name, value in extra.items():
                self.send_header(name, value)
            if "Content-Length" not in extra:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            if extra.get("Connection") == "close":
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - the names of the base class

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Clients that refuse the certificate are part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The handshake happens in the thread of the connection, so that one that fails ends nothing else.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    served.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _read_body(stream: BufferedIOBase, headers: Mapping[str, str]) -> bytes:
    if headers.get("transfer-encoding") != "chunked":
        return stream.read(int(headers.get("content-length", "0")))
    found = b""
    while size := int(stream.readline(), 16):
        found += stream.read(size)
        stream.readline()
    stream.readline()
    return found


def _git(root: Path, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
    place, _, query = path.partition("?")
    environment = {
        **os.environ,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": place,
        "QUERY_STRING": query,
        "REQUEST_METHOD": method,
        "CONTENT_TYPE": headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": headers.get("content-encoding", ""),
        "GIT_PROTOCOL": headers.get("git-protocol", ""),
        "REMOTE_USER": "ada",
    }
    done = subprocess.run(["git", "http-backend"], check=True, input=body, capture_output=True, env=environment)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    found = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    status = int(found.pop("Status", "200").split(" ")[0])
    return status, found, content
