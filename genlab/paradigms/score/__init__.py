"""Score-based models: learn the gradient of the log density under noise, and follow it."""

from __future__ import annotations

from genlab.paradigms.score.panels import panels
from genlab.paradigms.score.presets import PRESETS
from genlab.paradigms.score.settings import ScoreObjective, ScoreSampler, capabilities, defaults
from genlab.settings.paradigm import Paradigm
from genlab.settings.time import TimeNetwork

PARADIGM = Paradigm(
    id="score",
    title="Score based",
    group="Score and time",
    summary="Learns the gradient of the log density under noise, and follows it by ODE, SDE or chains.",
    model="genlab.paradigms.score.model:Score",
    probes="genlab.paradigms.score.probes:PROBES",
    objective=ScoreObjective,
    network=TimeNetwork,
    sampler=ScoreSampler,
    defaults=defaults,
    capabilities=capabilities,
    panels=panels,
    presets=PRESETS,
)
