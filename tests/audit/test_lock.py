"""The lock file is asked for vulnerabilities, and a database that does not answer is no pass."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from audit.lock import Answer, bill, vulnerabilities
from tests.conftest import ROOT

pytestmark = pytest.mark.skipif(shutil.which("uv") is None, reason="uv is not here")


class Database:
    """An OSV service on 127.0.0.1 that knows of one package."""

    def __init__(self, holed: str) -> None:
        self.holed, self.asked = holed, set[str]()


def handler(database: Database) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["queries"]
            names = [one["package"]["name"] for one in asked]
            database.asked.update(names)
            self._say({"results": [_HOLE if name == database.holed else {} for name in names]})

        def do_GET(self) -> None:
            self._say({"id": "TEST-1", "modified": "2026-01-01T00:00:00Z", "summary": "a hole"})

        def _say(self, answer: object) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Keep the test output quiet."""

    return Handler


_HOLE = {"vulns": [{"id": "TEST-1", "modified": "2026-01-01T00:00:00Z"}]}


@pytest.fixture
def database(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, str]]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    made = Database(holed="")
    server = HTTPServer(("127.0.0.1", 0), handler(made))
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield made, f"--service-url=http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("holed", "answer"), [("", Answer.NONE), ("jinja2", Answer.SOME)])
def test_every_package_is_asked_for(
    database: tuple[Database, str], holed: str, answer: Answer
) -> None:
    made, service = database
    made.holed = holed
    found, said = vulnerabilities(ROOT, [service])
    assert found is answer, said
    assert {"torch", "pydantic", "hypothesis"} <= made.asked
    assert not holed or "TEST-1" in said


def test_a_database_that_does_not_answer_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    found, said = vulnerabilities(ROOT, ["--service-url=http://127.0.0.1:9/"])
    assert found is Answer.NOT_ASKED, said
    assert "no pass" in found.value


def test_the_bill_lists_the_lock_and_is_the_same_each_time(tmp_path: Path) -> None:
    many = bill(ROOT, tmp_path / "out" / "one.json")
    assert bill(ROOT, tmp_path / "out" / "two.json") == many > 80
    one, two = ((tmp_path / "out" / f"{name}.json").read_bytes() for name in ("one", "two"))
    assert one == two
    components = json.loads(one)["components"]
    assert all(part["purl"].startswith("pkg:pypi/") for part in components)
    assert {"torch", "hypothesis"} <= {part["name"] for part in components}
