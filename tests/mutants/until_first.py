"""The canary until something does not hold: exit code 1 and the sentence that `check --canary` says
after all runs. A break needs no more to be caught.
"""

from __future__ import annotations

import sys
from pathlib import Path

from harness.canary.kept import read_kept
from harness.canary.run import runs
from harness.canary.verdict import findings_of, judged
from harness.cli.canary import made_with
from harness.errors import ExitCode
from harness.layout import Layout


def main() -> int:
    """Run in the folder of a project; nothing is written there."""
    here = Path.cwd()
    layout = Layout(here, here / "store", here / "out", here / "data")
    kept, done = read_kept(layout.golden), []
    for one in runs(layout, device="cpu", jobs=1):
        done.append(one)
        for finding in findings_of(one, kept, {}):
            print(finding.sentence)
            return ExitCode.CHECK_FAILED
    verdict = judged(done, kept, made_with(layout, "cpu"))
    for sentence in verdict.sentences:
        print(sentence)
    return ExitCode.CHECK_FAILED if verdict.findings else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
