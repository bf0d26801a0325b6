"""The panels of the latent variable workspace, with their controls."""

from __future__ import annotations

from genlab.paradigms.vae.settings import VAESettings, density
from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import PanelInfo, common_panels
from genlab.settings.spaces import Images

SLIDERS = 8
EXAMPLES = 200
"""Held-out examples to choose from."""


def panels(chosen: VAESettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    image, latent = isinstance(data.space, Images), chosen.network.latent
    found = [*common_panels(data.space), _latent(latent), _reconstructions(image), _traversal(latent, image)]
    found.append(_interpolation(image))
    if chosen.objective.kind != "autoencoder":
        found.append(_per_dimension())
    if density(chosen.objective, data.space)[0] == "bound":
        found.append(_bounds())
    return tuple(found)


def _latent(latent: int) -> PanelInfo:
    controls: tuple[PanelControl, ...] = ()
    if latent > 2:
        choices = {"active": "Two most active"} | {
            f"{i},{i + 1}": f"z{i + 1}, z{i + 2}" for i in range(0, min(latent, 64) - 1, 2)
        }
        controls = (
            PanelControl("dims", "Axes", "active", choices=choices, help="Which two latents span the plane."),
        )
    return PanelInfo(
        "latent",
        "Latent space",
        "probe",
        probe="latent",
        help="Codes of held-out data, coloured by class, over draws from the prior in grey. Where the prior "
        "has no codes the decoder never learned what to draw.",
        controls=controls,
    )


def _reconstructions(image: bool) -> PanelInfo:
    how = "originals above, copies below" if image else "a line from each point to its copy"
    return PanelInfo(
        "reconstructions",
        "Reconstructions",
        "probe",
        probe="reconstructions",
        help=f"Held-out data carried through the code and back: {how}.",
    )


def _traversal(latent: int, image: bool) -> PanelInfo:
    sliders = tuple(
        PanelControl(f"z{i + 1}", f"z{i + 1}", 0.0, -3.0, 3.0, help=f"Value of latent {i + 1}.")
        for i in range(min(latent, SLIDERS))
    )
    how = "a row for each latent" if image else "a line for each latent"
    return PanelInfo(
        "traversal",
        "Traversal",
        "probe",
        shown=False,
        probe="traversal",
        help=f"What the decoder makes of one latent that runs from -3 to 3 while sliders hold the others: "
        f"{how}. A latent that changes nothing is unused.",
        controls=sliders,
    )


def _interpolation(image: bool) -> PanelInfo:
    return PanelInfo(
        "interpolation",
        "Interpolation",
        "probe",
        shown=False,
        probe="interpolation",
        help="The straight way between the codes of two held-out examples, decoded"
        + (", over the straight way between their pixels." if image else "."),
        controls=(
            PanelControl("first", "From", 0.0, 0.0, EXAMPLES - 1, whole=True, help="A held-out example."),
            PanelControl("second", "To", 1.0, 0.0, EXAMPLES - 1, whole=True, help="Another one."),
            PanelControl("at", "At", 0.5, help="The place on the way that is marked.", ends=("from", "to")),
        ),
    )


def _per_dimension() -> PanelInfo:
    return PanelInfo(
        "per-dimension",
        "Use of latents",
        "probe",
        shown=False,
        probe="per-dimension",
        help="What each latent dimension tells of a datum, in nats: its divergence from the prior. Those "
        "near zero are collapsed.",
    )


def _bounds() -> PanelInfo:
    return PanelInfo(
        "bounds",
        "Bounds on log p",
        "probe",
        shown=False,
        probe="bounds",
        help="Lower bounds on the mean log probability of held-out data: the evidence bound is K = 1, more "
        "importance samples rise towards the model's log p, which cannot pass minus the entropy by much.",
    )
