"""Score-based models: what they match, under which noise, and what samplers and guidance make of it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from genlab.core.random import generator
from genlab.core.training import Batch, Context
from genlab.paradigms.score.model import ladder, level_quantile
from genlab.sampling.catalogue import BUILT_IN
from genlab.sampling.ideal import GaussianMixtureDenoiser
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from tests.paradigms.score_pieces import MEAN, STD, on_a_line
from tests.paradigms.time_pieces import frames

MATCHINGS = ("denoising", "sliced", "implicit")
NOISES = ("ve", "vp", "sub-vp", "ncsn")
PREDICTIONS = ("noise", "v")
WEIGHTS = ("variance", "likelihood", "edm")
METHODS = tuple(record.id for record in BUILT_IN if "score" in record.suits)
CPU = torch.device("cpu")
Fresh = Callable[..., Any]


def batch_of(draw: Any, n: int) -> Batch:
    return Batch(torch.as_tensor(draw.x[:n]), torch.as_tensor(draw.labels[:n]))


def roughened(model: nn.Module, by: float = 0.1) -> None:
    """Weights that make no prediction zero."""
    rng = generator(1, "noise")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(by * torch.randn(parameter.shape, generator=rng))


def exact_of(model: Any) -> GaussianMixtureDenoiser:
    """The closed form for mixture-1d, in the model's standardised units and on its path."""
    centres = model.standardise(torch.tensor([[-MEAN], [MEAN]]))
    return GaussianMixtureDenoiser(centres, float(STD / model.std), model.path)


@pytest.mark.parametrize(
    ("matching", "noise", "predict"), list(itertools.product(MATCHINGS, NOISES, PREDICTIONS))
)
def test_every_objective_trains_and_samples_finitely(
    fresh_model: Fresh, matching: str, noise: str, predict: str
) -> None:
    for weight in WEIGHTS:
        values = {
            "objective.matching": matching,
            "objective.noise": noise,
            "objective.predict": predict,
            "objective.weight": weight,
            "network.width": 24,
            "sampler.steps": 5,
        }
        session, _, draw, model = fresh_model("score", "moons", values)
        rng, batch = generator(0, "noise"), batch_of(draw, 64)
        for player in model.players():
            optimiser = torch.optim.Adam(player.parameters, 1e-3)
            for step in range(4):
                terms = model.loss(batch, player, Context(step, 0.0, rng, CPU))
                optimiser.zero_grad()
                terms["total"].backward()
                assert all(bool(value.isfinite()) for value in terms.values())
                assert all(bool(p.grad.isfinite().all()) for p in player.parameters)
                optimiser.step()
        assert np.isfinite(frames(model, session, 8)[-1].x).all()


@pytest.mark.parametrize(
    "values",
    [
        {"objective__noise": "ve"},
        {"objective__noise": "vp"},
        {"objective__noise": "sub-vp"},
        {"objective__noise": "ncsn", "objective__predict": "noise", "objective__weight": "variance"},
        {"objective__matching": "sliced", "objective__sigma_min": 0.02, "objective__weight": "variance"},
        {"objective__matching": "implicit", "objective__sigma_min": 0.02, "objective__weight": "variance"},
    ],
)
def test_a_short_training_learns_most_of_the_score(values: dict[str, Any]) -> None:
    run = on_a_line(500, objective__classifier=False, objective__condition_dropout=1.0, **values)
    data = run.model.standardise(torch.as_tensor(run.draw.x[:1000]))
    noise = torch.randn(data.shape, generator=generator(4, "noise"))
    for level in (0.3, 1.0):
        t = run.model.path.time_of_noise_level(torch.tensor(level, dtype=torch.float64))
        x = run.model.path.alpha(t).float() * (data + level * noise)
        with torch.no_grad():
            learned = run.model.plain_denoiser(run.session.sampler).predict(x, t).score
        exact = exact_of(run.model).predict(x, t).score
        untrained = -x / run.model.path.scale(t).float() ** 2  # of N(0, I) as data
        assert (learned - exact).norm() < 0.2 * exact.norm()
        assert (learned - exact).norm() < 0.5 * (untrained - exact).norm()


