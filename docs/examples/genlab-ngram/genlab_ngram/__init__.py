"""An n-gram model: the next token has the probabilities that were counted after the few tokens before it."""

from __future__ import annotations

from genlab.settings.paradigm import Paradigm
from genlab.settings.spaces import Tokens
from genlab_ngram.panels import panels
from genlab_ngram.presets import PRESETS
from genlab_ngram.settings import (
    NgramObjective,
    NgramSampler,
    NgramTable,
    NgramTraining,
    capabilities,
    defaults,
)

PARADIGM = Paradigm(
    id="ngram",
    title="N-gram",
    group="Sequences",
    summary="Counts which token follows which few tokens: what every language model has to beat.",
    model="genlab_ngram.model:Ngram",
    probes="genlab_ngram.probes:PROBES",
    objective=NgramObjective,
    network=NgramTable,
    sampler=NgramSampler,
    training=NgramTraining,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
    dataset="names",
    spaces=(Tokens,),
)
