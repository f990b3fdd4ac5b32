"""The examples of a Markdown file, as a reader meets them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(
    r"^(?:<!-- parsed only: (?P<why>[^\n]+) -->\n)?"
    r"```(?P<language>\w*)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file that it is to be written to, or why it is not run."""

    language: str
    text: str
    line: int
    file: str
    why_not: str


def blocks_of(path: Path) -> list[Block]:
    """Every fenced block of a file, in order."""
    text = path.read_text(encoding="utf-8")
    return [
        Block(
            language=found["language"],
            text=found["text"],
            line=text[: found.start("language")].count("\n") + 1,
            file=found["file"] or "",
            why_not=found["why"] or "",
        )
        for found in _BLOCK.finditer(text)
    ]


def commands_of(block: Block) -> list[str]:
    """The command lines of `harness` in a shell block, without comments."""
    lines = (re.sub(r"\s+#.*", "", line) for line in block.text.splitlines())
    return [line.split("harness ", 1)[1] for line in lines if line.startswith("harness ")]
