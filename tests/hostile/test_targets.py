"""Whatever the bytes: no crash, nothing written elsewhere, nothing run. `nox -s fuzz -- SECONDS`
goes on where these few examples end, guided by what they reach.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.data.events.made import damage
from tests.hostile.guard import Escaped, cage
from tests.hostile.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_whole(name: str) -> None:
    """Else mutations of them would all end at the door."""
    target = TARGETS[name]
    for seed in target.seeds():
        with cage() as folder:
            target.read(seed, folder)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_damaged_files_and_arbitrary_bytes(name: str, data: st.DataObject) -> None:
    target = TARGETS[name]
    damaged = damage(st.sampled_from(target.seeds()))
    content = data.draw(damaged | st.binary(max_size=300), label=name)
    with cage() as folder:
        target.read(content, folder)


def test_the_guard_sees_an_escape_and_code_that_runs(tmp_path: Path) -> None:
    with pytest.raises(Escaped, match="open"), cage():
        (tmp_path / "outside").write_text("x")
    with pytest.raises(Escaped, match=r"os\.mkdir"), cage():
        (tmp_path / "outside").mkdir()
    with pytest.raises(Escaped, match="Popen"), cage():
        subprocess.run(["true"], check=True)
    assert list(tmp_path.iterdir()) == []
    with cage() as folder:
        (folder / "inside").write_text("x")
