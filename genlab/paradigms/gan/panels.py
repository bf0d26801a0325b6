"""The panels of the adversarial workspace."""

from __future__ import annotations

from typing import Any

from genlab.data.datasets import (
    EightGaussiansCfmSettings,
    EightGaussiansSettings,
    GanGridSettings,
    GanRingSettings,
    MixtureSettings,
    UnevenMixtureSettings,
)
from genlab.settings.paradigm import PanelInfo, ProbeControl, common_panels
from genlab.settings.spaces import Images, Points, Space

WITH_MODES = (
    EightGaussiansCfmSettings, EightGaussiansSettings, GanGridSettings, GanRingSettings, MixtureSettings,
    UnevenMixtureSettings,
)  # fmt: skip
"""Settings of the data sets whose modes are known."""

ORBIT = PanelInfo(
    "orbit", "Orbit", "probe", probe="orbit", wide=True,
    help="The generator's point θ against the discriminator's slope ψ over the last 2,000 steps. The game is "
    "settled at the cross; plain steps circle around it or spiral away, a penalty draws them in.",
)  # fmt: skip

DIVERGENCE = PanelInfo(
    "divergence", "What the discriminator tells", "probe", shown=False, probe="divergence",
    help="How far generated and real data are apart, as the discriminator has it and as counting says. A "
    "discriminator that is not at its best tells too little.",
)  # fmt: skip


def panels(session: Any, space: Space) -> tuple[PanelInfo, ...]:
    """The panels for a session's settings and space."""
    shared = [panel for panel in common_panels(space) if panel.kind != "loss"]
    loss = PanelInfo(
        "loss", "Loss", "loss",
        help="Both losses. They need not fall: at equilibrium they stay at the marked values.",
    )  # fmt: skip
    shared.insert(len(shared) - 1, loss)
    if session.network.kind == "dirac":
        return (ORBIT, *shared, DIVERGENCE)
    return (*shared, _landscape(space), _manifold(session, space), _coverage(session), DIVERGENCE)


def _landscape(space: Space) -> PanelInfo:
    if isinstance(space, Images):
        help = "Generated images in the order of the discriminator's judgement, the most real first."
    elif space.dim == 1:
        help = (
            "Where the discriminator sees real data, beside the best possible judgement p / (p + q) and both "
            "densities. At equilibrium it is one half everywhere."
        )
    else:
        help = (
            "What the discriminator says at each place: above zero real, below zero generated. Arrows at "
            "generated points show where their gradients push them. At equilibrium the map is flat."
        )
    return PanelInfo("landscape", "Discriminator", "probe", probe="landscape", help=help)


def _manifold(session: Any, space: Space) -> PanelInfo:
    controls = []
    categories = session.network.categories
    if categories:
        controls.append(
            ProbeControl("category", "Category", 0.0, 0.0, float(categories - 1), whole=True,
                         help="Value of the discrete latent.")
        )  # fmt: skip
    if isinstance(space, Points):
        help = (
            "How the generator bends its latent space: a grid in the first two latents, carried into the "
            "data. Stretched cells hold little probability; those between modes are bridges."
        )
    else:
        help = "Images over a grid in the first two latents, the others at zero."
    return PanelInfo(
        "manifold", "Generator", "probe", probe="manifold", help=help, controls=tuple(controls),
        wide=isinstance(space, Points),
    )  # fmt: skip


def _coverage(session: Any) -> PanelInfo:
    if isinstance(session.data, WITH_MODES):
        return PanelInfo(
            "coverage", "Mode coverage", "loss", shown=False, columns=("modes", "high quality"),
            help="Modes that samples reach, and the share of samples within three standard deviations of one "
            "(PacGAN's definitions), of 2,500 draws every 200 steps. A fall in modes is a collapse.",
        )  # fmt: skip
    return PanelInfo(
        "coverage", "Spread", "loss", shown=False, columns=("spread",),
        help="Standard deviation of samples over that of the data, every 200 steps. Far below 1 the "
        "generator has collapsed.",
    )  # fmt: skip