@pytest.mark.parametrize("noise", ["ve", "vp"])
def test_sliced_and_implicit_matching_agree_with_denoising_on_average(fresh_model: Fresh, noise: str) -> None:
    """Of one network: Vincent (2011) and Song et al. (2019) differ by a constant that the loss adds."""
    models = {}
    for matching in MATCHINGS:
        values = {
            "objective.matching": matching,
            "objective.noise": noise,
            "objective.weight": "variance",
            "objective.sigma_min": 0.05,
            "network.width": 32,
        }
        _, dataset, _, models[matching] = fresh_model("score", "moons", values)
    roughened(models["denoising"], 0.2)
    for matching in ("sliced", "implicit"):
        models[matching].load_state_dict(models["denoising"].state_dict())
    totals = {matching: [] for matching in MATCHINGS}
    for seed in range(60):
        batch = batch_of(dataset.train(512, np.random.default_rng(seed)), 512)
        for matching, model in models.items():
            # One seed: the same points and noise for all three.
            context = Context(0, 0.0, generator(seed, "noise"), CPU)
            totals[matching].append(float(model.loss(batch, model.players()[0], context)["total"].detach()))
    expected = np.array(totals["denoising"])
    for matching in ("sliced", "implicit"):
        difference = np.array(totals[matching]) - expected
        spread = difference.std(ddof=1) / math.sqrt(len(difference))
        assert spread < 0.02 * expected.mean()
        assert abs(difference.mean()) < 4 * spread
    # The comparison can tell: without the divergence the loss is elsewhere.
    assert abs(expected.mean() - 1) > 0.1


def test_the_likelihood_weight_is_g_squared_over_sigma_squared(fresh_model: Fresh) -> None:
    times = np.linspace(0.05, 0.95, 7)
    rate, integral = 0.1 + 19.9 * times, 0.1 * times + 9.95 * times**2
    expected = {
        "vp": rate / (1 - np.exp(-integral)),
        "sub-vp": rate * (1 - np.exp(-2 * integral)) / (1 - np.exp(-integral)) ** 2,
    }
    for noise, weight in expected.items():
        values = {"objective.noise": noise, "objective.weight": "likelihood"}
        *_, model = fresh_model("score", "mixture-1d", values)
        log_snr = model.path.log_snr(torch.as_tensor(times))
        assert model.noise_weight(log_snr).numpy() == pytest.approx(weight, rel=1e-6)


@pytest.mark.parametrize("noise", ["ve", "ncsn"])
def test_even_in_log_sigma_the_likelihood_weight_is_constant(fresh_model: Fresh, noise: str) -> None:
    # Song et al. (2021): g^2 = d sigma^2 / dt, and levels drawn evenly in log sigma have the density
    # proportional to (d sigma / dt) / sigma in t; their ratio to sigma^2 is the same at every level.
    *_, model = fresh_model(
        "score", "mixture-1d", {"objective.noise": noise, "objective.weight": "likelihood"}
    )
    weight = model.noise_weight(torch.linspace(-6, 10, 9))
    assert torch.equal(weight, torch.full_like(weight, float(weight[0])))
    assert float(weight[0]) > 0


def test_other_weights_are_one_and_that_of_edm(fresh_model: Fresh) -> None:
    sigma = torch.logspace(-2, 1, 7, dtype=torch.float64)
    for name, expected in (("variance", torch.ones_like(sigma)), ("edm", sigma**2 + 1)):
        *_, model = fresh_model("score", "mixture-1d", {"objective.weight": name})
        # EDM weighs x0 by (sigma^2 + 1) / sigma^2, and x0 errs by sigma times the noise.
        assert torch.allclose(model.noise_weight(-2 * sigma.log()), expected)


def test_the_ladder_is_geometric_and_training_sees_its_rungs_alone(fresh_model: Fresh) -> None:
    values = {"objective.noise": "ncsn", "objective.levels": 12, "objective.sigma_min": 0.01}
    _, _, draw, model = fresh_model("score", "moons", values)
    rungs = ladder(model.objective).numpy()
    assert rungs == pytest.approx(np.geomspace(0.01, 20, 12))
    seen: list[Tensor] = []
    hook = model.net.register_forward_hook(lambda _, inputs, __: seen.append(inputs[1]))
    model.loss(batch_of(draw, 240), model.players()[0], Context(0, 0.0, generator(0, "noise"), CPU))
    hook.remove()
    levels = torch.exp(4 * seen[0]).double().numpy()
    nearest = rungs[np.abs(levels[:, None] / rungs - 1).argmin(1)]
    assert levels == pytest.approx(nearest, rel=1e-4)
    assert np.unique(nearest, return_counts=True)[1].tolist() == [20] * 12


def test_without_a_ladder_exploding_noise_is_even_in_its_logarithm(fresh_model: Fresh) -> None:
    *_, model = fresh_model("score", "moons", {"objective.noise": "ve"})
    quantile = level_quantile(model.objective, model.path)
    log_sigma = -0.5 * quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64))
    assert log_sigma.exp().numpy() == pytest.approx(np.geomspace(0.005, 20, 5))


@pytest.mark.parametrize(
    ("method", "sampler"),
    [
        ("heun", {}),
        ("rk4", {}),
        ("adaptive", {}),
        ("reverse-sde", {"steps": 100}),
        ("predictor-corrector", {"steps": 100}),
        ("annealed-langevin", {"steps": 40, "turns": 30, "step_size": 1.0}),
    ],
)
def test_every_sampler_reaches_the_moments_of_the_data(method: str, sampler: dict[str, Any]) -> None:
    run = on_a_line(800)
    shown = frames(run.model, run.session, 2000, method=method, **sampler)
    x = shown[-1].x[:, 0]
    assert np.isfinite(x).all()
    assert shown[-1].biased == ""
    # Four standard errors of 2000 draws, and 5 % for the training.
    assert x.mean() == pytest.approx(0, abs=4 * 2.06 / math.sqrt(2000) + 0.1)
    assert np.abs(x).mean() == pytest.approx(MEAN, rel=0.05)
    assert np.abs(x).std() == pytest.approx(STD, rel=0.2)


