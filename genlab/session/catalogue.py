"""The catalogue of paradigms: the one list that names the built-in ones, in the order of the rail, and
plug-ins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

from pydantic import ValidationError

from genlab.data.catalogue import record_of
from genlab.paradigms.baselines import PARADIGM as BASELINES
from genlab.paradigms.diffusion import PARADIGM as DIFFUSION
from genlab.paradigms.flow import PARADIGM as FLOW
from genlab.paradigms.flow_matching import PARADIGM as FLOW_MATCHING
from genlab.paradigms.gan import PARADIGM as GAN
from genlab.paradigms.score import PARADIGM as SCORE
from genlab.paradigms.vae import PARADIGM as VAE
from genlab.settings.fields import Settings, describe, sentence_of
from genlab.settings.paradigm import AnyParadigm, Chosen, Paradigm
from genlab.settings.plugins import load

BUILT_IN: tuple[AnyParadigm, ...] = (BASELINES, VAE, GAN, FLOW, DIFFUSION, SCORE, FLOW_MATCHING)

FIRST = "diffusion"
"""The workspace of a first start: the one that shows most of what the lab is for."""


Section = TypeVar("Section", bound=Settings)


def _check(paradigm: AnyParadigm) -> None:
    """Raises ValueError for what keeps a paradigm from being listed: a name that cannot stand in a path, or
    settings that are impossible on its own data set."""
    if not re.fullmatch("[a-z0-9]+([-_][a-z0-9]+)*", paradigm.id):
        raise ValueError(f"'{paradigm.id}' cannot be the name of a paradigm")
    data = record_of(paradigm.dataset).info()
    if reason := paradigm.refuses(data):
        raise ValueError(reason)
    sections = paradigm.sections
    values: dict[str, dict[str, object]] = {section: {} for section in sections}
    for key, value in paradigm.defaults(data).items():
        section, _, name = key.partition(".")
        if section not in sections or name not in sections[section].model_fields:
            raise ValueError(f"its defaults set '{key}', which it does not have")
        values[section][name] = value

    def made(section: str, settings: type[Section]) -> Section:
        try:
            return settings.model_validate(values[section])
        except ValidationError as error:
            raise ValueError(f"by default {sentence_of(error, section)}") from None

    for section, settings in sections.items():
        describe(settings)
        made(section, settings)
    chosen = Chosen(
        made("objective", paradigm.objective),
        made("network", paradigm.network),
        made("sampler", paradigm.sampler),
    )
    paradigm.capabilities(chosen, data)
    paradigm.panels(chosen, data)


_plugins, PROBLEMS = load("genlab.paradigms", Paradigm, {paradigm.id for paradigm in BUILT_IN}, _check)

PARADIGMS: Mapping[str, AnyParadigm] = {paradigm.id: paradigm for paradigm in (*BUILT_IN, *_plugins)}
"""Every paradigm by its identifier."""
