"""The catalogue of paradigms: the one list that names them, in the order of the rail."""

from __future__ import annotations

from genlab.settings import baselines, diffusion, flow, flow_matching, gan, score, vae
from genlab.settings.paradigm import Paradigm

PARADIGMS: dict[str, Paradigm] = {
    module.PARADIGM.id: module.PARADIGM
    for module in (baselines, vae, gan, flow, diffusion, score, flow_matching)
}

FIRST = "diffusion"
"""The workspace of a first start: the one that shows most of what the lab is for."""
