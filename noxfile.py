"""Every job of the project, each in an environment that uv makes from the lock file."""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10.9"
nox.options.default_venv_backend = "uv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "types", "specs", "tests"]


def install(session: nox.Session, *groups: str, extras: tuple[str, ...] = ()) -> None:
    """Make the session's environment what `uv.lock` says, with these groups and extras."""
    session.run_install(
        "uv",
        "sync",
        "--locked",
        "--quiet",
        *(f"--group={group}" for group in groups),
        *(f"--extra={extra}" for extra in extras),
        env={"UV_PROJECT_ENVIRONMENT": session.virtualenv.location},
        external=True,
    )


@nox.session
def reproduce(session: nox.Session) -> None:
    """Run exhibits from spec to report: `nox -s reproduce -- table1 --profile smoke`."""
    install(session)
    session.run("python", "-m", "harness", "reproduce", *session.posargs)


@nox.session
def check(session: nox.Session) -> None:
    """Reproduce and hold against golden values; exit 1 if one does not hold (what CI guards)."""
    install(session)
    session.run("python", "-m", "harness", "check", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the test suite, side by side on all cores; `nox -s tests -- -k lif` for a part of it."""
    install(session, "tests")
    # one thread each: xdist already has one worker per core
    environment = {"OMP_NUM_THREADS": "1"}
    session.run("pytest", "-n", "auto", *session.posargs, env=environment)


@nox.session
def mutants(session: nox.Session) -> None:
    """Break the project in many ways: do the tests notice? `nox -s mutants -- cka` for some."""
    install(session, "tests")
    session.run("python", "-m", "tests.mutants", *session.posargs)


@nox.session
def faults(session: nox.Session) -> None:
    """Kill, fill, flip and race what may break; `nox -s faults -- -k disk` for a part of it."""
    install(session, "tests")
    # one at a time: they count processes and seconds
    session.run("pytest", "-m", "faults", *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def fuzz(session: nox.Session) -> None:
    """Feed the readers of foreign bytes, guided by coverage: `nox -s fuzz -- 600 spec atis`."""
    install(session, "tests", "fuzz")
    session.run("python", "-m", "tests.hostile.fuzz", *(session.posargs or ["120"]))


@nox.session
def audit(session: nox.Session) -> None:
    """List what the project is made of, and check licences and known vulnerabilities."""
    groups = ("tests", "bench", "browser", "lint", "types")
    install(session, *groups)
    session.run("python", "-m", "audit", *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """Hold the neurons against those of other libraries, which only this and `bench` install."""
    install(session, "tests", "bench")
    session.run("pytest", "tests/peers", *session.posargs)


@nox.session
def browser(session: nox.Session) -> None:
    """Use the report of every exhibit in a Chromium: pointer, keyboard, axe; none is downloaded."""
    install(session, "tests", "browser")
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session
def standards(session: nox.Session) -> None:
    """Hold report.zip against the validator of RO-Crates, and CITATION.cff against its schema."""
    install(session)
    made = ("tableD1", "--quiet", "--store", f"{session.create_tmp()}/store", "--out")
    out = f"{session.create_tmp()}/out"
    session.run("python", "-m", "harness", "reproduce", *made, out)
    session.run("python", "-m", "harness", "report", *made, out, "--zip")
    # each in an environment of its own: the first wants an older rich than the harness runs with
    crate = ("roc-validator==0.13.0", "rocrate-validator", "--disable-color", "validate")
    asked = ("--no-paging", "--verbose", "--profile-identifier", "process-run-crate")
    session.run("uvx", "--from", *crate, *asked, f"{out}/smoke/report.zip", external=True)
    session.run("uvx", "cffconvert==2.0.0", "--validate", external=True)


@nox.session
def cluster(session: nox.Session) -> None:
    """Run nodes on a Ray cluster of several small machines here, which are killed in the middle."""
    install(session, "tests", extras=("cluster",))
    # one after the other: each has a cluster of its own
    session.run("pytest", "-m", "cluster", *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and format of Python (ruff) and TOML (tombi)."""
    install(session, "lint")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run(
        "tombi", "lint", "--offline", "specs", "golden", "tests", "pyproject.toml", "study.toml"
    )


@nox.session
def types(session: nox.Session) -> None:
    """Check types with mypy in strict mode."""
    install(session, "types")
    session.run("mypy", *session.posargs)


@nox.session
def specs(session: nox.Session) -> None:
    """Load every spec and plan every exhibit under every profile; nothing is run."""
    install(session)
    for profile in ("smoke", "quick", "paper"):
        session.run("python", "-m", "harness", "plan", "all", "--profile", profile)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure speed as ratios against peers in one process: a table and `out/bench.json`."""
    install(session, "bench")
    session.run("python", "-m", "benchmarks", *session.posargs)


@nox.session
def gpu(session: nox.Session) -> None:
    """Measure the card and hold its kernels, CKA and ascent against the CPU's; needs a GPU."""
    install(session, "tests")
    session.run("python", "-m", "harness", "gpu", *session.posargs)
    session.run("pytest", "-m", "cuda", "tests")


@nox.session(python=["3.11", "3.12", "3.13"])
def minimums(session: nox.Session) -> None:
    """Run the tests on the oldest versions that pyproject.toml admits: `nox -s minimums-3.12`."""
    session.run_install(
        "uv",
        "pip",
        "install",
        "--quiet",
        "--resolution=lowest-direct",
        "--only-binary=:all:",  # of a version that has none for this Python, the next one
        "--group=tests",
        "--requirements=pyproject.toml",
        external=True,
    )
    session.run("pytest", "-n", "auto", *session.posargs, env={"OMP_NUM_THREADS": "1"})