@pytest.mark.parametrize("method", ["ula", "mala"])
def test_chains_stay_at_their_noise_level_and_say_so(method: str) -> None:
    run = on_a_line(800)
    sampler = {"method": method, "steps": 150, "level": 1.0, "step_size": 0.5}
    shown = frames(run.model, run.session, 2000, **sampler)
    assert shown[-1].biased == "chain at noise level 1"
    assert [frame.time for frame in shown] == pytest.approx([1.0] * 151)
    # Data and noise have variance 1 each, and frames are divided by sqrt(2).
    assert shown[-1].x.std() == pytest.approx(math.sqrt(MEAN**2 + STD**2), rel=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_one_seed_gives_one_set_of_samples(method: str) -> None:
    run = on_a_line(800)
    first, again, other = (
        frames(run.model, run.session, 20, method=method, steps=8, seed=seed)[-1].x for seed in (1, 1, 2)
    )
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_annealed_langevin_on_a_ladder_takes_every_rung(fresh_model: Fresh) -> None:
    values = {"objective.noise": "ncsn", "objective.levels": 7, "network.width": 16}
    session, _, _, model = fresh_model("score", "moons", values)
    shown = frames(model, session, 3, method="annealed-langevin", steps=50)
    assert [frame.time for frame in shown[:-1]] == pytest.approx(np.geomspace(20, 0.005, 7))
    assert shown[-1].time == 0


def test_what_was_never_trained_is_refused_in_plain_words(fresh_model: Fresh) -> None:
    def refusal(values: dict[str, Any], **sampler: Any) -> str:
        session, _, _, model = fresh_model("score", "moons", {"network.width": 16, **values})
        with pytest.raises(ValueError, match="train") as caught:
            frames(model, session, 2, **sampler)
        return str(caught.value)

    no_classifier = {"objective.classifier": False}
    guided = {"label": "upper", "guidance": 2.0}
    assert "no classifier" in refusal(no_classifier, guide="classifier", **guided)
    always = {"objective.condition_dropout": 0}
    assert "never trained without labels" in refusal(always, label="none")
    assert "guidance needs" in refusal(always, **guided)
    assert "never saw a label" in refusal({"objective.condition_dropout": 1}, label="upper")


def test_a_model_without_a_classifier_samples_as_long_as_none_is_asked_for(fresh_model: Fresh) -> None:
    values = {"objective.classifier": False, "network.width": 16, "sampler.steps": 3}
    session, _, _, model = fresh_model("score", "moons", values)
    assert [player.name for player in model.players()] == ["score"]
    shown = frames(model, session, 4, guide="classifier", label="upper", guidance=1.0)
    assert np.isfinite(shown[-1].x).all()


def test_controls_that_cannot_act_say_why() -> None:
    plain = Session.default("score", "moons")

    def control(key: str, **values: Any) -> Any:
        named = {name.replace("__", "."): value for name, value in values.items()}
        return plain.with_values(named).capabilities.control(key)

    assert control("sampler.steps").enabled
    adaptive = control("sampler.steps", sampler__method="adaptive")
    assert not adaptive.enabled
    assert "tolerance" in adaptive.reason
    annealed = {"sampler__method": "annealed-langevin"}
    steps = control("sampler.steps", **annealed, objective__noise="ncsn", objective__levels=31)
    assert not steps.enabled
    assert "31 levels" in steps.reason
    assert control("sampler.steps", **annealed).enabled
    assert control("sampler.guidance", sampler__guide="classifier").enabled
    without = control("sampler.guidance", sampler__guide="classifier", objective__classifier=False)
    assert not without.enabled
    assert "no classifier" in without.reason


def test_implicit_matching_of_images_is_refused_in_plain_words(fresh_model: Fresh) -> None:
    with pytest.raises(ValueError, match="64 dimensions: choose sliced"):
        fresh_model("score", "digits", {"objective.matching": "implicit"})


@pytest.mark.parametrize("preset", PARADIGMS["score"].presets, ids=lambda preset: preset.id)
def test_every_preset_builds_and_samples(fresh_model: Fresh, preset: Any) -> None:
    small = {"network.width": 16, "sampler.steps": 4}
    session, _, _, model = fresh_model("score", preset.dataset, {**preset.values, **small})
    shown = frames(model, session, 3)
    assert np.isfinite(shown[-1].x).all()
    assert ("guidance 3" in shown[-1].biased) == (preset.id == "guided")
