"""The classifier of noisy data, and guidance by its gradient."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from genlab.core.random import generator
from genlab.paradigms.score.classifier import ClassifierGuidance
from genlab.sampling.condition import Conditions
from genlab.sampling.denoiser import network_input
from genlab.sampling.guidance import ClassifierFreeGuidance
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.sampling.likelihood import ode_log_prob
from genlab.sampling.path import Linear, Path, SubVP, VarianceExploding
from tests.paradigms.score_pieces import MEAN, STD, on_a_line
from tests.paradigms.time_pieces import frames


def test_the_classifier_knows_the_class_of_noisy_points() -> None:
    run = on_a_line(2000)
    data = run.model.standardise(torch.as_tensor(run.draw.x[:2000]))
    noise = torch.randn(data.shape, generator=generator(4, "noise"))
    centre, std = MEAN / float(run.model.std), STD / float(run.model.std)
    for level in (0.1, 1.0, 3.0):
        x = data + level * noise
        t = torch.full((len(x),), level)
        with torch.no_grad():
            got = run.model.classifier(*network_input(run.model.path, x, t)).softmax(1)[:, 1]
        # Two Gaussians of one width: a logistic curve.
        exact = torch.sigmoid(
            2 * centre * (x - run.model.standardise(torch.zeros(1)))[:, 0] / (std**2 + level**2)
        )
        assert float((got - exact).abs().mean()) < 0.04


class ExactClassifier(nn.Module):
    """The posterior of the components of a mixture given `network_input` of a noisy point."""

    def __init__(self, mixture: GaussianMixtureDenoiser) -> None:
        super().__init__()
        self.mixture = mixture

    def forward(self, z: Tensor, c_noise: Tensor) -> Tensor:
        level = torch.exp(4 * c_noise)[:, None]
        path = self.mixture.path
        t = path.time_of_noise_level(level[:, 0])
        y = z * (path.scale(t) / path.alpha(t))[:, None]
        logits, _ = self.mixture._components(y, level, None)
        return logits


def toy(path: Path) -> tuple[GaussianMixtureDenoiser, ExactClassifier]:
    means = torch.tensor([[-0.9, 0.3], [0.8, -0.2], [0.1, 1.1]], dtype=torch.float64)
    std = torch.tensor([0.3, 0.45, 0.2], dtype=torch.float64)
    mixture = GaussianMixtureDenoiser(means, std, path, torch.tensor([0.5, 0.2, 0.3]))
    return mixture, ExactClassifier(mixture)


@pytest.mark.parametrize("path", [VarianceExploding(0.005, 20), Linear(), SubVP()])
def test_by_bayes_rule_an_exact_classifier_at_scale_one_gives_the_conditional_score(path: Path) -> None:
    mixture, classifier = toy(path)
    x = torch.randn(40, 2, dtype=torch.float64, generator=generator(0, "noise"))
    label = torch.arange(40) % 3
    for level in (0.05, 0.5, 3.0):
        t = path.time_of_noise_level(torch.tensor(level, dtype=torch.float64))
        at = x * path.scale(t)
        scores = [
            ClassifierGuidance(mixture, classifier, scale).predict(at, t, Conditions(label)).score
            for scale in (0.0, 1.0, 2.5)
        ]
        alone = mixture.predict(at, t).score
        given = mixture.predict(at, t, Conditions(label)).score
        assert torch.allclose(scores[0], alone, atol=1e-9)
        assert torch.allclose(scores[1], given, rtol=1e-6, atol=1e-6)
        # With an exact classifier both kinds of guidance are one.
        free = ClassifierFreeGuidance(mixture, 2.5).predict(at, t, Conditions(label)).score
        assert torch.allclose(scores[2], free, rtol=1e-6, atol=1e-6)


def test_rows_without_a_label_and_levels_outside_the_interval_are_not_guided() -> None:
    path = VarianceExploding(0.005, 20)
    mixture, classifier = toy(path)
    x = torch.randn(6, 2, dtype=torch.float64, generator=generator(0, "noise"))
    label = torch.tensor([0, -1, 1, -1, 2, -1])
    guide = ClassifierGuidance(mixture, classifier, 4.0, (0.2, 2.0))
    inside, outside = (torch.tensor(level, dtype=torch.float64) for level in (0.5, 5.0))
    guided = guide.predict(x, inside, Conditions(label)).score
    alone = mixture.predict(x, inside).score
    given = mixture.predict(x, inside, Conditions(label)).score
    assert torch.allclose(guided[1::2], alone[1::2])
    assert torch.allclose(guided[::2], (alone + 4 * (given - alone))[::2], rtol=1e-6, atol=1e-6)
    assert not torch.allclose(guided[::2], given[::2], atol=0.1)
    plain = mixture.predict(x, outside, Conditions(label)).score
    assert torch.equal(guide.predict(x, outside, Conditions(label)).score, plain)


def test_a_density_guided_by_an_exact_classifier_at_one_is_that_of_the_class() -> None:
    """The divergence takes the classifier's second derivative, also under no_grad."""
    # So much noise that where the ODE ends all classes are alike.
    mixture, classifier = toy(VarianceExploding(0.005, 500))
    x = torch.randn(30, 2, dtype=torch.float64, generator=generator(0, "noise")) * 0.5
    label = Conditions(torch.ones(30, dtype=torch.long))
    with torch.no_grad():
        parts = list(
            ode_log_prob(ClassifierGuidance(mixture, classifier, 1.0), x, label, error=False, steps=80)
        )
    (found,) = [part.value for part in parts if part is not None]
    expected = mixture.log_prob(x, 0.005, label)
    assert float((found - expected).abs().max()) < 0.02


def test_guidance_by_a_classifier_moves_samples_towards_the_class() -> None:
    run = on_a_line(800)
    sampler = {"guide": "classifier", "label": "mode 2"}
    right = {
        w: float((frames(run.model, run.session, 500, guidance=w, **sampler)[-1].x > 0).mean())
        for w in (0.0, 1.5)
    }
    assert right[0.0] == pytest.approx(0.5, abs=0.1)
    assert right[1.5] > 0.97
