"""A host on 127.0.0.1 that has one file and behaves as the test asks."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler


@dataclass
class Mirror:
    """A host with one file, and what it does instead of sending it."""

    content: bytes
    url: str = ""
    status: int | None = None
    content_type: str = "application/octet-stream"
    ranges: bool = True
    cut_after: int | None = None  # bytes of the body, then the connection closes
    chunked: bool = False  # no Content-Length
    drips: str = ""  # "header" or "body": a byte, and after a while another
    requests: list[str | None] = field(default_factory=list)  # the Range headers that came


def handler(mirror: Mirror) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = self.headers.get("Range")
            mirror.requests.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            start = start if mirror.ranges else 0
            if mirror.drips == "header":
                self._drip(b"HTTP/1.1 200 OK\r\nX: " + bytes(100 * [97]))
                return
            body = mirror.content[start:]
            if start and not body:
                self.send_error(416)
                return
            self.send_response(mirror.status or (206 if start else 200))
            self.send_header("Content-Type", mirror.content_type)
            if not mirror.chunked:
                self.send_header("Content-Length", str(len(body)))
            if start:
                size = len(mirror.content)
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.end_headers()
            if mirror.drips:
                self._drip(body)
            self.wfile.write(body[: mirror.cut_after])

        def _drip(self, content: bytes) -> None:
            with suppress(OSError):  # who waited is gone
                for byte in content[:100]:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.05)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output quiet."""

    return Handler
