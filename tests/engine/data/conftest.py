"""Fixtures of the data tests: a small CIFAR and mirrors to fetch from."""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from harness.engine.data.checksums import LAYOUTS
from tests.engine.data.mirror import Mirror, handler
from tests.engine.data.small_cifar import NAMES, SmallCifar, batch


@pytest.fixture
def small_cifar(tmp_path: Path) -> SmallCifar:
    cifar = SmallCifar(tmp_path / "data")
    cifar.data_dir.mkdir()
    for number, name in enumerate((*LAYOUTS["cifar10"].train, *LAYOUTS["cifar10"].test)):
        cifar.put(name, batch(number))
    cifar.put("batches.meta", pickle.dumps({"label_names": NAMES}, protocol=2))
    return cifar


@pytest.fixture
def content() -> bytes:
    """A file of 1 MB in which no part looks like another."""
    return hashlib.shake_256(b"a file").digest(1_000_000)


@pytest.fixture
def mirrors(content: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Mirror]]:
    """Three mirrors that all have the file; a test spoils them as it needs."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    hosts = [Mirror(content) for _ in range(3)]
    servers = []
    for host in hosts:
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler(host))
        host.url = f"http://127.0.0.1:{server.server_address[1]}/file.bin"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
    yield hosts
    for server in servers:
        server.shutdown()
        server.server_close()
