"""A session: every setting of one run, as one validated value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError, model_validator

from genlab.data.datasets import DATASETS, FileSettings, labels_of, space_of
from genlab.session.catalogue import PARADIGMS
from genlab.settings.fields import Description, Settings, describe
from genlab.settings.paradigm import Capabilities, Paradigm
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Space
from genlab.settings.training import TrainingSettings

SECTIONS = ("data", "objective", "network", "training", "sampler")


class SettingError(ValueError):
    """A setting that cannot be: the message is one plain sentence."""


class Session(BaseModel):
    """Paradigm, data, objective, network, training, sampler and seed of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paradigm: str
    dataset: str
    seed: int = 0
    data: SerializeAsAny[Settings]
    objective: SerializeAsAny[Settings]
    network: SerializeAsAny[Settings]
    training: SerializeAsAny[TrainingSettings]
    sampler: SerializeAsAny[SamplerSettings]

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping):
            raise ValueError("a session is a mapping of sections")
        values = dict(raw)
        paradigm = _paradigm(values.get("paradigm", ""))
        classes = _classes(paradigm, values.get("dataset", ""))
        for section, settings in classes.items():
            given = values.get(section, {})
            try:
                values[section] = given if isinstance(given, settings) else settings.model_validate(given)
            except ValidationError as error:
                raise SettingError(_sentence(error, section)) from None
        return values

    @classmethod
    def default(cls, paradigm: str, dataset: str, data: Settings | None = None, seed: int = 0) -> Session:
        """The session a person gets who chooses nothing but paradigm and data."""
        session = read_session({"paradigm": paradigm, "dataset": dataset, "seed": seed, "data": data or {}})
        return session.with_values(session.entry.defaults(dataset, session.space))

    @property
    def entry(self) -> Paradigm:
        """The catalogue's entry of the paradigm."""
        return PARADIGMS[self.paradigm]

    @property
    def space(self) -> Space:
        """The space of the data."""
        return space_of(self.dataset, self.data)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; empty where there are none."""
        return labels_of(self.dataset, self.data)

    @property
    def capabilities(self) -> Capabilities:
        """What the paradigm can do with these settings and data."""
        return self.entry.capabilities(self, self.space, len(self.labels))

    def with_values(self, values: Mapping[str, Any]) -> Session:
        """A session in which dotted keys such as 'sampler.steps' have new values.

        Raises SettingError, one plain sentence, for an unknown key or an impossible value."""
        raw = self.model_dump()
        for key, value in values.items():
            if key == "seed":
                raw["seed"] = value
                continue
            description = self.description(key)
            section, name = key.split(".", 1)
            none = description.optional and isinstance(value, str) and value.lower() == "none"
            raw[section][name] = None if none else value
        return read_session(raw)

    def description(self, key: str) -> Description:
        """What stands on the field of a dotted key. Raises SettingError for an unknown one."""
        section, _, name = key.partition(".")
        if section in SECTIONS:
            for description in describe(getattr(self, section)):
                if description.key == name:
                    return description
        raise SettingError(f"there is no setting '{key}' here; there are {', '.join(self.keys())}")

    def keys(self) -> tuple[str, ...]:
        """Every dotted key of this session."""
        return tuple(f"{section}.{d.key}" for section in SECTIONS for d in describe(getattr(self, section)))

    def value(self, key: str) -> Any:
        """The value of a dotted key."""
        section, _, name = key.partition(".")
        return self.seed if key == "seed" else getattr(getattr(self, section), name)

    def pending(self, running: Session) -> tuple[str, ...]:
        """Keys whose new values a run that trains with `running` can take up only by a reset."""
        if (self.paradigm, self.dataset) != (running.paradigm, running.dataset):
            return ("dataset",)
        changed = [key for key in self.keys() if self.value(key) != running.value(key)]
        if self.seed != running.seed:
            changed.append("seed")
        return tuple(
            key
            for key in changed
            if not key.startswith("sampler.")
            and key not in ("training.stop", "training.seconds", "training.steps")
            and (key == "seed" or not self.description(key).live)
        )


def read_session(raw: Mapping[str, Any]) -> Session:
    """A session from plain values. Raises SettingError, one plain sentence."""
    try:
        return Session.model_validate(raw)
    except ValidationError as error:
        raise SettingError(_sentence(error)) from None


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """'key=value' texts, as typed on the command line. Raises SettingError."""
    values = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SettingError(f"'{text}' is not of the form KEY=VALUE")
        values[key.strip()] = value.strip()
    return values


def _paradigm(name: str) -> Paradigm:
    if name not in PARADIGMS:
        raise SettingError(f"there is no paradigm '{name}'; there are {', '.join(PARADIGMS)}")
    return PARADIGMS[name]


def _classes(paradigm: Paradigm, dataset: str) -> dict[str, type[Settings]]:
    if dataset != "file" and dataset not in DATASETS:
        raise SettingError(f"there is no data set '{dataset}'; there are {', '.join(DATASETS)}")
    return {
        "data": FileSettings if dataset == "file" else DATASETS[dataset].settings,
        "objective": paradigm.objective,
        "network": paradigm.network,
        "training": paradigm.training,
        "sampler": paradigm.sampler,
    }


def _sentence(error: ValidationError, section: str = "") -> str:
    first = error.errors()[0]
    key = ".".join(str(part) for part in (section, *first["loc"]) if part != "")
    message = first["msg"].removeprefix("Value error, ")
    if not key:
        return message
    shown = first.get("input")
    return f"{key} cannot be {shown!r}: {message[0].lower()}{message[1:]}"
