"""A real Ray cluster of small machines on this one: nodes run there as they run here, and nothing
is lost when workers, machines or the driver are killed.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.store.store import Store
from harness.store.verify import verify
from tests.namespaces import UNSHARE, needs_mounts
from tests.small import ROOT, small_project

cluster_utils = pytest.importorskip(
    "ray.cluster_utils", reason="ray is not installed: nox -s cluster has it"
)
services = pytest.importorskip("ray._private.services")
pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc"),
]

DRIVE = Path(__file__).with_name("drive.py")
SMALL = ("depth=8", "recipe.epochs=4", "network.base_width=2", "--exhibit", "fig1")
"""Two trainings, and a measurement that waits for both."""
CLOCK = ("timing.json", "run.log")  # all other files of a node must be the same
TINY = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
ENVIRONMENT = {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"}


def patient(get_node: Callable[..., Any], seconds: float = 300.0) -> Callable[..., Any]:
    """Ray gives up on a machine that has not registered after 30 s, which a loaded one may need."""

    def found(*words: Any) -> Any:
        end = time.monotonic() + seconds
        while True:
            try:
                return get_node(*words)
            except RuntimeError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)

    return found


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head for the driver alone, and two machines with one CPU each, one of them labelled."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(services, "get_node", patient(services.get_node))
    made = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **TINY})
    made.add_node(num_cpus=1, labels={"pool": "big"}, **TINY)
    made.add_node(num_cpus=1, labels={"pool": "small"}, **TINY)
    yield made
    made.shutdown()


def start(store: Path, *words: str, cwd: Path = ROOT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(DRIVE), str(store), *words],
        cwd=cwd,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(driver: subprocess.Popen[str], wanted: str) -> str:
    """The first line of the driver that starts so, or everything it said instead."""
    said = []
    assert driver.stdout is not None
    for line in driver.stdout:
        said.append(line)
        if line.startswith(wanted):
            return line
    raise AssertionError("".join(said))


def ended(driver: subprocess.Popen[str]) -> str:
    said, _ = driver.communicate(timeout=300)
    return said


def contents(store: Path) -> dict[str, list[str]]:
    return {
        one.key: [file.sha256 for name, file in sorted(one.files.items()) if name not in CLOCK]
        for one in Store(store).manifests()
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the local executor makes of SMALL."""
    store = tmp_path_factory.mktemp("undisturbed") / "store"
    driver = start(store, *SMALL)
    said = ended(driver)
    assert driver.returncode == 0, said
    found = contents(store)
    assert len(found) == 3
    return found


def workers(cluster: Any) -> dict[int, str]:
    """Process → what Ray calls it, of the processes of this cluster that train."""
    machines = set(map(raylet, cluster.worker_nodes))
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            if title.startswith("ray::train ") and parent(int(folder.name)) in machines:
                found[int(folder.name)] = title
    return found


def worker_of(cluster: Any, key: str) -> int:
    """The process that runs a node."""
    (found,) = (pid for pid, title in workers(cluster).items() if key[:8] in title)
    return found


def resumed(store: Path, key: str) -> None:
    """It was taken up once, from an epoch that another process had finished."""
    found = Store(store).get(key)
    assert found is not None
    assert found.resumed == 1
    assert found.numbers["resumed_from_epoch"]


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


def raylet(machine: Any) -> int:
    """The process of Ray on one of the machines, whose children are its workers."""
    (found,) = machine.all_processes["raylet"]
    return int(found.process.pid)


