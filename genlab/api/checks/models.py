"""What every model does, check by check."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import assert_never

import numpy as np
import torch
from torch import Tensor

from genlab.api.checks.require import require
from genlab.api.checks.trained import Trained, batch_of, columns_of, is_large, short_run
from genlab.core.random import generator
from genlab.core.requests import NoDensity
from genlab.core.training import Context, LossError, checked_loss
from genlab.data.condition import Condition
from genlab.engine.models import model_of
from genlab.engine.training.trainer import Trainer
from genlab.settings.spaces import Images, Points, Signal, Tokens


def every_recorded_number_is_finite(run: Trained) -> None:
    for name, values in run.columns.items():
        require(np.isfinite(values).all(), f"'{name}' has values that are not finite")


def each_player_lowers_its_own_loss(run: Trained) -> None:
    session = run.session.with_values({"training.steps": 10**9})
    for stage in range(len(run.trainer.stages)):
        trainer = Trainer(model_of(session, run.dataset, run.draw), session, run.trainer.pool)
        trainer.stage = stage
        for player in trainer.players:
            trainer.take_rows()
            trainer.advance(math.inf, steps=30 if is_large(session.space) else 90, player=player.name)
            prefix = f"{player.name} " if len(trainer.players) > 1 else ""
            total = columns_of(trainer)[f"{prefix}total"]
            if player.parameters:
                falls = total[-10:].mean() < total[:5].mean()
            else:
                falls = np.diff(total).max(initial=-math.inf) <= 1e-6 * np.abs(total).max()
            require(falls, f"training '{player.name}' does not lower its loss: {total}")


def every_parameter_receives_a_gradient(run: Trained) -> None:
    model = model_of(run.session, run.dataset, run.draw)
    model.load_state_dict(run.model.state_dict())
    batch = batch_of(run.draw, slice(256))
    moved = set()
    for stage in model.stages():
        context = Context(1, 0.5, generator(0, "noise"), torch.device("cpu"), stage.name)
        for player in (player for player in stage.players if player.parameters):
            model.zero_grad()
            try:
                terms = checked_loss(model.loss(batch, player, context), model.title)
            except LossError as problem:
                raise AssertionError(str(problem)) from None
            terms["total"].backward()  # type: ignore[no-untyped-call]
            reached = all(p.grad is not None and bool((p.grad != 0).any()) for p in player.parameters)
            require(reached, f"a parameter of '{player.name}' receives no gradient")
            moved |= {id(p) for p in player.parameters}
    orphans = [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in moved]
    require(not orphans, f"no player moves {', '.join(orphans)}")


def a_resumed_run_equals_an_uninterrupted_one_bit_for_bit(run: Trained) -> None:
    session = run.session.with_values({"training.steps": 12})
    whole, first, second = (
        Trainer(model_of(session, run.dataset, run.draw), session, run.trainer.pool) for _ in range(3)
    )
    whole.advance(math.inf)
    first.advance(math.inf, steps=min(5, whole.step))
    torch.manual_seed(999)
    second.restore(*first.state())
    second.advance(math.inf)
    require(second.step == whole.step, f"it ends at step {second.step}, not at {whole.step}")
    (mine, plain), (theirs, expected) = second.state(), whole.state()
    require(mine.keys() == theirs.keys(), "the states hold different tensors")
    for name in mine:
        require(torch.equal(mine[name], theirs[name]), f"'{name}' differs after a pause")
    require(plain["held"] == expected["held"], "the recorded numbers differ after a pause")


def a_trajectory_runs_from_start_to_samples(run: Trained) -> None:
    shown, space = run.frames(7), run.session.space
    indices = [frame.index for frame in shown]
    require(indices == list(range(shown[-1].total + 1)), f"the frames have the indices {indices}")
    for frame in shown:
        require(frame.x.shape == (7, *space.event), f"a frame has the shape {frame.x.shape}")
        require(frame.x.dtype == space.dtype, f"a frame is of {frame.x.dtype}")
        require(np.isfinite(frame.x).all(), f"frame {frame.index} is not finite")
        require(frame.clean is None or frame.clean.shape == frame.x.shape, "`clean` has another shape")
        require(frame.labels is None or frame.labels.shape == (7,), "`labels` has another shape")
    require(all(a.nfe <= b.nfe for a, b in itertools.pairwise(shown)), "`nfe` falls along the way")
    last = shown[-1].x
    match space:
        case Images(levels=levels):
            require(set(np.unique(last)) <= set(range(levels)), "pixels are not whole levels")
        case Tokens(vocabulary=vocabulary, end=end):
            require(set(np.unique(last)) <= set(range(len(vocabulary))), "tokens are not in the vocabulary")
            if end is not None:
                over = np.cumsum(last == end, axis=1) > 0
                require((last[over] == end).all(), "something follows the end")
        case Points() | Signal():
            pass
        case _:
            assert_never(space)


def samples_are_decided_by_their_seed_alone(run: Trained) -> None:
    first, again, other = (run.frames(6, seed=seed)[-1] for seed in (3, 3, 4))
    require(np.array_equal(first.x, again.x), "the same seed gives other samples")
    ours, theirs = (np.zeros(0) if each.labels is None else each.labels for each in (first, again))
    require(np.array_equal(ours, theirs), "the same seed gives other labels")
    require(not np.array_equal(first.x, other.x), "another seed gives the same samples")


def sampling_leaves_torchs_global_randomness_alone(run: Trained) -> None:
    before = torch.get_rng_state()
    run.frames(3)
    require(torch.equal(before, torch.get_rng_state()), "draw from `generator(seed, 'sampling')` alone")


def saved_weights_give_the_same_samples(run: Trained) -> None:
    copied = model_of(run.session.with_values({"seed": 5}), run.dataset, run.draw)
    copied.load_state_dict(run.model.state_dict())
    ours, theirs = (each.frames(5)[-1].x for each in (run, replace(run, model=copied.eval())))
    require(np.array_equal(ours, theirs), "something that samples depend on is neither parameter nor buffer")


def the_initial_weights_are_decided_by_the_seed(run: Trained) -> None:
    one, same, other = (initial_weights(run, seed) for seed in (1, 1, 2))
    equal = [torch.equal(a, b) for a, b in zip(one, same, strict=True)]
    require(all(equal), "the same seed gives other weights")
    differ = any(not torch.equal(a, b) for a, b in zip(one, other, strict=True))
    require(differ or not list(run.model.parameters()), "another seed gives the same weights")


def initial_weights(run: Trained, seed: int) -> list[Tensor]:
    """Every parameter and buffer of the model before training."""
    model = model_of(run.session.with_values({"seed": seed}), run.dataset, run.draw)
    return list(model.state_dict().values())


def an_asked_for_class_is_what_comes(run: Trained) -> None:
    names, truth = run.session.labels, run.dataset.truth
    for index, name in enumerate(names):
        asked = Condition(name)
        last = run.frames(400, asked)[-1]
        right = last.labels is not None and bool((last.labels == index).all())
        require(right, f"samples of '{name}' have other labels")
        if truth is not None:
            classes = np.stack([truth.log_prob(last.x, label) for label in range(len(names))])
            share = float((classes.argmax(0) == index).mean())
            require(share > 0.97, f"only {share:.1%} of the samples of '{name}' are of that class")
        elif run.session.capabilities.density != "none":
            own = float(run.log_prob(last.x, asked).mean())
            others = [float(run.log_prob(last.x, Condition(each)).mean()) for each in names if each != name]
            require(own > max(others), f"samples of '{name}' are likelier under another class")


def an_unknown_class_is_refused(run: Trained) -> None:
    try:
        run.frames(2, Condition("nonsense"))
    except ValueError as error:
        require("no class 'nonsense'" in str(error), f"the refusal says only: {error}")
    else:
        raise AssertionError("a class that there is not is drawn all the same")


def the_density_is_what_the_record_says(run: Trained) -> None:
    able, x = run.session.capabilities, run.draw.x[:3]
    require(bool(able.density_reason), "the record says nothing of how the density is known")
    try:
        value = run.log_prob(x)
    except NoDensity as reason:
        require(able.density == "none", f"the record promises a density, the model refuses: {reason}")
        require(bool(str(reason).strip()), "the refusal of a density gives no reason")
        return
    require(able.density != "none", "the record says that there is no density, the model gives one")
    require(bool(value.isfinite().all()), f"the density of data is {value}")


def the_density_integrates_to_one(run: Trained) -> None:
    always_labelled = run.model.classes.learned and run.model.classes.dropout == 0
    x = np.linspace(-9, 9, 901)
    for label in ("any",) if always_labelled else ("any", "none"):
        density = run.log_prob(x[:, None], Condition(label)).exp().numpy()
        integral = float(np.trapezoid(density, x))
        require(abs(integral - 1) < 2e-3, f"the density of '{label}' integrates to {integral:.4f}")


def the_probabilities_of_all_sequences_sum_to_one(run: Trained) -> None:
    small = short_run(run.session.paradigm, run.session.dataset, {"data.length": 4})
    every = np.array(list(itertools.product(range(len(_tokens(small).vocabulary)), repeat=4)))
    total = float(small.log_prob(every).exp().sum())
    require(abs(total - 1) < 2e-3, f"they sum to {total:.4f}")


def the_density_is_near_the_truth_after_a_short_training(run: Trained) -> None:
    truth = run.dataset.truth
    if truth is None:
        raise AssertionError("the truth of these data is not known")
    x = run.dataset.test(1000, np.random.default_rng(1)).x
    parts = float(run.session.space.length) if isinstance(run.session.space, Tokens) else 1.0
    gap = float((truth.log_prob(x) - run.log_prob(x).numpy()).mean()) / parts
    require(-0.02 < gap < 0.1, f"the mean log density is {gap:.3f} nats below the truth")


def what_is_given_is_kept(run: Trained) -> None:
    given = run.draw.x[0]
    mask = np.arange(_tokens(run).length) < 2
    last = run.frames(50, Condition(given=given, mask=mask))[-1]
    require((last.x[:, :2] == given[:2]).all(), "samples do not begin with what is given")


def _tokens(run: Trained) -> Tokens:
    if isinstance(run.session.space, Tokens):
        return run.session.space
    raise TypeError(f"{run.session.dataset} holds no text")
