"""What a setting is: one field that is at once a control, a command-line key and a saved value.

Bounds, unit, symbol, help text and 'may change while training' stand on the field itself.
`describe` reads them back for whoever draws a form, prints help or journals an edit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo


class Settings(BaseModel):
    """A section of settings: immutable, closed to unknown keys, validated throughout."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    @field_validator("*")
    @classmethod
    def _among_choices(cls, value: Any, info: ValidationInfo) -> Any:
        choices = None if info.field_name is None else _meta(cls.model_fields[info.field_name]).choices
        if choices is not None and value not in choices:
            missing = "there is none of that name here (is its package installed?)"
            raise ValueError(f"{missing}; there are {', '.join(choices)}")
        return value


_TYPES = "int, float, bool, str or Literal, or one of these or None"
Kind = Literal["int", "float", "choice", "bool", "text"]


@dataclass(frozen=True)
class Meta:
    """What a field says of itself beyond its type and its bounds."""

    label: str = ""
    symbol: str = ""
    unit: str = ""
    live: bool = False
    advanced: bool = False
    log: bool = False
    names: Mapping[str, str] | None = None
    when: tuple[str, tuple[Any, ...]] | None = None
    choices: Mapping[str, str] | None = None


def setting(
    default: Any,
    help: str,
    *,
    label: str = "",
    symbol: str = "",
    unit: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    live: bool = False,
    advanced: bool = False,
    log: bool = False,
    names: Mapping[str, str] | None = None,
    when: tuple[str, tuple[Any, ...]] | None = None,
    choices: Mapping[str, str] | None = None,
) -> Any:
    """Declare a setting.

    default: its value where nobody chose one. help: one plain sentence for tooltips and `--help`.
    live: may change while training. advanced: folded away at first. log: a slider over it is
    logarithmic. names: what a choice is called on screen. when: `(sibling, values)`, the field
    matters only while the sibling has one of these values. choices: of a `str` whose values a catalogue
    lists, each with its name on screen.
    """
    meta = Meta(label, symbol, unit, live, advanced, log, names, when, choices)
    return Field(
        default,
        description=help,
        ge=ge,
        gt=gt,
        le=le,
        lt=lt,
        json_schema_extra={"meta": meta},  # type: ignore[dict-item]
    )


@dataclass(frozen=True)
class Description:
    """One setting as a form or a help page needs it. Choices map value to name on screen."""

    key: str
    kind: Kind
    default: Any
    help: str
    label: str
    symbol: str
    unit: str
    minimum: float | None
    maximum: float | None
    choices: Mapping[str, str]
    optional: bool
    live: bool
    advanced: bool
    log: bool
    when: tuple[str, tuple[Any, ...]] | None

    def matters(self, section: Settings) -> bool:
        """Whether the other values of this section leave the field anything to do."""
        return self.when is None or getattr(section, self.when[0]) in self.when[1]


def describe(section: type[Settings] | Settings) -> tuple[Description, ...]:
    """Every setting of a section, in the order of its declaration.

    Raises ValueError for one of a type that no form shows."""
    return _described(section if isinstance(section, type) else type(section))


@cache
def _described(cls: type[Settings]) -> tuple[Description, ...]:
    return tuple(_describe(key, field) for key, field in cls.model_fields.items() if not field.exclude)


def sentence_of(error: ValidationError, section: str = "") -> str:
    """The first thing that is wrong, with its dotted key, as a sentence without a full stop."""
    first = error.errors()[0]
    key = ".".join(str(part) for part in (section, *first["loc"]) if part != "")
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return message
    shown = first.get("input")
    return f"{key} cannot be {shown!r}: {message[0].lower()}{message[1:]}"


def _describe(key: str, field: FieldInfo) -> Description:
    meta = _meta(field)
    annotation, optional = _strip_optional(field.annotation)
    choices: Mapping[str, str] = {}
    if meta.choices is not None:
        kind: Kind = "choice"
        choices = meta.choices
    elif get_origin(annotation) is Literal:
        kind = "choice"
        names = meta.names or {}
        choices = {value: names.get(value, value) for value in get_args(annotation)}
    else:
        kinds: dict[Any, Kind] = {bool: "bool", int: "int", float: "float", str: "text"}
        if annotation not in kinds:
            shown = (
                getattr(annotation, "__name__", annotation) if get_origin(annotation) is None else annotation
            )
            raise ValueError(f"the setting '{key}' is of type {shown}; a setting is an {_TYPES}")
        kind = kinds[annotation]
    low, high = _bounds(field)
    return Description(
        key=key,
        kind=kind,
        default=field.default,
        help=field.description or "",
        label=meta.label or key.replace("_", " ").capitalize(),
        symbol=meta.symbol,
        unit=meta.unit,
        minimum=low,
        maximum=high,
        choices=choices,
        optional=optional,
        live=meta.live,
        advanced=meta.advanced,
        log=meta.log,
        when=meta.when,
    )


def _meta(field: FieldInfo) -> Meta:
    extra = field.json_schema_extra
    meta = extra["meta"] if isinstance(extra, dict) and "meta" in extra else Meta()
    assert isinstance(meta, Meta)
    return meta


def _strip_optional(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        rest = [arg for arg in get_args(annotation) if arg is not type(None)]
        if len(rest) == 1:
            return rest[0], True
    return annotation, False


def _bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    low = high = None
    for rule in field.metadata:
        for name in ("ge", "gt"):
            low = getattr(rule, name, low) if getattr(rule, name, None) is not None else low
        for name in ("le", "lt"):
            high = getattr(rule, name, high) if getattr(rule, name, None) is not None else high
    return low, high