def assert_none_left(cluster: Any, seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while workers(cluster) and time.monotonic() < end:
        time.sleep(0.1)
    assert workers(cluster) == {}


def test_on_a_cluster_as_on_one_machine_and_where_the_pin_says(
    cluster: Any, tmp_path: Path, undisturbed: dict[str, list[str]]
) -> None:
    words = ("--address", cluster.address, "--pin", "train:pool=big")
    driver = start(tmp_path / "store", *SMALL, *words)
    until(driver, "Advanced")
    (big,) = (one for one in cluster.worker_nodes if one._ray_params.labels == {"pool": "big"})
    assert {parent(pid) for pid in workers(cluster)} == {raylet(big)}
    said = ended(driver)
    assert driver.returncode == 0, said
    assert contents(tmp_path / "store") == undisturbed
    assert verify(Store(tmp_path / "store")) == []
    assert not list((tmp_path / "store/locks").glob("driver-*"))
    for one in Store(tmp_path / "store").manifests():
        assert (tmp_path / f"store/logs/{one.key}.log").is_file()


def test_a_killed_worker_is_tried_again_from_its_checkpoint(
    cluster: Any, tmp_path: Path, undisturbed: dict[str, list[str]]
) -> None:
    driver = start(tmp_path / "store", *SMALL, "--address", cluster.address)
    victim = until(driver, "Advanced").split()[1]
    os.kill(worker_of(cluster, victim), signal.SIGKILL)
    assert "its worker process died" in until(driver, f"Retried {victim}")
    said = ended(driver)
    assert driver.returncode == 0, said
    resumed(tmp_path / "store", victim)
    assert contents(tmp_path / "store") == undisturbed


def test_the_nodes_of_a_machine_that_is_lost_go_on_elsewhere(
    cluster: Any, tmp_path: Path, undisturbed: dict[str, list[str]]
) -> None:
    driver = start(tmp_path / "store", *SMALL, "--address", cluster.address)
    victim = until(driver, "Advanced").split()[1]
    machine = parent(worker_of(cluster, victim))
    (lost,) = (one for one in cluster.worker_nodes if raylet(one) == machine)
    cluster.remove_node(lost, allow_graceful=False)
    assert "died" in until(driver, f"Retried {victim}")
    said = ended(driver)
    assert driver.returncode == 0, said
    resumed(tmp_path / "store", victim)
    assert contents(tmp_path / "store") == undisturbed


def test_what_dies_every_time_fails_after_its_retries_and_the_others_go_on(
    cluster: Any, tmp_path: Path
) -> None:
    driver = start(tmp_path / "store", *SMALL, "--address", cluster.address, "--retries", "1")
    victim = until(driver, "Started").split()[1]
    os.kill(worker_of(cluster, victim), signal.SIGKILL)
    until(driver, f"Retried {victim}")
    until(driver, f"Started {victim}")
    os.kill(worker_of(cluster, victim), signal.SIGKILL)
    said = ended(driver)
    assert driver.returncode == 3
    assert "Retried" not in said
    assert f"Failed {victim} its worker process died, at the last of 2 attempts" in said
    (found,) = Store(tmp_path / "store").manifests()
    assert found.kind == "train"
    assert found.key != victim


def test_a_run_that_fails_is_told_once_and_the_others_go_on(cluster: Any, tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    with (project / "specs/blocks/recipes.toml").open("a") as file:
        file.write("\n[smoke.ann]\nlr = 100.0\nmomentum = 0.99\n")  # diverges
    words = ("--exhibit", "fig1", "--address", cluster.address)
    driver = start(tmp_path / "store", *words, cwd=project)
    said = ended(driver)
    assert driver.returncode == 3, said
    names = [line.split()[0] for line in said.splitlines()]
    assert names.count("Failed") == 2  # the training, and what would have needed it
    assert names.count("Finished") == 1
    assert names.count("Retried") == 0
    assert "not run: it needs" in said


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_stop_of_the_driver_leaves_no_worker_and_the_cluster_takes_it_up_again(
    cluster: Any, tmp_path: Path, undisturbed: dict[str, list[str]], stop: signal.Signals
) -> None:
    driver = start(tmp_path / "store", *SMALL, "--address", cluster.address)
    victim = until(driver, "Advanced").split()[1]
    os.kill(worker_of(cluster, victim), signal.SIGSTOP)  # or it may be done before the driver stops
    driver.send_signal(stop)
    said = ended(driver)
    assert driver.returncode == (-9 if stop is signal.SIGKILL else 130), said
    assert_none_left(cluster)
    assert [one for one in verify(Store(tmp_path / "store")) if not one.is_information] == []
    driver = start(tmp_path / "store", *SMALL, "--address", cluster.address)
    said = ended(driver)
    assert driver.returncode == 0, said
    resumed(tmp_path / "store", victim)
    assert contents(tmp_path / "store") == undisturbed


def test_a_machine_that_does_not_share_the_store_is_named_and_nothing_runs(
    cluster: Any, tmp_path: Path
) -> None:
    # every process has another folder there: workers start elsewhere than this driver
    store, project = Path("/proc/self/cwd/store"), small_project(tmp_path / "project")
    driver = start(store, *SMALL, "--address", cluster.address, cwd=project)
    said = ended(driver)
    assert driver.returncode == 2, said
    assert said.count("machine ") == 2
    assert "not the same store" in said
    assert "--store, or HARNESS_STORE" in said
    assert "Started" not in said


@contextlib.contextmanager
def joined_without(folder: Path, address: str) -> Iterator[None]:
    """Meanwhile a machine is in the cluster, in the pool `big`, that has an empty disk in the place
    of a folder: a mount that only its processes see.
    """
    ray = Path(sys.executable).with_name("ray")
    start = f"{ray} start --block --address={address} --num-cpus=1 --labels=pool=big"
    script = f"mount -t tmpfs tmpfs '{folder}' && exec {start} --object-store-memory={80 * 2**20}"
    with subprocess.Popen(
        [*UNSHARE, "sh", "-c", script],
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as machine:
        try:
            yield
        finally:
            machine.terminate()


@needs_mounts
@pytest.mark.parametrize(
    ("lacking", "problem"),
    [
        ("the store", "it does not see .*not the same store – .*--store, or HARNESS_STORE"),
        ("the project", "it cannot import harness: .* – install the same checkout"),
    ],
    ids=["the store", "the project"],
)
def test_a_machine_that_joins_without_what_it_needs_is_named_and_left_out(
    cluster: Any,
    tmp_path: Path,
    undisturbed: dict[str, list[str]],
    lacking: str,
    problem: str,
) -> None:
    store = tmp_path / "store"
    words = ("--address", cluster.address, "--pin", "train:pool=big", "--retries", "0")
    driver = start(store, *SMALL, *words)
    first = worker_of(cluster, until(driver, "Advanced").split()[1])
    os.kill(first, signal.SIGSTOP)  # so the other training waits for a second machine in the pool
    folder = store if lacking == "the store" else ROOT / "harness"
    with joined_without(folder, cluster.address):
        said = until(driver, "Retried")
        os.kill(first, signal.SIGCONT)
        assert re.search(rf"machine \S+ \([0-9a-f]{{8}}\): {problem}", said)
        said = ended(driver)
    assert driver.returncode == 0, said
    assert "Retried" not in said
    assert contents(store) == undisturbed


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--pin", "pool=huge"), "no machine of the cluster has what"),
        (("numerics.threads=8",), "asks for (8 CPUs)"),
    ],
)
def test_what_fits_on_no_machine_is_said_at_once(
    cluster: Any, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    driver = start(tmp_path / "store", *SMALL, *words, "--address", cluster.address)
    out = ended(driver)
    assert driver.returncode == 2
    assert said in out


def test_no_cluster_at_an_address_is_said(tmp_path: Path) -> None:
    driver = start(tmp_path / "store", *SMALL, "--address", "127.0.0.1:1")
    said = ended(driver)
    assert driver.returncode == 2
    assert "--address 127.0.0.1:1: " in said
    assert "ray start --head" in said


def test_without_an_address_the_command_starts_and_ends_a_cluster_here(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    words = ("reproduce", "fig1", "--executor", "ray", "--project", str(project))
    with tempfile.TemporaryDirectory() as place:  # a short path: sockets lie in it
        ran = subprocess.run(
            [sys.executable, "-m", "harness", *words],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT | {"CI": "1", "RAY_TMPDIR": place, "HOME": place},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "3 nodes run, 0 stored before, 0 failed" in ran.stdout
        assert (project / "out/smoke/report.html").is_file()
        assert mentioning(place) == []


def mentioning(place: str, seconds: float = 10.0) -> list[str]:
    """The processes that still have a folder in their command line at the end."""
    end = time.monotonic() + seconds
    while True:
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                line = path.read_bytes().replace(b"\0", b" ").decode()
                found += [line] if place in line else []
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)
