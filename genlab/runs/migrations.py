"""How what older versions wrote becomes what this one reads: small pure functions on plain values.

RUN_FORMAT is the format of run folders, and of the sessions and journals in them, in checkpoints and in
recipes. Files are migrated in memory; what is saved again is written in the newest format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Plain = dict[str, Any]

RUN_FORMAT = 2
"""2: sessions have a condition, and truncation and temperature their own names."""
CHECKPOINT_AHEAD = 1
"""Checkpoints were counted before runs were: their format is higher by so much."""
OLDEST_CHECKPOINT = 2

_RENAMED_IN_2 = {"gan": {"guidance": "truncation"}, "flow": {"guidance": "temperature"}}
"""Paradigm to settings of its sampler: old name to new."""


def migrate_manifest(manifest: Mapping[str, Any], to: int | None = None) -> Plain:
    """The content of `run.json`, of whatever format it says, in format `to`; by default the newest."""
    return _through(manifest, int(manifest["format"]), to, {1: _record_in_2})


def migrate_recipe(recipe: Mapping[str, Any], to: int | None = None) -> Plain:
    """A recipe out of a picture, in format `to`; by default the newest."""
    return _through(recipe, int(recipe["format"]), to, {1: _recipe_in_2})


def migrate_state(state: Mapping[str, Any], format: int, to: int | None = None) -> Plain:
    """The plain part of a checkpoint of a format, in that which goes with the run format `to`."""
    return _through(state, format - CHECKPOINT_AHEAD, to, {1: _state_in_2})


def checkpoint_format() -> int:
    """The format of checkpoints that goes with RUN_FORMAT."""
    return RUN_FORMAT + CHECKPOINT_AHEAD


def _through(
    values: Mapping[str, Any], format: int, to: int | None, steps: Mapping[int, Callable[[Plain], Plain]]
) -> Plain:
    values = dict(values)
    for version in range(format, RUN_FORMAT if to is None else to):
        values = steps[version](values)
    return values


def _record_in_2(record: Plain) -> Plain:
    """A manifest: its session, its journal and its number."""
    moved = dict(record)
    if "session" in record:
        moved["session"] = session_in_2(record["session"])
    if "journal" in record:
        paradigm = record.get("paradigm", "")
        moved["journal"] = [[step, key_in_2(key, paradigm), value] for step, key, value in record["journal"]]
    return {**moved, "format": 2}


def _recipe_in_2(recipe: Plain) -> Plain:
    """As a manifest; and how the samples were drawn."""
    moved = _record_in_2(recipe)
    if "sampler" in recipe:
        condition, moved["sampler"] = _sampler_in_2(recipe["sampler"], recipe.get("paradigm", ""))
        moved["condition"] = condition
    return moved


def _state_in_2(state: Plain) -> Plain:
    return {**state, "session": session_in_2(state["session"])} if "session" in state else state


def session_in_2(session: Mapping[str, Any]) -> Plain:
    """A session whose label stands in a section of its own, and whose GAN's truncation and flow's temperature
    are called so."""
    condition, sampler = _sampler_in_2(session.get("sampler", {}), session.get("paradigm", ""))
    return {**session, "sampler": sampler, "condition": condition}


def key_in_2(key: str, paradigm: str) -> str:
    """The dotted key of a setting, as a journal has it."""
    if key == "sampler.label":
        return "condition.label"
    section, _, name = key.partition(".")
    renamed = _RENAMED_IN_2.get(paradigm, {})
    return f"sampler.{renamed[name]}" if section == "sampler" and name in renamed else key


def _sampler_in_2(sampler: Mapping[str, Any], paradigm: str) -> tuple[Plain, Plain]:
    """The condition that stood among a sampler's settings, and the others under their new names."""
    renamed = _RENAMED_IN_2.get(paradigm, {})
    others = {renamed.get(name, name): value for name, value in sampler.items() if name != "label"}
    return {"label": sampler.get("label", "any"), "given": ""}, others
