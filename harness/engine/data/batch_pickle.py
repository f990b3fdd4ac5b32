"""The published CIFAR batches are pickles; this reads the few words of that language that they use.

`pickle.load` can be made to run any code and to reserve any memory. Here nothing is ever called:
`pickletools` splits the stream into opcodes, containers and strings are built, the names with which
numpy arrays are pickled are recognised and never imported, and an array is made from its bytes. Any
other opcode or name is an error that says which.
"""

from __future__ import annotations

import pickletools
from typing import Final

import numpy as np
from numpy.typing import NDArray

# What an array, its type and Python 3's bytes are pickled as, under numpy 1 and 2; value = what
# becomes of the call.
_NAMES: Final = {
    "numpy.core.multiarray _reconstruct": "array",
    "numpy._core.multiarray _reconstruct": "array",
    "numpy.core.numeric _frombuffer": "buffer",
    "numpy._core.numeric _frombuffer": "buffer",
    "numpy ndarray": "array type",
    "numpy dtype": "pixel type",
    "_codecs encode": "bytes",
}
_TUPLES: Final = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_CONSTANTS: Final = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_MARK: Final = object()
MOST_WORDS: Final = 2_000_000  # opcodes; the largest published batch has some 300,000


class PickledArray:
    """A numpy array in the stream: `state` is (version, shape, type, Fortran order, bytes) once it
    is read.
    """

    def __init__(self, state: object = None) -> None:
        self.state = state

    def pixels(self) -> NDArray[np.uint8]:
        """The array, read-only. Raises ValueError when it is none of uint8 or its size is not that
        of its bytes.
        """
        match self.state:
            case (_, tuple(shape), _PixelType(), bool(fortran), str(raw)):
                flat = np.frombuffer(raw.encode("latin-1"), dtype=np.uint8)
                return flat.reshape(shape, order="F" if fortran else "C")
        raise ValueError("the array is not one of uint8 pixels")


class _PixelType:
    """numpy's uint8. Its state (byte order, alignment) says nothing for single bytes."""

    state: object = None


class _Name(str):
    """One of `_NAMES`, as it stands in the stream."""


