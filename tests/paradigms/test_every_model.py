"""What every paradigm of the catalogue does, on a line, in the plane and on images."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.model import Batch, Context, NoDensity, SampleRequest, build_model, generator
from genlab.data.payloads import Samples
from genlab.engine.trainer import Trainer
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session
from genlab.settings.spaces import Images
from tests.paradigms.conftest import columns_of

SETS = ("mixture-1d", "moons", "digits")

every_model = pytest.mark.parametrize(
    ("paradigm", "dataset"), [(paradigm, dataset) for paradigm in PARADIGMS for dataset in SETS]
)
every_paradigm = pytest.mark.parametrize("paradigm", list(PARADIGMS))

ShortRun = Callable[..., Any]


def frames(run: Any, n: int, **sampler: Any) -> list[Samples]:
    settings = run.session.sampler.model_copy(update=sampler)
    with torch.no_grad():
        return list(run.model.sample(SampleRequest(n, settings)))


def log_prob(run: Any, x: np.ndarray, **sampler: Any) -> torch.Tensor:
    settings = run.session.sampler.model_copy(update=sampler)
    value = torch.full((len(x),), torch.nan)
    with torch.no_grad():
        for part in run.model.log_prob(torch.as_tensor(x, dtype=torch.float32), settings, error=False):
            if part is not None:
                value[part.start : part.start + len(part.value)] = part.value
    return value


@every_model
def test_every_recorded_number_is_finite(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    for name, values in short_run(paradigm, dataset).columns.items():
        assert np.isfinite(values).all(), name


@every_model
def test_each_player_lowers_its_own_loss(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    for stage in range(len(run.trainer.stages)):
        session = run.session.with_values({"training.steps": 10**9})
        trainer = Trainer(build_model(session, run.dataset, run.draw), session, run.trainer.pool)
        trainer.stage = stage
        for player in trainer.players:
            trainer.take_rows()
            trainer.advance(
                math.inf, steps=30 if isinstance(session.space, Images) else 90, player=player.name
            )
            prefix = f"{player.name} " if len(trainer.players) > 1 else ""
            total = columns_of(trainer)[f"{prefix}total"]
            if player.parameters:
                assert total[-10:].mean() < total[:5].mean(), player.name
            else:
                assert np.diff(total).max(initial=-math.inf) <= 1e-6 * np.abs(total).max(), player.name


@every_model
def test_every_parameter_receives_a_gradient(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    model = build_model(run.session, run.dataset, run.draw)
    model.load_state_dict(run.model.state_dict())
    x = torch.as_tensor(run.draw.x[:256])
    batch = Batch(x, None if run.draw.labels is None else torch.as_tensor(run.draw.labels[:256]))
    moved = set()
    for stage in model.stages():
        context = Context(1, 0.5, generator(0, "noise"), torch.device("cpu"), stage.name)
        for player in (player for player in stage.players if player.parameters):
            model.zero_grad()
            model.loss(batch, player, context)["total"].backward()
            assert all(p.grad is not None and bool((p.grad != 0).any()) for p in player.parameters)
            moved |= {id(p) for p in player.parameters}
    assert all(id(p) in moved for p in model.parameters() if p.requires_grad)


@every_model
def test_a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(
    short_run: ShortRun, paradigm: str, dataset: str
) -> None:
    run = short_run(paradigm, dataset)
    session = run.session.with_values({"training.steps": 12})
    whole, first, second = (
        Trainer(build_model(session, run.dataset, run.draw), session, run.trainer.pool) for _ in range(3)
    )
    whole.advance(math.inf)
    first.advance(math.inf, steps=min(5, whole.step))
    torch.manual_seed(999)
    second.restore(*first.state())
    second.advance(math.inf)
    assert second.step == whole.step
    (mine, plain), (theirs, expected) = second.state(), whole.state()
    assert mine.keys() == theirs.keys()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)
    assert plain["held"] == expected["held"]


@every_model
def test_a_trajectory_runs_from_start_to_samples(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    shown = frames(run, 7)
    assert [frame.index for frame in shown] == list(range(shown[-1].total + 1))
    for frame in shown:
        assert frame.x.shape == (7, *run.session.space.event)
        assert frame.x.dtype == np.float32
        assert np.isfinite(frame.x).all()
        assert frame.clean is None or frame.clean.shape == frame.x.shape
        assert frame.labels is None or frame.labels.shape == (7,)
    assert all(a.nfe <= b.nfe for a, b in itertools.pairwise(shown))
    if isinstance(run.session.space, Images):
        assert set(np.unique(shown[-1].x)) <= set(range(run.session.space.levels))


@every_model
def test_samples_are_decided_by_their_seed_alone(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    first, again, other = (frames(run, 6, seed=seed)[-1] for seed in (3, 3, 4))
    assert np.array_equal(first.x, again.x)
    assert np.array_equal(first.labels, again.labels)
    assert not np.array_equal(first.x, other.x)


@every_model
def test_sampling_leaves_torchs_global_randomness_alone(
    short_run: ShortRun, paradigm: str, dataset: str
) -> None:
    before = torch.get_rng_state()
    frames(short_run(paradigm, dataset), 3)
    assert torch.equal(before, torch.get_rng_state())


@every_model
def test_saved_weights_give_the_same_samples(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    session = run.session.with_values({"seed": 5})
    copy = build_model(session, run.dataset, run.draw)
    copy.load_state_dict(run.model.state_dict())
    settings = SampleRequest(5, session.sampler)
    with torch.no_grad():
        ours, theirs = (list(model.eval().sample(settings))[-1].x for model in (run.model, copy))
    assert np.array_equal(ours, theirs)


@every_model
def test_the_initial_weights_are_decided_by_the_seed(paradigm: str, dataset: str) -> None:
    from genlab.data import load

    session = Session.default(paradigm, dataset)
    data = load(session.dataset, session.data)
    draw = data.train(500, np.random.default_rng(0))
    one, same, other = (build_model(session.with_values({"seed": s}), data, draw) for s in (1, 1, 2))
    pairs = list(zip(one.state_dict().values(), same.state_dict().values(), strict=True))
    assert all(torch.equal(a, b) for a, b in pairs)
    assert any(
        not torch.equal(a, b)
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


@every_paradigm
def test_an_asked_for_class_is_what_comes(short_run: ShortRun, paradigm: str) -> None:
    run = short_run(paradigm, "mixture-1d")
    if not run.session.capabilities.labels.enabled:
        pytest.skip("takes no labels")
    truth = run.dataset.truth
    for index, name in enumerate(run.session.labels):
        last = frames(run, 400, label=name)[-1]
        classes = np.stack([truth.log_prob(last.x, label) for label in range(len(run.session.labels))])
        assert (last.labels == index).all()
        assert (classes.argmax(0) == index).mean() > 0.97


@every_model
def test_an_unknown_class_is_refused(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    with pytest.raises(ValueError, match="no class 'nonsense'"):
        frames(short_run(paradigm, dataset), 2, label="nonsense")


@every_model
def test_the_density_is_what_the_catalogue_says(short_run: ShortRun, paradigm: str, dataset: str) -> None:
    run = short_run(paradigm, dataset)
    kind, x = run.session.capabilities.density, run.draw.x[:3]
    assert run.session.capabilities.density_reason
    if kind == "none":
        with pytest.raises(NoDensity, match=r"\w"):
            log_prob(run, x)
        return
    value = log_prob(run, x)
    assert value.shape == (3,)
    assert bool(value.isfinite().all())


@every_paradigm
@pytest.mark.parametrize("label", ["any", "none"])
def test_the_density_integrates_to_one(short_run: ShortRun, paradigm: str, label: str) -> None:
    run = short_run(paradigm, "mixture-1d")
    if run.session.capabilities.density not in ("exact", "ode"):
        pytest.skip("has no density that integrates to one")
    x = np.linspace(-9, 9, 901)
    density = log_prob(run, x[:, None], label=label).exp().numpy()
    assert np.trapezoid(density, x) == pytest.approx(1, abs=2e-3)


@every_paradigm
def test_the_density_is_near_the_truth_after_a_short_training(short_run: ShortRun, paradigm: str) -> None:
    run = short_run(paradigm, "mixture-1d")
    if run.session.capabilities.density not in ("exact", "ode"):
        pytest.skip("has no density")
    x = run.dataset.test(1000, np.random.default_rng(1)).x
    gap = run.dataset.truth.log_prob(x) - log_prob(run, x).numpy()
    assert -0.02 < gap.mean() < 0.1
