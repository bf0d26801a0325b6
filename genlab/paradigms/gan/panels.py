"""The panels of the adversarial workspace."""

from __future__ import annotations

from typing import assert_never

from genlab.paradigms.gan.settings import GanSettings
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import PanelInfo, common_panels
from genlab.settings.spaces import Images, Points, Signal, Space, Tokens

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


LOSS = PanelInfo(
    "loss", "Loss", "loss",
    help="Both losses. They need not fall: at equilibrium they stay at the marked values.",
)  # fmt: skip


def panels(chosen: GanSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    shared = [LOSS if panel.kind == "loss" else panel for panel in common_panels(data.space)]
    if chosen.network.kind == "dirac":
        return (ORBIT, *shared, DIVERGENCE)
    landscape, manifold = _landscape(data.space), _manifold(chosen.network.categories, data.space)
    return (*shared, landscape, manifold, _coverage(data.modes), DIVERGENCE)


def _landscape(space: Space) -> PanelInfo:
    match space:
        case Images():
            help = "Generated images in the order of the discriminator's judgement, the most real first."
        case Points(dim=1):
            help = (
                "Where the discriminator sees real data, beside the best possible judgement p / (p + q) and "
                "both densities. At equilibrium it is one half everywhere."
            )
        case Points():
            help = (
                "What the discriminator says at each place: above zero real, below zero generated. Arrows at "
                "generated points show where their gradients push them. At equilibrium the map is flat."
            )
        case Tokens() | Signal():
            raise TypeError(f"a GAN cannot learn {space.noun}")
        case _:
            assert_never(space)
    return PanelInfo("landscape", "Discriminator", "probe", probe="landscape", help=help)


def _manifold(categories: int, space: Space) -> PanelInfo:
    controls = []
    if categories:
        controls.append(
            PanelControl("category", "Category", 0.0, 0.0, float(categories - 1), whole=True,
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


def _coverage(modes: bool) -> PanelInfo:
    if modes:
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