def read_batch(stream: bytes) -> dict[str, object]:
    """The dictionary that a CIFAR batch (protocol 2 to 5) holds: text, numbers, lists and
    `PickledArray`.

    Texts and bytes alike come as str, byte for byte (latin-1). Raises ValueError, with the place in
    the stream, for everything that no CIFAR batch contains and for a stream that ends early.
    """
    machine = _Machine(len(stream))
    place = 0
    try:
        for count, (opcode, argument, position) in enumerate(pickletools.genops(stream)):
            place = position or 0
            if count >= MOST_WORDS:
                raise ValueError(f"more than {MOST_WORDS:,} words")
            machine.step(opcode.name, argument)
        if len(machine.stack) != 1:
            raise ValueError(f"leaves {len(machine.stack)} values, not one")
    except (ValueError, TypeError, LookupError, AttributeError, MemoryError) as error:
        raise ValueError(f"near byte {place}: {error or type(error).__name__}") from error
    result = machine.stack[0]
    if not isinstance(result, dict):
        raise ValueError(f"holds a {type(result).__name__}, not a dictionary")
    return result


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(self, length: int) -> None:
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}
        self.encodable = length  # characters that may still be taken for bytes: each stands once

    def step(self, word: str, argument: object) -> None:
        """Do what one opcode says."""
        stack = self.stack
        match word, argument:  # the most frequent first
            case "BININT1" | "BININT" | "BININT2" | "LONG1", _:
                stack.append(argument)
            case "BINPUT" | "LONG_BINPUT", int():
                self.memo[argument] = stack[-1]
            case (
                (
                    "SHORT_BINSTRING"
                    | "BINSTRING"
                    | "SHORT_BINUNICODE"
                    | "BINUNICODE"
                    | "BINUNICODE8"
                ),
                str(),
            ):
                stack.append(argument)
            case "PROTO" | "FRAME" | "STOP", _:
                pass
            case "MARK", _:
                stack.append(_MARK)
            case "EMPTY_DICT", _:
                stack.append({})
            case "EMPTY_LIST", _:
                stack.append([])
            case "NONE" | "NEWTRUE" | "NEWFALSE", _:
                stack.append(_CONSTANTS[word])
            case "SHORT_BINBYTES" | "BINBYTES" | "BINBYTES8" | "BYTEARRAY8", bytes() | bytearray():
                stack.append(argument.decode("latin-1"))
            case "MEMOIZE", _:
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET", int():
                if argument not in self.memo:
                    raise ValueError(f"recalls {argument}, which was not stored")
                stack.append(self.memo[argument])
            case "TUPLE1" | "TUPLE2" | "TUPLE3", _:
                if len(stack) < _TUPLES[word]:
                    raise ValueError("a tuple is longer than what came before it")
                stack[-_TUPLES[word] :] = [tuple(stack[-_TUPLES[word] :])]
            case "TUPLE", _:
                stack.append(tuple(self.since_mark()))
            case "APPEND" | "APPENDS", _:
                items = [stack.pop()] if word == "APPEND" else self.since_mark()
                if not isinstance(target := stack[-1], list):
                    raise ValueError(f"items for a list meet a {type(target).__name__}")
                target.extend(items)
            case "SETITEM" | "SETITEMS", _:
                self.set_items(
                    [stack.pop(-2), stack.pop()] if word == "SETITEM" else self.since_mark()
                )
            case "GLOBAL", _:
                self.push_name(str(argument))
            case "STACK_GLOBAL", _:
                name, module = stack.pop(), stack.pop()
                self.push_name(f"{module} {name}")
            case "REDUCE", _:
                self.reduce()
            case "BUILD", _:
                state, target = stack.pop(), stack[-1]
                if not isinstance(target, PickledArray | _PixelType):
                    raise ValueError(f"a state for a {type(target).__name__}")
                target.state = state
            case _:
                raise ValueError(f"{word} does not occur in CIFAR batches")

    def since_mark(self) -> list[object]:
        """Take everything above the topmost mark, and the mark."""
        for place in range(len(self.stack) - 1, -1, -1):
            if self.stack[place] is _MARK:
                taken = self.stack[place + 1 :]
                del self.stack[place:]
                return taken
        raise ValueError("a list or tuple ends that never began")

    def set_items(self, items: list[object]) -> None:
        target = self.stack[-1]
        if not isinstance(target, dict) or len(items) % 2:
            raise ValueError(f"pairs for a dictionary meet a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise ValueError(f"a key is a {type(key).__name__}, not text")
            target[key] = value

    def push_name(self, name: str) -> None:
        if name not in _NAMES:
            raise ValueError(f"names {name!r}, which does not occur in CIFAR batches")
        self.stack.append(_Name(name))

    def reduce(self) -> None:
        """Stand in for the call of one of `_NAMES`."""
        arguments, name = self.stack.pop(), self.stack.pop()
        if not isinstance(name, _Name) or not isinstance(arguments, tuple):
            raise ValueError("a call of something that is not a name")
        match _NAMES[name], arguments:
            case "array", (_Name(), *_):
                self.stack.append(PickledArray())
            case "buffer", (str(raw), kind, shape, order):
                self.stack.append(PickledArray((1, shape, kind, order == "F", raw)))
            case "pixel type", ("u1" | "|u1", *_):
                self.stack.append(_PixelType())
            case "bytes", (str(text), "latin1" | "latin-1"):
                self.encodable -= len(text)
                if self.encodable < 0:
                    raise ValueError("holds the same bytes over and over")
                text.encode("latin-1")  # raises when the text is more than bytes
                self.stack.append(text)
            case what, _:
                # of what is neither text nor number only its type: a few bytes may nest to any size
                said = ", ".join(map(_word, arguments[:4])) + "," * (len(arguments) == 1)
                raise ValueError(f"an unusual {what} ({said})")


def _word(argument: object) -> str:
    if isinstance(argument, str):
        return repr(argument[:20])
    return repr(argument) if isinstance(argument, int) else type(argument).__name__
