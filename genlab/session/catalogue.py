"""The catalogue of paradigms: the one list that names them, in the order of the rail."""

from __future__ import annotations

from genlab.paradigms.baselines import settings as baselines
from genlab.paradigms.diffusion import settings as diffusion
from genlab.paradigms.flow import settings as flow
from genlab.paradigms.flow_matching import settings as flow_matching
from genlab.paradigms.gan import settings as gan
from genlab.paradigms.score import settings as score
from genlab.paradigms.vae import settings as vae
from genlab.settings.paradigm import Paradigm

PARADIGMS: dict[str, Paradigm] = {
    module.PARADIGM.id: module.PARADIGM
    for module in (baselines, vae, gan, flow, diffusion, score, flow_matching)
}

FIRST = "diffusion"
"""The workspace of a first start: the one that shows most of what the lab is for."""
