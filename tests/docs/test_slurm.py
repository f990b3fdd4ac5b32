"""The scripts for Slurm run here, under a Slurm of a few lines that does what they ask it for."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.store.store import Store
from tests.small import ROOT, small_project

SCRIPTS = ROOT / "docs/slurm"
SBATCH = """\
# runs an array at once, one task after the other, where the jobs that it waits for have ended
wrap="" array="" after=""
while [ $# -gt 0 ]; do
    case $1 in
        --wrap) wrap=$2; shift ;;
        --array=*) array=${1#--array=} ;;
        --dependency=afterany:*) after=${1#--dependency=afterany:} ;;
        --parsable | --job-name=* | --signal=* | --time=*) ;;
        *) echo "sbatch: $1" >&2; exit 1 ;;
    esac
    shift
done
[ -z "$after" ] || [ -f "job-$after" ] || exit 1
number=$(($(cat job-* 2>/dev/null | wc -l) + 1))
for ((task = ${array%-*}; task <= ${array#*-}; task++)); do
    SLURM_ARRAY_TASK_ID=$task bash -c "$wrap" >>tasks || echo "task $task failed" >>tasks
done
echo done >"job-$number"
echo "$number;cluster"
"""
SRUN = """\
# runs the command on this machine
while [[ $1 == --* ]]; do shift; done
exec "$@"
"""
RAY = """\
# starts no cluster the first times, and then ends with 0 as the real one does
case $1 in
    get-auth-token) exit 0 ;;
    symmetric-run) ;;
    *) exit 1 ;;
esac
echo "$@" >>starts
if [ "$(wc -l <starts)" -le "$FAILING" ]; then
    echo "Failed to start Ray" >&2
    exit 0
fi
while [ "$1" != -- ]; do shift; done
shift
"$@"
"""
SCONTROL = "echo localhost\n"
HOSTNAME = "echo 127.0.0.1\n"


def slurm(folder: Path, **programs: str) -> dict[str, str]:
    """An environment in which these programs come first."""
    place = folder / "bin"
    place.mkdir()
    for name, text in programs.items():
        (place / name).write_text(f"#!/usr/bin/env bash\n{text}")
        (place / name).chmod(0o755)
    tools = f"{place}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    mine = {"PATH": tools, "HARNESS": "python -m harness", "OMP_NUM_THREADS": "1", "CI": "1"}
    return os.environ | mine | {"PYTHONPATH": str(ROOT), "HARNESS_STORE": str(folder / "store")}


@pytest.mark.parametrize("script", sorted(SCRIPTS.iterdir()), ids=lambda path: path.name)
def test_a_script_parses_and_may_be_executed(script: Path) -> None:
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)]).returncode == 0
    assert f"(slurm/{script.name})" in (ROOT / "docs/clusters.md").read_text()


@pytest.mark.slow
def test_arrays_of_node_files_run_wave_after_wave(tmp_path: Path) -> None:
    project = small_project(tmp_path / "a project")
    environment = slurm(tmp_path, sbatch=SBATCH)

    def run(*words: str) -> str:
        ran = subprocess.run(
            words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    plan = ("python", "-m", "harness", "plan", "fig1", "--project", str(project))
    run(*plan, "--write-nodes", "my nodes")
    said = run(str(SCRIPTS / "nodes.sh"), "my nodes", "--time=1:00:00")
    assert said.splitlines() == [
        f"{tmp_path}/my nodes/wave-1: 2 nodes in job 1",
        f"{tmp_path}/my nodes/wave-2: 1 nodes in job 2",
    ]
    assert "failed" not in (tmp_path / "tasks").read_text()
    assert len(Store(tmp_path / "store").manifests()) == 3
    assert "nothing, every node is stored" in run(*plan)


def in_a_job(folder: Path, **programs: str) -> dict[str, str]:
    """The environment of a job on one machine."""
    made = slurm(folder, srun=SRUN, scontrol=SCONTROL, hostname=HOSTNAME, **programs)
    return made | {
        "SLURM_JOB_NODELIST": "localhost",
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_CPUS_PER_TASK": "2",
        "RAY_PORT": "6397",
        "HOME": str(folder),  # a token is made there
    }


@pytest.mark.parametrize(
    ("failing", "ends", "starts", "code"),
    [(0, 0, 1, 0), (2, 0, 3, 0), (3, 0, 3, 1), (0, 3, 1, 3)],
    ids=["at once", "at the third", "never", "the command fails"],
)
def test_a_cluster_that_does_not_start_is_started_again(
    tmp_path: Path, failing: int, ends: int, starts: int, code: int
) -> None:
    environment = in_a_job(tmp_path, ray=RAY, work=f'echo "$@" >>commands\nexit {ends}\n')
    ran = subprocess.run(
        [str(SCRIPTS / "ray.sbatch"), "fig1", "--set", "depth=8"],
        cwd=tmp_path,
        env=environment | {"HARNESS": "work", "FAILING": str(failing)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == code, ran.stderr
    assert len((tmp_path / "starts").read_text().splitlines()) == starts
    began = failing < starts
    assert (tmp_path / "commands").exists() is began
    if began:
        words = "reproduce fig1 --set depth=8 --executor ray --address 127.0.0.1:6397 --verbose\n"
        assert (tmp_path / "commands").read_text() == words
    assert ("no Ray cluster started" in ran.stderr) is not began
    assert not list(tmp_path.glob(".harness*"))


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: nox -s cluster has it"
)
def test_one_cluster_of_all_machines_of_a_job(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    environment = in_a_job(tmp_path)
    ran = subprocess.run(
        [str(SCRIPTS / "ray.sbatch"), "fig1", "--project", str(project)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=550,
    )
    if "Ray is already started on this node" in ran.stderr:
        pytest.skip("another Ray runs on this machine, and `ray symmetric-run` wants it alone")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 nodes run, 0 stored before, 0 failed" in ran.stdout
    assert len(Store(tmp_path / "store").manifests()) == 3
