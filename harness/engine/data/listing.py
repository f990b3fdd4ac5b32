"""Files in a folder for each class, and which of them are for testing. Only a draw needs torch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import HarnessError
from harness.files import foreign

_NUMBER = re.compile(r"(\d+)")
SPLITS = ("train", "test")  # the folders of a set that is split so, in any case
_LAYOUT = "the data directory needs a folder per class, with its files in it"


@dataclass(frozen=True, slots=True)
class Listing:
    """Files relative to a folder, each with the number of its class; `testing` says which are for
    testing, where the files say so themselves.
    """

    class_names: tuple[str, ...]
    files: tuple[str, ...]
    labels: tuple[int, ...]
    testing: tuple[bool, ...] = ()

    def with_test(self, files: Collection[str], where: str) -> Listing:
        """With these files for testing; HarnessError at `where` for one that is none, and for a
        class of which none is left to train on.
        """
        if missing := sorted(set(files) - set(self.files)):
            raise HarnessError(where, f"names {missing[0]!r}, which the folder has not")
        found = Listing(
            self.class_names, self.files, self.labels, tuple(one in files for one in self.files)
        )
        left = {label for label, test in zip(self.labels, found.testing, strict=True) if not test}
        untrained = [name for label, name in enumerate(self.class_names) if label not in left]
        if not files or untrained:
            problem = f"leaves nothing of {untrained[0]!r} to train on" if untrained else "is empty"
            raise HarnessError(where, problem)
        return found


def list_files(folder: Path, suffixes: Collection[str], *, strict: bool = False) -> Listing:
    """Every file `class/name.suffix` under `folder`: classes by name, files in the order of their
    numbers, `cat_10.bin` after `cat_9.bin` whatever the file system says. `suffixes` may be spelt
    in capitals.

    Hidden files and files beside the classes are passed over; what else lies in a class too, or is
    an error where it is `strict`. Raises HarnessError for a folder without such files and for a
    class without any.
    """
    try:
        classes = sorted(one.name for one in folder.iterdir() if one.is_dir() and _counts(one.name))
        found = {name: _files(folder / name, suffixes, strict=strict) for name in classes}
    except OSError as error:
        problem = f"cannot be listed: {error.strerror or error}"
        raise HarnessError(str(folder), problem, hint=_LAYOUT) from error
    empty = [name for name, files in found.items() if not files]
    if empty or not found:
        where = str(folder / empty[0]) if empty else str(folder)
        raise HarnessError(
            where, f"holds no {' or '.join(f'*{s}' for s in suffixes)}", hint=_LAYOUT
        )
    files = tuple(f"{name}/{file}" for name, those in found.items() for file in those)
    labels = tuple(label for label, those in enumerate(found.values()) for _ in those)
    return Listing(tuple(found), files, labels)


def list_splits(folder: Path, suffixes: Collection[str], *, strict: bool = False) -> Listing:
    """As `list_files`, of the folders train/ and test/ in `folder`, which may be spelt in capitals.

    Raises HarnessError where they are not there, and for a class that is tested and not trained.
    """
    try:
        present = [one.name for one in folder.iterdir() if one.is_dir()]
    except OSError as error:
        raise HarnessError(str(folder), f"cannot be listed: {error.strerror or error}") from error
    names = [[name for name in present if name.lower() == split] for split in SPLITS]
    if [len(one) for one in names] != [1, 1]:
        problem = "needs one folder train/ and one folder test/, with a folder per class in each"
        hint = 'or say how to split it: split = "random", test_share = 0.2'
        raise HarnessError(str(folder), problem, hint=hint)
    (train_name,), (test_name,) = names
    train = list_files(folder / train_name, suffixes, strict=strict)
    test = list_files(folder / test_name, suffixes, strict=strict)
    number = {name: label for label, name in enumerate(train.class_names)}
    if untrained := [name for name in test.class_names if name not in number]:
        problem = f"is a class that {train_name}/ has not, so it cannot be trained"
        raise HarnessError(str(folder / test_name / untrained[0]), problem)
    files = [f"{train_name}/{file}" for file in train.files]
    files += [f"{test_name}/{file}" for file in test.files]
    labels = (*train.labels, *(number[test.class_names[label]] for label in test.labels))
    testing = (False,) * len(train.files) + (True,) * len(test.files)
    return Listing(train.class_names, tuple(files), labels, testing)


def tested(
    labels: Sequence[int], share: float, names: Sequence[str] = (), where: str = "split"
) -> dict[int, int]:
    """How many of each class are for testing: of n round(share·n), at least 1, at most n − 1.

    Raises HarnessError for a share outside 0 … 1 and a class of a single member; `names` are those
    of the classes, and `where` is the set that an error names.
    """
    if not 0 < share < 1:
        raise HarnessError(where, f"the share must lie between 0 and 1 (got {share})")
    found = {}
    for label, count in sorted(Counter(labels).items()):
        if count < 2:
            name = repr(names[label]) if names else label
            problem = f"class {name} has a single item, which cannot be split"
            hint = "give it another one or leave the class out, or say the split yourself"
            raise HarnessError(where, problem, hint=hint)
        found[label] = min(max(round(share * count), 1), count - 1)
    return found


How = Literal["last", "random"]


def held_out(labels: Sequence[int], *, share: float, how: How, seed: int = 0) -> NDArray[np.bool_]:
    """For each item whether it is for testing, bool [M].

    Of every class as many are as `tested` says: the "last" of the class, as SpikingJelly splits, or
    a "random" choice that `seed` and the class decide alone. The choice changes the accuracy:
    recordings with neighbouring numbers were made under the same conditions. Raises HarnessError as
    `tested`.
    """
    if how not in ("last", "random"):
        raise HarnessError("split", f"'last' or 'random' (got {how!r})")
    wanted = np.zeros(len(labels), np.bool_)
    all_labels = np.asarray(labels)
    for label, count in tested(labels, share).items():
        members = np.flatnonzero(all_labels == label)
        if how == "random":
            import torch  # only who loads a set draws

            from harness.engine.randomness import stream

            draw = stream(seed, "event split", label)
            members = members[torch.randperm(len(members), generator=draw).numpy()]
        wanted[members[-count:]] = True
    return wanted


def _files(folder: Path, suffixes: Collection[str], *, strict: bool) -> list[str]:
    found = []
    for one in folder.iterdir():
        if not _counts(one.name):
            continue
        if one.name.lower().endswith(tuple(suffixes)) and (not strict or one.is_file()):
            found.append(one.name)
        elif strict:
            problem, hint = f"is no file {_said(suffixes)}", "move it out of the class"
            raise HarnessError(str(one), problem, hint=hint)
    return sorted(found, key=_by_number)


def _said(suffixes: Collection[str]) -> str:
    return " or ".join(f"*{suffix}" for suffix in suffixes)


def _counts(name: str) -> bool:
    """Whether it is no hidden file, and none that systems leave anywhere."""
    return not name.startswith(".") and not foreign(name)


def _by_number(name: str) -> tuple[tuple[int, str], ...]:
    """Digits compare as numbers, the rest as text."""
    parts = _NUMBER.split(name)
    keys = ((int(part), "") if part.isdecimal() else (-1, part) for part in parts)
    return (*keys, (-1, name))
