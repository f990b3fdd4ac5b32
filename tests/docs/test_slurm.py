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


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is not installed: nox -s cluster has it"
)
def test_one_cluster_of_all_machines_of_a_job(tmp_path: Path) -> None:
    project = small_project(tmp_path / "project")
    environment = slurm(tmp_path, srun=SRUN, scontrol=SCONTROL, hostname=HOSTNAME) | {
        "SLURM_JOB_NODELIST": "localhost",
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_CPUS_PER_TASK": "2",
        "RAY_PORT": "6397",
        "HOME": str(tmp_path),  # a token is made there
    }
    ran = subprocess.run(
        [str(SCRIPTS / "ray.sbatch"), "fig1", "--project", str(project)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
    )
    if "Ray is already started on this node" in ran.stderr:
        pytest.skip("another Ray runs on this machine, and `ray symmetric-run` wants it alone")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 nodes run, 0 stored before, 0 failed" in ran.stdout
    assert len(Store(tmp_path / "store").manifests()) == 3
