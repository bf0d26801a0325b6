"""What the drawings know of the model that a session makes."""

from __future__ import annotations

from genlab.app.drawings.scene import ModelInfo
from genlab.app.views.timeline import step_words
from genlab.session.session import Session
from genlab.settings.panels import PanelInfo
from genlab.settings.training import GradientTraining


def model_of(session: Session, info: PanelInfo) -> ModelInfo:
    """What the drawing of a panel knows of the model that a session makes."""
    able = session.capabilities
    training = session.training
    step, symbol = step_words(able.control("sampler.steps"))
    others = [panel for panel in session.panels if panel.kind == "loss" and panel.id != info.id]
    return ModelInfo(
        has_density=able.density != "none",
        density_reason=able.density_reason,
        averaged=isinstance(training, GradientTraining) and training.ema > 0,
        step=step,
        symbol=symbol,
        elsewhere=tuple(column for panel in others for column in panel.columns),
        label=session.condition.label,
    )
