"""What GANs of the lab do beyond what every model does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from genlab.core.random import generator
from genlab.core.training import Batch, Context
from genlab.data.payloads import Curves, Mesh, ScalarMap, Table, Tiles
from genlab.paradigms.gan.coverage import captured, mode_alarm, sliced_distance, spread_alarm
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session

from .gan_pieces import PLAIN, biased, probe

Fresh = Callable[..., Any]
ShortRun = Callable[..., Any]
LOSSES = (
    "minimax", "non-saturating", "least-squares", "wasserstein", "wgan-gp", "hinge", "relativistic",
    "relativistic-average",
)  # fmt: skip


def terms(model: Any, draw: Any, player: str, n: int = 64, step: int = 0, progress: float = 0.0) -> Any:
    batch = Batch(
        torch.as_tensor(draw.x[:n]), None if draw.labels is None else torch.as_tensor(draw.labels[:n])
    )
    who = {p.name: p for p in model.players()}[player]
    return model.loss(batch, who, Context(step, progress, generator(0, "noise"), torch.device("cpu")))


@pytest.mark.parametrize("loss", LOSSES)
def test_each_loss_trains_both_players(fresh_model: Fresh, loss: str) -> None:
    _, _, draw, model = fresh_model("gan", "moons", {**PLAIN, "objective.loss": loss})
    with torch.no_grad():
        # Scores on both sides of a hinge.
        model.critic.judgement.last.weight.mul_(30)
    for player in model.players():
        model.zero_grad()
        found = terms(model, draw, player.name)
        found["total"].backward()
        assert all(p.grad is not None and bool((p.grad != 0).any()) for p in player.parameters), player.name


def test_clipping_bounds_every_weight_of_the_critic(fresh_model: Fresh) -> None:
    values = {**PLAIN, "objective.loss": "wasserstein", "objective.weight_clip": 0.02}
    _, _, _, model = fresh_model("gan", "moons", values)
    critic, made = model.players()
    before = max(p.abs().max().item() for p in made.parameters)
    context = Context(0, 0.0, generator(0, "noise"), torch.device("cpu"))
    model.after_step(critic, context)
    assert max(p.abs().max().item() for p in critic.parameters) == pytest.approx(0.02)
    assert max(p.abs().max().item() for p in made.parameters) == before


def test_players_move_as_often_and_as_fast_as_the_settings_say(fresh_model: Fresh) -> None:
    values = {"objective.critic_steps": 5, "objective.critic_rate": 4.0, "objective.update": "simultaneous"}
    _, _, _, model = fresh_model("gan", "moons", values)
    critic, made = model.players()
    assert (critic.every, made.every) == (1, 5)
    assert (critic.rate, made.rate) == (4.0, 1.0)
    assert (critic.averaged, made.averaged) == (False, True)
    assert model.simultaneous


def test_penalties_fade_and_skip_steps_as_the_settings_say(fresh_model: Fresh) -> None:
    values = {**PLAIN, "objective.r1": 0.2, "objective.penalty_end": 0.01, "objective.penalty_every": 4}
    _, _, draw, model = fresh_model("gan", "moons", values)
    first, last = (terms(model, draw, "critic", progress=progress)["R1"].item() for progress in (0.0, 1.0))
    assert last == pytest.approx(0.01 * first, rel=1e-5)
    assert "R1" not in terms(model, draw, "critic", step=1)
    every = fresh_model("gan", "moons", {**values, "objective.penalty_every": 1})[3]
    assert first == pytest.approx(4 * terms(every, draw, "critic")["R1"].item(), rel=1e-5)


def test_one_pass_for_real_and_generated_data_equals_two(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("gan", "moons", {**PLAIN, "objective.r1": 0.3, "objective.r2": 0.3})
    both = terms(model, draw, "critic")
    for name in ("R1", "R2"):
        other = "r2" if name == "R1" else "r1"
        alone = fresh_model(
            "gan", "moons", {**PLAIN, "objective.r1": 0.3, "objective.r2": 0.3, f"objective.{other}": 0.0}
        )
        alone[3].load_state_dict(model.state_dict())
        found = terms(alone[3], draw, "critic")
        assert found[name].item() == pytest.approx(both[name].item(), rel=1e-5)
        assert found["adversarial"].item() == pytest.approx(both["adversarial"].item(), rel=1e-5)


def test_instance_noise_fades_by_a_constant_factor_and_ends(fresh_model: Fresh) -> None:
    values = {"objective.instance_noise": 0.5, "objective.noise_until": 0.4}
    _, _, _, model = fresh_model("gan", "moons", values)
    x = torch.zeros(4000, 1, 2)
    levels = []
    for progress in (0.0, 0.2, 0.4, 1.0):
        context = Context(0, progress, generator(0, "noise"), torch.device("cpu"))
        levels.append(model._noisy(x, context).std().item())
    assert levels == pytest.approx([0.5, 0.05, 0.0, 0.0], rel=0.05)


@pytest.mark.parametrize(("dataset", "kind"), [("moons", "mlp"), ("digits", "conv")])
def test_packs_hold_each_example_once_and_a_rest_is_left_out(
    fresh_model: Fresh, dataset: str, kind: str
) -> None:
    values = {"objective.packing": 3, "network.width": 8, "network.kind": kind}
    _, _, draw, model = fresh_model("gan", dataset, values)
    x, labels = torch.as_tensor(draw.x[:10]), torch.as_tensor(draw.labels[:10])
    packs, theirs = model._packs(x, labels)
    assert packs.shape == (3, 3, *x.shape[1:])
    assert torch.equal(packs.flatten(0, 1), x[:9])
    assert torch.equal(theirs.flatten(), labels[:9])
    assert model.critic(packs, theirs).shape == (3,)
    assert terms(model, draw, "generator", n=10)["total"].isfinite()
    with pytest.raises(ValueError, match="holds no pack of 3"):
        model._packs(x[:2], labels[:2])


def test_the_spread_of_a_batch_reaches_the_score(fresh_model: Fresh) -> None:
    _, _, _, model = fresh_model("gan", "8gaussians", {**PLAIN, "network.minibatch_std": True})
    x = torch.randn(64, 1, 2, generator=torch.Generator().manual_seed(0))
    model.train()
    alone = model.critic(torch.cat([x[:1], x[:1]]))[0]
    assert not torch.allclose(model.critic(x)[0], alone)
    model.eval()
    assert torch.allclose(model.critic(x)[0], model.critic(x[:1])[0], atol=1e-6)


def test_looking_ahead_changes_the_generators_loss_but_not_the_critic(fresh_model: Fresh) -> None:
    _, _, draw, plain = fresh_model("gan", "moons", PLAIN)
    _, _, _, model = fresh_model("gan", "moons", {**PLAIN, "objective.unroll": 3})
    before = [p.clone() for p in model.critic.parameters()]
    found = terms(model, draw, "generator")["total"]
    found.backward()
    assert found.item() > terms(plain, draw, "generator")["total"].item()
    assert all(torch.equal(a, b) for a, b in zip(before, model.critic.parameters(), strict=True))


def test_the_projection_adds_the_embedding_of_the_label(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("gan", "moons", PLAIN)
    z = model.standardise(torch.as_tensor(draw.x[:5]))[:, None]
    seen: list[torch.Tensor] = []
    model.critic.judgement.register_forward_pre_hook(lambda module, args: seen.append(args[0]))
    zero, one = (model.critic(z, torch.full((5, 1), label)) for label in (0, 1))
    gap = model.critic.judgement.label.weight[1] - model.critic.judgement.label.weight[0]
    assert torch.allclose(one - zero, seen[0] @ gap, atol=1e-6)


def test_modes_are_counted_as_pacgan_defines_them() -> None:
    from genlab.metrics.coverage import mode_coverage

    rng = np.random.default_rng(0)
    centres = rng.normal(size=(6, 2)) * 3
    x = centres[rng.integers(4, size=500)] + 0.4 * rng.normal(size=(500, 2))
    expected = mode_coverage(x, centres, 0.2)
    found = captured(torch.as_tensor(x), torch.as_tensor(centres), 0.2)
    assert found.modes == expected.modes_captured
    assert found.high_quality == pytest.approx(expected.high_quality, abs=1e-6)


def test_the_alarm_rings_when_modes_are_lost_and_not_before() -> None:
    assert mode_alarm(3, 25, 3, 0.1) == ()
    assert mode_alarm(24, 25, 25, 0.9) == ()
    assert "reach 18 of 25" in mode_alarm(18, 25, 19, 0.9)[0]
    assert "reached 25 before" in mode_alarm(18, 25, 25, 0.1)[0]
    assert "13% lie within" in mode_alarm(24, 25, 24, 0.9, 0.13)[0]
    assert spread_alarm(0.1, 0.1) == ()
    assert "10%" in spread_alarm(0.1, 0.5)[0]


def test_the_sliced_distance_of_a_shift_is_its_mean_projection() -> None:
    rng = torch.Generator().manual_seed(0)
    x = torch.randn(400, 3, generator=rng)
    found = sliced_distance(x, x + torch.tensor([2.0, 0.0, 0.0]), rng).item()
    assert found == pytest.approx(2 * 0.5, rel=0.2)  # E |u_1| on the sphere of R^3


def test_a_check_counts_modes_or_measures_spread(fresh_model: Fresh) -> None:
    context = Context(0, 0.9, generator(0, "evaluation"), torch.device("cpu"))
    for dataset, columns in (("gan-grid", {"modes", "high quality"}), ("moons", {"spread"})):
        _, _, draw, model = fresh_model("gan", dataset)
        with torch.no_grad():
            found = model.check(Batch(torch.as_tensor(draw.x[:100]), None), context)
        assert set(found.values) == columns | {"validation"}
        assert found.warnings


@pytest.mark.parametrize("dataset", ["8gaussians", "gan-grid", "mixture-1d", "moons", "digits"])
def test_the_coverage_panel_shows_what_a_check_records(fresh_model: Fresh, dataset: str) -> None:
    session, _, _, model = fresh_model("gan", dataset, {"network.width": 8})
    (panel,) = [panel for panel in session.panels if panel.id == "coverage"]
    context = Context(0, 0.9, generator(0, "evaluation"), torch.device("cpu"))
    with torch.no_grad():
        assert tuple(model.check(None, context).values) == panel.columns


def test_equilibrium_is_named_for_the_columns_that_training_records(short_run: ShortRun) -> None:
    run = short_run("gan", "moons")
    pieces = run.model.loss_reference(run.trainer.pool, generator(0, "evaluation"))
    with pytest.raises(StopIteration) as end:
        next(pieces)
    assert end.value.value.title == "equilibrium"
    assert set(end.value.value.values) <= set(run.columns)


@pytest.mark.parametrize(
    ("dataset", "kind"), [("mixture-1d", Curves), ("moons", ScalarMap), ("digits", Tiles)]
)
@pytest.mark.parametrize("packing", [1, 2])
def test_the_landscape_suits_the_space(fresh_model: Fresh, dataset: str, kind: type, packing: int) -> None:
    values = {"network.width": 8, "objective.packing": packing}
    _, _, _, model = fresh_model("gan", dataset, values)
    found = probe(model, "landscape")
    assert isinstance(found, kind)
    if isinstance(found, ScalarMap):
        assert found.values.shape == (20, 20)
        assert found.points.shape == found.vectors.shape == (200, 2)


def test_arrows_point_up_the_discriminators_slope(fresh_model: Fresh) -> None:
    _, _, _, model = fresh_model("gan", "moons", {**PLAIN, "network.fourier": 0})
    found = probe(model, "landscape", label="upper")
    step = 1e-2 * found.vectors / np.linalg.norm(found.vectors, axis=1, keepdims=True)
    scores = []
    for x in (found.points, found.points + step):
        z = model.standardise(torch.as_tensor(x, dtype=torch.float32))[:, None]
        scores.append(model.critic(z, torch.zeros(len(z), 1, dtype=torch.long)).detach())
    assert (scores[1] > scores[0]).float().mean() > 0.98


def test_the_mesh_carries_latents_to_what_the_generator_makes_of_them(fresh_model: Fresh) -> None:
    _, _, draw, model = fresh_model("gan", "moons", {"network.latent": 2, "network.categories": 0})
    found = probe(model, "manifold", Batch(torch.as_tensor(draw.x[:10]), None), label="lower")
    assert isinstance(found, Mesh)
    from genlab.nets.adversarial import Latent

    z = torch.as_tensor(found.nodes[0]).reshape(-1, 2)
    with torch.no_grad():
        x = model.generate(Latent(z, None), torch.ones(len(z), dtype=torch.long))
    assert np.allclose(x.reshape(found.nodes[1].shape).numpy(), found.nodes[1], atol=1e-5)
    assert found.shade.min() >= 0
    assert found.shade.max() <= 1
    assert found.shade[0, 20, 20] > found.shade[0, 0, 0]


@pytest.mark.parametrize(("dataset", "kind"), [("mixture-1d", Curves), ("digits", Tiles)])
def test_other_spaces_show_the_generator_in_their_own_way(
    fresh_model: Fresh, dataset: str, kind: type
) -> None:
    _, _, _, model = fresh_model("gan", dataset, {"network.width": 8})
    assert isinstance(probe(model, "manifold"), kind)


def test_the_divergence_table_tells_what_the_discriminator_knows(fresh_model: Fresh) -> None:
    model = biased(fresh_model)
    examples = Batch(
        model.unstandardise(torch.randn(1000, 1, generator=torch.Generator().manual_seed(1))), None
    )
    rows = dict(probe(model, "divergence", examples).rows)
    # A critic that lacks the constant log 2 of log N(0, 1) / N(0, 4) tells less than the whole.
    told = float(rows["Jensen-Shannon divergence, as told"].split()[0])
    assert 0 <= told < 0.12
    assert isinstance(probe(model, "divergence", examples), Table)
    counted = float(rows["Jensen-Shannon divergence, counted"].split()[0])
    floor = float(rows["the same between two real draws"].split()[0])
    assert floor < 0.01 < counted


@pytest.mark.parametrize("preset", [preset.id for preset in PARADIGMS["gan"].presets])
def test_every_preset_trains_and_draws_its_panels(fresh_model: Fresh, preset: str) -> None:
    chosen = next(p for p in PARADIGMS["gan"].presets if p.id == preset)
    session = Session.default("gan", chosen.dataset).with_values(chosen.values)
    _, _, draw, model = fresh_model("gan", chosen.dataset, chosen.values)
    for player in model.players():
        assert terms(model, draw, player.name)["total"].isfinite()
    examples = Batch(
        torch.as_tensor(draw.x[:50]), None if draw.labels is None else torch.as_tensor(draw.labels[:50])
    )
    for panel in session.panels:
        if panel.kind == "probe" and panel.probe != "divergence":
            assert probe(model, panel.probe, examples) is not None


def test_convolutions_refuse_points(fresh_model: Fresh) -> None:
    with pytest.raises(ValueError, match="need images"):
        fresh_model("gan", "moons", {"network.kind": "conv"})


def test_steps_are_disabled_for_one_pass_only() -> None:
    session = Session.default("gan", "moons")
    control = session.capabilities.control("sampler.steps")
    assert control is not None
    assert not control.enabled
    assert "one pass" in control.reason
    for method in ("rejection", "refinement"):
        steps = session.with_values({"sampler.method": method}).capabilities.control("sampler.steps")
        assert steps is not None
        assert steps.enabled


@pytest.mark.parametrize("side", [5, 8, 12])
def test_convolutions_take_images_of_any_side(side: int) -> None:
    from genlab.nets.adversarial import Judgement, Latent
    from genlab.nets.adversarial_images import ImageCritic, ImageGenerator

    event = (1, side, side + 1)
    maker = ImageGenerator(event, 3, 4, 2, 8, 2)
    critic = ImageCritic(event, 8, 2, Judgement(32, 2, 1, True, True, False), 1, True)
    label = torch.tensor([0, 1, 1])
    x = maker(Latent(torch.randn(3, 3), torch.tensor([0, 1, 3])), label)
    assert x.shape == (3, *event)
    critic(x[:, None], label[:, None]).square().sum().backward()
    parameters = [*maker.parameters(), *critic.parameters()]
    assert all(p.grad is not None and bool((p.grad != 0).any()) for p in parameters)
