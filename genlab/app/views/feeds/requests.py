"""What is asked of the engine on behalf of a run in view: every request is made here."""

from __future__ import annotations

from typing import Any, assert_never

from genlab.data.condition import Condition
from genlab.engine import protocol as p
from genlab.session.session import Session
from genlab.settings.panels import PanelInfo
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

CHANNEL, EVALUATION = "samples", "evaluate"
"""Channels that no panel has, whatever a plug-in calls it: see `channel_of`."""
EVALUATION_SAMPLES = 1000


def channel_of(panel: str) -> str:
    """The channel on which the panel of an identifier asks."""
    return f"panel {panel}"


def count(space: Space) -> int:
    """How many samples are asked for at once: as many as can be looked at."""
    match space:
        case Points():
            return 2000
        case Images() | Signal():
            return 64
        case Tokens():
            return 200
        case _:
            assert_never(space)


def sample(run: str, session: Session, number: int = 0) -> p.Sample:
    """A trajectory of samples."""
    return p.Sample(run, CHANNEL, number, *_asked(session), n=count(session.space), trajectory=True)


def evaluate(run: str, session: Session, number: int) -> p.Evaluate:
    """Every metric that applies."""
    sampler, condition = _asked(session)
    return p.Evaluate(run, EVALUATION, number, sampler, condition.judged, n=EVALUATION_SAMPLES)


def of_panel(info: PanelInfo, values: dict[str, float | str], session: Session) -> p.Request | None:
    """What a panel itself asks, its run and number still to be filled in; None where its kind is fed.

    values: of its controls."""
    asks = ("", channel_of(info.id), 0, *_asked(session))
    match info.kind:
        case "probe":
            return p.Probe(*asks, info.probe, values)
        case "density":
            return p.DrawDensity(*asks, resolutions(session))
        case "loss" | "samples" | "trajectory":
            return None
        case _:
            assert_never(info.kind)


def _asked(session: Session) -> tuple[dict[str, Any], Condition]:
    """The sampler's settings and the condition, of what can act."""
    session = session.in_force
    return session.sampler.model_dump(), session.asked


def resolutions(session: Session) -> tuple[int, ...]:
    """Coarse to fine. A model without a density is asked for the histogram alone."""
    if session.capabilities.density == "none":
        return ()
    if session.space.event == (1,):
        return (128, 512)
    return (32, 64, 128)
