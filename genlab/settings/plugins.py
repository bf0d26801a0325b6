"""Plug-ins: what installed packages offer under an entry point group, and what went wrong with the rest."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol, TypeVar


class Record(Protocol):
    """What a plug-in offers: something with an identifier."""

    @property
    def id(self) -> str:
        """Identifier, unique in its group."""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Plugin:
    """A plug-in that is at hand. group: of its entry point. id: of its record. version: of its package."""

    group: str
    id: str
    package: str
    version: str


@dataclass(frozen=True)
class PluginProblem:
    """A plug-in that is not at hand or cannot be used, and why.

    name: of its entry point. sentence: what is wrong, for a person. details: the traceback, where there is
    one, for whoever wrote the plug-in. version: of its package."""

    group: str
    name: str
    package: str
    sentence: str
    details: str = ""
    version: str = ""


_plugins: dict[str, tuple[Plugin, ...]] = {}
_problems: dict[str, tuple[PluginProblem, ...]] = {}


def plugins() -> tuple[Plugin, ...]:
    """The plug-ins of every group that was loaded so far."""
    return tuple(plugin for group in _plugins.values() for plugin in group)


def problems() -> tuple[PluginProblem, ...]:
    """What went wrong with plug-ins of every group that was loaded so far."""
    return tuple(problem for group in _problems.values() for problem in group)


def broke(group: str, id: str, error: BaseException) -> bool:
    """Note that a plug-in that was at hand cannot be used after all; whether there is a plug-in of this
    identifier."""
    plugin = next((each for each in _plugins.get(group, ()) if each.id == id), None)
    if plugin is None:
        return False
    sentence = f"The plug-in '{id}' of {plugin.package} cannot be used: {_reason(error)}."
    details = "".join(traceback.format_exception(error))
    note((PluginProblem(group, id, plugin.package, sentence, details, plugin.version),))
    return True


def note(found: Iterable[PluginProblem]) -> None:
    """Add problems that were found elsewhere or later, each once."""
    for problem in found:
        known = _problems.get(problem.group, ())
        if problem.sentence not in [each.sentence for each in known]:
            _problems[problem.group] = (*known, problem)


def load(
    group: str,
    expected: type[R],
    taken: Collection[str] = (),
    check: Callable[[R], object] | None = None,
) -> tuple[tuple[R, ...], tuple[PluginProblem, ...]]:
    """The records under an entry point group, in the order of their packages; and what went wrong. Never
    raises.

    expected: what each must be an instance of. taken: identifiers that are in use. check: called with each
    record; what it raises is a problem of that plug-in.
    """
    records: dict[str, R] = {}
    found, wrong = [], []
    for entry in sorted(entry_points(group=group), key=lambda each: (_package(each), each.name)):
        try:
            record = entry.load()
            if not isinstance(record, expected):
                raise TypeError(f"{entry.value} gives {type(record).__name__}, not {expected.__name__}")
            if record.id in taken or record.id in records:
                raise ValueError(f"there is a '{record.id}' already")
            if check is not None:
                check(record)
        except (Exception, SystemExit) as error:
            wrong.append(_problem(group, entry, error))
            continue
        records[record.id] = record
        found.append(Plugin(group, record.id, _package(entry), _version(entry)))
    _plugins[group], _problems[group] = tuple(found), tuple(wrong)
    return tuple(records.values()), _problems[group]


def _problem(group: str, entry: EntryPoint, error: BaseException) -> PluginProblem:
    sentence = f"The plug-in '{entry.name}' of {_package(entry)} is left out: {_reason(error)}."
    details = "".join(traceback.format_exception(error))
    return PluginProblem(group, entry.name, _package(entry), sentence, details, _version(entry))


def _reason(error: BaseException) -> str:
    return (" ".join(str(error).split()) or type(error).__name__).rstrip(".")


def _package(entry: EntryPoint) -> str:
    return (None if entry.dist is None else entry.dist.name) or "an unknown package"


def _version(entry: EntryPoint) -> str:
    return "" if entry.dist is None else entry.dist.version
