"""Which names a method reads, with what it calls of its class and of its module."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from types import CodeType, FunctionType
from typing import Any


@cache
def names_read(kind: type[Any], method: str) -> frozenset[str]:
    """Names that stand in a method of a class, in the methods and properties of the class that it
    names, and in the functions of their modules. It may hold a name that is read of another object;
    what is read in another way than by name, as from `model_dump()`, is not in it.
    """
    waiting, read, seen = [*_defined(kind, method)], set[str](), set[CodeType]()
    while waiting:
        function = waiting.pop()
        if function.__code__ in seen:
            continue
        seen.add(function.__code__)
        for name in _names(function.__code__):
            read.add(name)
            waiting += _defined(kind, name)
            called = function.__globals__.get(name)
            waiting += [called] if isinstance(called, FunctionType) else []
    return frozenset(read)


def _defined(kind: type[Any], name: str) -> Iterator[FunctionType]:
    """What a name is in the class, and in those that it is derived from."""
    for one in kind.__mro__:
        made = vars(one).get(name)
        for part in (made, *(getattr(made, at, None) for at in ("fget", "func", "__func__"))):
            if isinstance(part, FunctionType):
                yield part


def _names(code: CodeType) -> Iterator[str]:
    """Also of the functions inside, and those that it names as a text, as in `getattr`."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
        elif isinstance(constant, str):
            yield constant
