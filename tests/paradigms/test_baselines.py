"""What the baselines add to what every paradigm does."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import norm

from genlab.core.random import generator
from genlab.core.requests import DensityRequest, NoDensity, ProbeRequest, SampleRequest
from genlab.core.training import Batch
from genlab.data import Draw, load
from genlab.data.condition import Condition
from genlab.data.payloads import Curves, Plane, Table, Tiles
from genlab.engine.models import model_of
from genlab.engine.training.trainer import Trainer
from genlab.paradigms.baselines import mixture
from genlab.paradigms.baselines.mixture import Mixture
from genlab.paradigms.baselines.model import Baselines
from genlab.paradigms.baselines.presets import PRESETS
from genlab.paradigms.baselines.probes import PROBES
from genlab.paradigms.baselines.settings import BaselinesObjective
from genlab.session.session import Session
from tests.paradigms.conftest import Trained

METHODS = ("histogram", "kernel", "mixture", "nearest")
WITH_DENSITY = METHODS[:3]
QUICK = {"network.stored": 600}

ShortRun = Callable[..., Trained]


def fitted(short_run: ShortRun, method: str, dataset: str = "mixture-1d", **values: Any) -> Trained:
    objective = {"objective.method": method} | {f"objective.{key}": value for key, value in values.items()}
    return short_run("baselines", dataset, QUICK | objective)


def samples(run: Trained, n: int, label: str = "any", **sampler: Any) -> Any:
    settings = run.session.sampler.model_copy(update=sampler)
    with torch.no_grad():
        (frame,) = run.model.sample(SampleRequest(n, settings, Condition(label)))
    return frame


def log_prob(run: Trained, x: np.ndarray, label: str = "any", **sampler: Any) -> list[Any]:
    settings = run.session.sampler.model_copy(update=sampler)
    points = torch.as_tensor(x, dtype=torch.float32)
    request = DensityRequest(settings, Condition(label))
    with torch.no_grad():
        return [part for part in run.model.log_prob(points, request) if part is not None]


def values(parts: list[Any]) -> np.ndarray:
    return torch.cat([part.value for part in parts]).numpy()


def probe(run: Trained, name: str, label: str = "any", **controls: float) -> Any:
    examples = Batch(torch.as_tensor(run.dataset.test(300, np.random.default_rng(3)).x), None)
    request = ProbeRequest(run.session.sampler, controls, 24, examples, Condition(label))
    assert isinstance(run.model, Baselines)
    with torch.no_grad():
        (*_, last) = (p for p in PROBES[name](run.model, request) if p)
    return last


@pytest.mark.parametrize("method", WITH_DENSITY)
@pytest.mark.parametrize("label", ["any", "none", "mode 2"])
def test_every_density_integrates_to_one_for_every_label(
    short_run: ShortRun, method: str, label: str
) -> None:
    x = np.linspace(-14, 14, 5601)
    density = np.exp(values(log_prob(fitted(short_run, method), x[:, None], label=label)))
    assert density.sum() * (x[1] - x[0]) == pytest.approx(1, abs=3e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_class_has_samples_of_its_own(short_run: ShortRun, method: str) -> None:
    frame = samples(fitted(short_run, method), 500, label="mode 1")
    assert (frame.labels == 0).all()
    assert np.mean(frame.x < 0) > 0.98


@pytest.mark.parametrize("method", METHODS)
def test_any_draws_classes_by_their_prior(short_run: ShortRun, method: str) -> None:
    frame = samples(fitted(short_run, method), 4000, label="any")
    assert frame.labels.mean() == pytest.approx(0.5, abs=0.03)
    assert np.mean((frame.x[:, 0] > 0) == (frame.labels == 1)) > 0.98


@pytest.mark.parametrize("method", METHODS)
def test_without_labels_all_data_are_fitted_at_once(short_run: ShortRun, method: str) -> None:
    frame = samples(fitted(short_run, method), 2000, label="none")
    assert (frame.labels == -1).all()
    assert np.mean(frame.x > 0) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("method", METHODS)
def test_a_fit_ends_by_itself(short_run: ShortRun, method: str) -> None:
    run = fitted(short_run, method)
    assert run.trainer.finished
    assert run.trainer.step < 400


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_fit_equals_an_uninterrupted_one(short_run: ShortRun, method: str) -> None:
    run = fitted(short_run, method)
    session = run.session.with_values({"training.steps": 8})
    whole, first, second = (
        Trainer(model_of(session, run.dataset, run.draw), session, run.trainer.pool) for _ in range(3)
    )
    whole.advance(math.inf, steps=8)
    first.advance(math.inf, steps=3)
    second.restore(*first.state())
    second.advance(math.inf, steps=5)
    (mine, _), (theirs, _) = second.state(), whole.state()
    assert all(torch.equal(mine[name], theirs[name]) for name in theirs)


def test_the_loss_is_compared_with_the_entropy_and_its_conditional(short_run: ShortRun) -> None:
    run = fitted(short_run, "mixture")
    found = []

    def exhaust() -> Iterator[None]:
        found.append((yield from run.model.loss_reference(run.trainer.pool, generator(0, "evaluation"))))

    list(exhaust())
    (reference,) = found
    assert reference.title == "entropy"
    one = 0.5 * math.log(2 * math.pi * math.e * 0.25)
    assert reference.values["total"] == pytest.approx(one + math.log(2), abs=0.01)
    assert reference.values["given the class"] == pytest.approx(one, abs=0.03)
    assert run.columns["total"][-1] == pytest.approx(reference.values["total"], abs=0.03)


def test_a_fit_that_converges_is_checked_on_held_out_data() -> None:
    session = Session.default("baselines", "digits").with_values({"objective.method": "histogram"})
    dataset = load(session.dataset, session.data)
    train, held = (part(1000, np.random.default_rng(0)) for part in (dataset.train, dataset.validation))
    pool, validation = (Batch(torch.as_tensor(d.x), torch.as_tensor(d.labels)) for d in (train, held))
    trainer = Trainer(model_of(session, dataset, train), session, pool, validation)
    trainer.advance(math.inf)
    row = dict(zip(trainer.names, trainer.take_rows()[-1], strict=True))
    with torch.no_grad():
        request = DensityRequest(session.sampler, Condition("none"))
        parts = [p for p in trainer.model.log_prob(validation.x, request) if p is not None]
    assert row["validation"] == pytest.approx(-float(np.mean(values(parts))), abs=1e-3)


@pytest.mark.parametrize(("covariance", "work"), [("full", 1e4), ("diag", 1e3)])
def test_an_iteration_in_many_slices_is_that_in_one(
    covariance: Any, work: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = torch.Generator().manual_seed(0)
    pool = Batch(torch.randn((500, 3), generator=rng), torch.randint(2, (500,), generator=rng))
    objective = BaselinesObjective(method="mixture", covariance=covariance, components=4)

    def made() -> Mixture:
        seeded = torch.Generator().manual_seed(1)
        return Mixture(pool, 3, pool.x.mean(0), pool.x.std(0), 0.01, objective, seeded)

    whole, sliced = made(), made()
    totals = [whole.fit(pool) for _ in range(3)]
    monkeypatch.setattr(mixture, "WORK", work)
    found = [sliced.fit(pool)]
    while int(sliced.cursor):
        found.append(sliced.fit(pool))
    assert len(found) > 5
    for name in ("total", "given the class"):  # of the start, before an iteration is over and after it
        assert [float(row[name]) for row in found] == pytest.approx(len(found) * [float(totals[0][name])])
    for _ in range(2 * len(found)):
        last = sliced.fit(pool)
    assert float(last["total"]) == pytest.approx(float(totals[2]["total"]))
    for name, value in whole.state_dict().items():
        assert torch.allclose(sliced.state_dict()[name], value, rtol=1e-4, atol=1e-5), name


# -- the nearest-sample generator ----------------------------------------------------------------


def test_the_nearest_sample_generator_returns_training_points_only(short_run: ShortRun) -> None:
    run = fitted(short_run, "nearest", "moons")
    known = {tuple(row) for row in run.draw.x.tolist()}
    drawn = samples(run, 400).x
    assert {tuple(row) for row in drawn.tolist()} <= known


def test_it_has_no_density_and_says_why(short_run: ShortRun) -> None:
    run = fitted(short_run, "nearest")
    assert run.session.capabilities.density == "none"
    assert "loss" not in {panel.kind for panel in run.session.panels}
    with pytest.raises(NoDensity, match="on the stored points alone"):
        log_prob(run, np.zeros((1, 1)))


def test_memorised_samples_lie_on_stored_points_and_held_out_data_do_not(short_run: ShortRun) -> None:
    shares = probe(fitted(short_run, "nearest", "moons"), "memorised").curves
    assert (shares["samples"] == 1).all()
    assert shares["held-out data"][0] < 0.05


# -- an interval on a line -----------------------------------------------------------------------


@pytest.mark.parametrize("method", WITH_DENSITY)
@pytest.mark.parametrize("label", ["any", "none", "mode 1"])
def test_the_probability_of_an_interval_is_the_integral_of_the_density(
    short_run: ShortRun, method: str, label: str
) -> None:
    run = fitted(short_run, method)
    weights = run.model.weights_of(label)
    ours = sum(w * (run.model.fitted.cdf(0.8, g) - run.model.fitted.cdf(-2.4, g)) for g, w in weights.items())
    x = np.linspace(-2.4, 0.8, 8001)
    density = np.exp(values(log_prob(run, x[:, None], label=label)))
    assert ours == pytest.approx(np.trapezoid(density, x), abs=1e-3)


def test_the_true_probability_of_an_interval_is_scipys(short_run: ShortRun) -> None:
    table = probe(fitted(short_run, "mixture"), "interval", low=-0.5, high=0.5)
    expected = np.mean([norm.cdf(0.5, m, 0.5) - norm.cdf(-0.5, m, 0.5) for m in (-2, 2)])
    name, shown, how = table.rows[0]
    assert isinstance(table, Table)
    assert (name, how) == ("Truth", "exact")
    assert float(shown) == pytest.approx(expected, rel=0.01)


def test_every_method_answers_but_the_one_that_can_only_count(short_run: ShortRun) -> None:
    table = probe(fitted(short_run, "histogram"), "interval", low=-1.0, high=2.0)
    answers = {name: shown for name, shown, _ in table.rows}
    assert answers.pop("Nearest sample") == "no answer"
    truth = float(answers.pop("Truth"))
    assert len(answers) == 3
    assert all(float(value) == pytest.approx(truth, abs=0.05) for value in answers.values())


def test_a_wide_kernel_bridges_two_modes(short_run: ShortRun) -> None:
    wide, narrow = (fitted(short_run, "kernel", bandwidth="fixed", width=width) for width in (0.5, 0.05))
    between = np.zeros((1, 1))
    bridge, none = (values(log_prob(run, between, label="none"))[0] for run in (wide, narrow))
    assert bridge > none + 3


# -- guidance ------------------------------------------------------------------------------------


def test_guided_samples_follow_the_tilted_density(short_run: ShortRun) -> None:
    run = fitted(short_run, "mixture", "mixture-1d")
    close = short_run(
        "baselines", "8gaussians", QUICK | {"objective.method": "mixture", "objective.components": 8}
    )
    for trained, label in ((run, "mode 1"), (close, "0°")):
        frame = samples(trained, 3000, label=label, guidance=4.0)
        assert frame.biased == "guidance 4"
        kind = {part.kind for part in log_prob(trained, frame.x[:5], label=label, guidance=4.0)}
        assert kind == {"estimate"}
    x = np.linspace(-9, 9, 3601)
    density = np.exp(values(log_prob(run, x[:, None], label="mode 1", guidance=4.0)))
    assert density.sum() * (x[1] - x[0]) == pytest.approx(1, abs=0.02)


def test_guidance_leaves_the_surest_examples_of_a_class(fresh_model: Callable[..., Any]) -> None:
    """Two overlapping unit Gaussians: p(x | c) p(c | x)^3 by quadrature."""
    data = {"data.spacing": 1.5, "data.noise": 1.0}
    goal = {"objective.method": "mixture", "objective.components": 2}
    session, dataset, draw, model = fresh_model("baselines", "mixture-1d", data | goal)
    trainer = Trainer(model, session, Batch(torch.as_tensor(draw.x), torch.as_tensor(draw.labels)))
    trainer.advance(math.inf)
    settings = session.sampler.model_copy(update={"guidance": 4.0})
    with torch.no_grad():
        (frame,) = model.sample(SampleRequest(20_000, settings, Condition("mode 2")))
    x = np.linspace(-6, 8, 2801)[:, None]
    one, two = (np.exp(dataset.truth.log_prob(x, label)) for label in (0, 1))
    tilted = two * (two / (one + two)) ** 3
    mean = float((tilted * x[:, 0]).sum() / tilted.sum())
    assert frame.x.mean() == pytest.approx(mean, abs=0.08)
    assert mean > 0.75 + 0.3


# -- images and panels ---------------------------------------------------------------------------


def test_a_histogram_of_images_counts_levels(short_run: ShortRun) -> None:
    run = fitted(short_run, "histogram", "digits")
    x = run.dataset.test(200, np.random.default_rng(0)).x
    assert -values(log_prob(run, x)).mean() < 64 * math.log(17)
    assert set(np.unique(samples(run, 50).x)) <= set(range(17))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("dataset", "payload"), [("mixture-1d", Curves), ("moons", Plane), ("digits", Tiles)]
)
@pytest.mark.parametrize("label", ["any", "none"])
def test_the_inside_of_every_fit_can_be_drawn(
    short_run: ShortRun, method: str, dataset: str, payload: type, label: str
) -> None:
    assert isinstance(probe(fitted(short_run, method, dataset), "fit", label), payload)


def test_the_criterion_is_highest_at_the_bandwidth_taken(short_run: ShortRun) -> None:
    run = fitted(short_run, "kernel")
    curves = probe(run, "criterion", "none")
    (held_out,) = curves.curves.values()
    best = 10 ** curves.x[np.nanargmax(held_out)]
    assert best == pytest.approx(float(run.model.fitted.bandwidth[0]), rel=1e-4)


def test_every_probe_of_the_catalogue_is_answered() -> None:
    for method in METHODS:
        for dataset in ("mixture-1d", "moons", "digits"):
            session = Session.default("baselines", dataset).with_values({"objective.method": method})
            data = load(session.dataset, session.data)
            model = model_of(session, data, data.train(200, np.random.default_rng(0)))
            assert isinstance(model, Baselines)
            for panel in session.panels:
                controls = {control.key: control.default for control in panel.controls}
                if panel.kind == "probe" and panel.probe != "criterion":
                    asked = ProbeRequest(session.sampler, controls, 24, None)
                    assert any(p is not None for p in PROBES[panel.probe](model, asked)), panel.id


def test_a_panel_of_another_method_says_so(short_run: ShortRun) -> None:
    run = fitted(short_run, "histogram", "moons")
    for name, words in (("criterion", "only a kernel"), ("memorised", "only kernels"), ("interval", "line")):
        with pytest.raises(ValueError, match=words):
            probe(run, name, low=0.0, high=1.0)


def test_the_stored_points_of_a_class_are_drawn_beside_the_truth_of_that_class(short_run: ShortRun) -> None:
    run = fitted(short_run, "nearest")
    for label, index in (("mode 2", 1), ("none", None)):
        curves = probe(run, "fit", label)
        assert curves.curves["truth"] == pytest.approx(
            np.exp(run.dataset.truth.log_prob(curves.x[:, None], index)), abs=1e-4
        )


def test_a_class_without_training_points_is_refused_and_never_drawn() -> None:
    session = Session.default("baselines", "8gaussians")
    data = load(session.dataset, session.data)
    draw = data.train(2000, np.random.default_rng(0))
    there = draw.labels != 3
    model = model_of(session, data, Draw(draw.x[there], draw.labels[there]))
    gone = session.labels[3]
    asked = SampleRequest(4000, session.sampler, Condition(gone))
    for refused in (lambda: model.refuse(asked), lambda: list(model.sample(asked))):
        with pytest.raises(ValueError, match="no training examples"):
            refused()
    with pytest.raises(NoDensity, match="no training examples"):
        next(model.log_prob(torch.zeros(1, 2), DensityRequest(session.sampler, Condition(gone))))
    (frame,) = model.sample(SampleRequest(4000, session.sampler))
    assert set(frame.labels) == set(range(8)) - {3}


def test_the_catalogue_says_what_guidance_needs() -> None:
    session = Session.default("baselines", "moons")
    _, guidance, label = session.capabilities.controls
    assert (guidance.key, label.key) == ("sampler.guidance", "condition.label")
    assert guidance.enabled
    assert label.enabled
    for values, words in (
        ({"objective.method": "nearest"}, "stored points"),
        ({"condition.label": "none"}, "nothing to guide towards"),
    ):
        refused = session.with_values(values).capabilities.controls[1]
        assert not refused.enabled
        assert words in refused.reason


def test_every_preset_is_a_session() -> None:
    for preset in PRESETS:
        session = Session.default("baselines", preset.dataset).with_values(preset.values)
        assert session.panels
