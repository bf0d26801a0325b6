"""A session: every setting of one run, as one validated value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, SerializeAsAny, ValidationError, model_validator

from genlab.data.catalogue import DATASETS, record_of
from genlab.data.condition import RESERVED, Condition, parse_given
from genlab.data.dataset import DataError
from genlab.data.files.settings import FILE
from genlab.session.catalogue import PARADIGMS
from genlab.settings.condition import ConditionSettings
from genlab.settings.data_info import DataInfo
from genlab.settings.fields import Description, Settings, describe, sentence_of
from genlab.settings.panels import PanelInfo
from genlab.settings.paradigm import AnyChosen, AnyParadigm, Capabilities, Chosen
from genlab.settings.sampler import SamplerSettings
from genlab.settings.spaces import Space
from genlab.settings.training import TrainingSettings

SECTIONS = ("data", "objective", "network", "training", "sampler", "condition")


class SettingError(ValueError):
    """A setting that cannot be: the message is one plain sentence."""


class Session(BaseModel):
    """Paradigm, data, objective, network, training, sampler, condition and seed of one run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paradigm: str
    dataset: str
    seed: int = 0
    data: SerializeAsAny[Settings]
    objective: SerializeAsAny[Settings]
    network: SerializeAsAny[Settings]
    training: SerializeAsAny[TrainingSettings]
    sampler: SerializeAsAny[SamplerSettings]
    condition: ConditionSettings = ConditionSettings()

    @model_validator(mode="before")
    @classmethod
    def _resolve(cls, raw: Any) -> Any:
        if not isinstance(raw, Mapping):
            raise ValueError("a session is a mapping of sections")
        values = dict(raw)
        paradigm = paradigm_of(values.get("paradigm", ""))
        classes = _classes(paradigm, values.get("dataset", ""))
        for section, settings in classes.items():
            given = values.get(section, {})
            try:
                values[section] = given if isinstance(given, settings) else settings.model_validate(given)
            except ValidationError as error:
                raise SettingError(sentence_of(error, section)) from None
        info = record_of(values["dataset"]).info(values["data"])
        if reason := paradigm.refuses(info):
            raise SettingError(reason)
        try:
            condition_of(info.space, values["condition"])
        except ValueError as error:
            raise SettingError(f"condition.given cannot be: {error}") from None
        return values

    @classmethod
    def default(cls, paradigm: str, dataset: str, data: Settings | None = None, seed: int = 0) -> Session:
        """The session a person gets who chooses nothing but paradigm and data."""
        session = read_session({"paradigm": paradigm, "dataset": dataset, "seed": seed, "data": data or {}})
        return session.with_values(session.entry.defaults(session.info))

    @property
    def entry(self) -> AnyParadigm:
        """The catalogue's entry of the paradigm."""
        return PARADIGMS[self.paradigm]

    @property
    def own(self) -> bool:
        """Whether the data are a person's own."""
        return self.dataset == FILE.id

    @property
    def space(self) -> Space:
        """The space of the data."""
        return self.info.space

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the classes; empty where there are none."""
        return self.info.labels

    @property
    def info(self) -> DataInfo:
        """What is known of the data without drawing any."""
        return record_of(self.dataset).info(self.data)

    @property
    def chosen(self) -> AnyChosen:
        """The settings that decide what the paradigm can do."""
        return Chosen(self.objective, self.network, self.sampler, self.condition.label)

    @property
    def capabilities(self) -> Capabilities:
        """What the paradigm can do with these settings and data."""
        return self.entry.capabilities(self.chosen, self.info)

    @property
    def asked(self) -> Condition:
        """The condition of samples."""
        return condition_of(self.space, self.condition)

    @property
    def in_force(self) -> Session:
        """The session with what cannot act left out: controls of the sampling bar that are disabled stand at
        their neutral value, and a condition that no control takes is none."""
        able, keys, values = self.capabilities, self.keys(), dict[str, Any]()
        for control in able.controls:
            if not control.enabled and control.neutral is not None and control.key in keys:
                values[control.key] = control.neutral
        for key, neutral in (("condition.label", "any"), ("condition.given", "")):
            taken = able.control(key)
            if taken is None or not taken.enabled or self.value(key) in taken.without:
                values[key] = neutral
        changed = {key: value for key, value in values.items() if value != self.value(key)}
        return self.with_values(changed) if changed else self

    def check_label(self) -> None:
        """Raises SettingError where the data have no class of the label that is asked for."""
        names = (*RESERVED, *self.labels)
        if self.condition.label not in names:
            raise SettingError(f"there is no class '{self.condition.label}'; there are {', '.join(names)}")

    @property
    def panels(self) -> tuple[PanelInfo, ...]:
        """The panels that a workspace shows of these settings and data."""
        return self.entry.panels(self.chosen, self.info)

    def with_values(self, values: Mapping[str, Any]) -> Session:
        """A session in which dotted keys such as 'sampler.steps' have new values.

        Raises SettingError, one plain sentence, for an unknown key or an impossible value, such as a label
        that no class has."""
        raw = self.model_dump()
        for key, value in values.items():
            if key == "seed":
                raw["seed"] = value
                continue
            description = self.description(key)
            section, name = key.split(".", 1)
            none = description.optional and isinstance(value, str) and value.lower() == "none"
            raw[section][name] = None if none else value
        changed = read_session(raw)
        if "condition.label" in values:
            changed.check_label()
        return changed

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
        """Keys whose new values a run that trains with `running` can use only after a reset."""
        if (self.paradigm, self.dataset) != (running.paradigm, running.dataset):
            return ("dataset",)
        changed = [key for key in self.keys() if self.value(key) != running.value(key)]
        if self.seed != running.seed:
            changed.append("seed")
        return tuple(
            key
            for key in changed
            if not key.startswith(("sampler.", "condition."))
            and key not in ("training.stop", "training.seconds", "training.steps")
            and (key == "seed" or not self.description(key).live)
        )


def condition_of(space: Space, settings: ConditionSettings) -> Condition:
    """The condition that settings describe. Raises ValueError, one sentence, where it cannot be."""
    if not settings.given:
        return Condition(settings.label)
    given, mask = parse_given(space, settings.given)
    return Condition(settings.label, given, mask)


def read_session(raw: Mapping[str, Any]) -> Session:
    """A session from plain values. Raises SettingError, one plain sentence."""
    try:
        return Session.model_validate(raw)
    except ValidationError as error:
        raise SettingError(sentence_of(error)) from None


def read_kept(raw: Mapping[str, Any]) -> tuple[Session, str]:
    """The session that a run kept; where its solver is not installed here, with the default one, and a
    sentence that says so. Raises SettingError."""
    try:
        return read_session(raw), ""
    except SettingError:
        sampler = raw.get("sampler") if isinstance(raw, Mapping) else None
        if not isinstance(sampler, Mapping) or "method" not in sampler:
            raise
        others = {key: value for key, value in sampler.items() if key != "method"}
        session = read_session({**raw, "sampler": others})
        missing, instead = sampler["method"], session.value("sampler.method")
        note = f"the solver '{missing}' of this run is not installed here; '{instead}' takes its place"
        return session, note


def parse_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """'key=value' texts, as typed on the command line. Raises SettingError."""
    values = {}
    for text in assignments:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise SettingError(f"'{text}' is not of the form KEY=VALUE")
        values[key.strip()] = value.strip()
    return values


def paradigm_of(name: str) -> AnyParadigm:
    """The paradigm of that name. Raises SettingError, which names those that there are."""
    if name not in PARADIGMS:
        raise SettingError(f"there is no paradigm '{name}'; there are {', '.join(PARADIGMS)}")
    return PARADIGMS[name]


def _classes(paradigm: AnyParadigm, dataset: str) -> dict[str, type[Settings]]:
    try:
        record = record_of(dataset)
    except DataError:
        raise SettingError(f"there is no data set '{dataset}'; there are {', '.join(DATASETS)}") from None
    return {"data": record.settings, **paradigm.sections}
