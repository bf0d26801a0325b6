"""The Dirac-GAN under the trainer itself: what is known of its orbits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.requests import ProbeRequest
from genlab.core.training import Batch, Context
from genlab.data import load
from genlab.engine.models import model_of
from genlab.engine.training.trainer import Trainer
from genlab.paradigms.gan.probes import PROBES
from genlab.paradigms.gan.settings import GanSampler
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session


def orbit(steps: int, **objective: Any) -> tuple[np.ndarray, Trainer]:
    """(theta, psi) after each step of a Dirac-GAN, (steps, 2)."""
    preset = next(preset for preset in PARADIGMS["gan"].presets if preset.id == "dirac")
    session = Session.default("gan", preset.dataset).with_values(
        {
            **preset.values,
            "data.noise": 0.01,
            "training.batch_size": 16,
            "training.learning_rate": 0.1,
            "training.steps": steps,
            **{f"objective.{key}": value for key, value in objective.items()},
        }
    )
    data = load(session.dataset, session.data)
    draw = data.train(2000, np.random.default_rng(0))
    model = model_of(session, data, draw)
    trainer = Trainer(model, session, Batch(torch.as_tensor(draw.x), None))
    trainer.advance(math.inf)
    return model.orbit[:steps].numpy().copy(), trainer


def radius(path: np.ndarray) -> np.ndarray:
    return np.hypot(path[:, 0], path[:, 1])


def test_simultaneous_steps_spiral_outwards() -> None:
    path, _ = orbit(600, update="simultaneous")
    r = radius(path)
    turn = r.reshape(-1, 150).mean(1)  # about one turn each
    assert (np.diff(turn) > 0).all()
    # Each step multiplies the distance by sqrt(1 + (0.1 D)^2), D being about one half.
    assert r[-1] == pytest.approx(math.exp(600 * 0.5 * (0.1 * 0.5) ** 2), rel=0.25)


def test_simultaneous_steps_follow_the_two_equations() -> None:
    path, _ = orbit(200, update="simultaneous")
    theta, psi = 1.0, 0.0
    for found in path:
        fake = 1 / (1 + math.exp(-psi * theta))
        # Both slopes at the old point; real data lie at 0 but for their noise.
        theta, psi = theta + 0.1 * fake * psi, psi - 0.1 * fake * theta
        assert found == pytest.approx([theta, psi], abs=0.02)


def test_alternating_steps_neither_settle_nor_escape() -> None:
    path, _ = orbit(600, update="alternating")
    turn = radius(path).reshape(-1, 150).mean(1)
    assert turn == pytest.approx(np.full(4, turn.mean()), rel=0.06)


def test_a_penalty_draws_the_orbit_in() -> None:
    path, _ = orbit(300, update="simultaneous", r1=1.0)
    assert radius(path)[-1] < 0.02


def test_the_orbit_panel_shows_the_last_two_thousand_steps() -> None:
    _, trainer = orbit(3)
    model = trainer.model
    model.orbit_length.zero_()
    made = next(player for player in trainer.players if player.name == "generator")
    context = Context(0, 0.0, torch.Generator(), torch.device("cpu"))
    with torch.no_grad():
        for step in range(2100):
            model.generator.theta.fill_(step)
            model.critic.psi.fill_(-step)
            model.after_step(made, context)
    (plane,) = PROBES["orbit"](model, ProbeRequest(GanSampler()))
    line, now, settled = plane.groups
    assert np.array_equal(line.x, np.stack([np.arange(100, 2100), -np.arange(100, 2100)], 1))
    assert now.x[0] == pytest.approx([2099, -2099])
    assert settled.x[0] == pytest.approx([0, 0])
    assert "2.97e+03" in plane.note
    assert "141" in plane.note
