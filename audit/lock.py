"""What `uv` says of the lock file: a bill of materials, and vulnerabilities that are known."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

FOUND_SOME = 1  # uv's exit code; any other than 0 means that it could not ask
_TOLD = 3_000  # characters of what uv says


class Answer(Enum):
    """What is known of vulnerabilities, as the sentence that a reader sees."""

    NONE = "no package of the lock file has a known vulnerability"
    SOME = "packages of the lock file have known vulnerabilities"
    NOT_ASKED = "NOT CHECKED: the database of vulnerabilities could not be asked; this is no pass"


def bill(project: Path, target: Path) -> int:
    """Write the CycloneDX 1.5 bill of materials of all groups; how many packages it lists.

    uv puts a clock and a random serial number into it; without them the same lock gives the same
    bytes.
    """
    command = ["uv", "export", "--frozen", "--all-groups", "--all-extras", "--format=cyclonedx1.5"]
    done = subprocess.run(
        [*command, "--quiet"], cwd=project, capture_output=True, text=True, check=True
    )
    made = json.loads(done.stdout)
    made.pop("serialNumber", None)
    made["metadata"].pop("timestamp", None)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    return len(made["components"])


def vulnerabilities(project: Path, options: Sequence[str] = ()) -> tuple[Answer, str]:
    """Ask for every package of the lock file; the answer, and what uv said."""
    command = ["uv", "audit", "--frozen", "--preview-features=audit-command", *options]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    answer = {0: Answer.NONE, FOUND_SOME: Answer.SOME}.get(done.returncode, Answer.NOT_ASKED)
    return answer, (done.stdout + done.stderr)[-_TOLD:].strip()
