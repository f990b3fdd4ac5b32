"""A wrong command line in the same words as every other fault: what, got, fix."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cyclopts import (
    App,
    CoercionError,
    CycloptsError,
    MissingArgumentError,
    UnknownCommandError,
    UnknownOptionError,
    UnusedCliTokensError,
    ValidationError,
)

from harness.errors import HarnessError
from harness.layout import require_text

RENAMED = {
    "export": "it is harness pack FILE.zip --runs",
    "import": "it is harness unpack FILE.zip --runs",
}
"""What former commands are now."""
KINDS = {int: "a valid integer", float: "a valid number", bool: "true or false"}


def require_words(typed: Sequence[str]) -> None:
    """Raise HarnessError for what no option takes: bytes that are no text, and nothing at all,
    which a path would take for the working folder (`--out=$OUT` where OUT is not set).
    """
    for before, word in pairwise(("harness", *typed)):
        option = before if before.startswith("--") else ""
        require_text(word, option or "harness")
        if (option and not word) or re.fullmatch("--[a-z-]+=", word):
            raise HarnessError(
                word or f"{option} ''", "is empty", hint="give a value or leave it out"
            )


def in_words(error: CycloptsError, app: App) -> HarnessError:
    """The parser's complaint as a fault."""
    command = " ".join(error.command_chain or ())
    place = f"harness {command}".rstrip()
    help_of = f"see {place} --help"
    match error:
        case UnknownCommandError(unused_tokens=[word, *_]) if not word.startswith("-"):
            from harness.parts.base import suggestion

            known = tuple(name for name, _ in _options(app))
            hint = RENAMED.get(word) or suggestion(word, known) or help_of
            return HarnessError(place, f"no such command {word!r}", hint=hint)
        case UnknownCommandError(unused_tokens=[word, *_]):
            return _no_option(place, command, word.partition("=")[0], app)
        case UnknownOptionError(token=token):
            return _no_option(place, command, token.keyword or token.value.partition("=")[0], app)
        case UnusedCliTokensError(unused_tokens=[word, *_]):
            return HarnessError(place, f"unexpected extra argument ({word})", hint=help_of)
        case MissingArgumentError(argument=argument) if argument:
            needs = f"{error.keyword} needs a value" if error.keyword else f"needs {argument.name}"
            return HarnessError(place, needs, hint=help_of)
        case CoercionError(argument=argument, token=token) if argument and token:
            choices = argument.get_choices()
            kind = KINDS.get(error.target_type or str, "of another kind")
            must = f"one of {', '.join(choices)}" if choices else kind
            problem = f"{argument.name} must be {must} (got {token.value!r})"
            return HarnessError(place, problem, hint=help_of)
        case ValidationError(argument=argument, exception_message=must) if argument:
            problem = f"{argument.name} {must} (got {argument.tokens[-1].value!r})"
            return HarnessError(place, problem, hint=help_of)
    return HarnessError(place, str(error), hint=help_of)


def _no_option(place: str, command: str, option: str, app: App) -> HarnessError:
    """With the commands that have this option, or what is spelt alike here."""
    from harness.parts.base import suggestion

    known = dict(_options(app))
    having = [name for name, options in known.items() if option in options]
    if having and not command:
        hint = f"it follows the command, as in harness {having[0]} {option}"
    elif having:
        hint = f"harness {', '.join(having)} {'has' if len(having) == 1 else 'have'} it"
    else:
        near = suggestion(option, known.get(command, ()))
        hint = near or f"{place} --help lists them"
    return HarnessError(place, f"no such option {option}", hint=hint)


def _options(app: App) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each command with its long options."""
    for name in app:
        if not name.startswith("-"):
            arguments = app[name].assemble_argument_collection(parse_docstring=False)
            names = (one for argument in arguments for one in argument.names)
            yield name, tuple(sorted(one for one in names if one.startswith("--")))
