from __future__ import annotations

from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from genlab.data.condition import Condition
from genlab.data.payloads import Density, Samples
from genlab.engine import protocol as p
from genlab.engine.answers import grid, histogram
from genlab.runs.folder import RunFolder
from tests.engine.conftest import Talk, small_session


def state(name: str) -> object:
    return lambda event: isinstance(event, p.StateChanged) and event.state == name


def prepare(talk: Talk, folder: Path | None, **values: object) -> None:
    talk.send(p.Prepare("a", small_session(**values).model_dump(), None if folder is None else str(folder)))
    talk.until(state("ready"))


def train(talk: Talk) -> None:
    talk.send(p.Train("a"))
    talk.until(state("done"))


def test_questions_and_previews_leave_training_as_it_would_have_been(talk: Talk, tmp_path: Path) -> None:
    for name in ("quiet", "busy"):
        prepare(talk, tmp_path / name, training__steps=150)
        if name == "busy":
            talk.send(p.Watch("a", "density", p.DrawDensity("a", "density", 0, {}, resolutions=(8,))))
            talk.send(p.Watch("a", "samples", p.Sample("a", "samples", 0, {}, n=50)))
            talk.send(p.Sample("a", "ask", 1, {"seed": 3}, n=64, trajectory=True))
        train(talk)
        talk.until(lambda event: isinstance(event, p.Saved))
    quiet, busy = (load_file(tmp_path / name / "weights.safetensors") for name in ("quiet", "busy"))
    assert quiet.keys() == busy.keys()
    assert all(np.array_equal(quiet[key], busy[key]) for key in quiet)


def test_a_trajectory_has_a_frame_for_the_start_and_for_every_step(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.Sample("a", "samples", 7, {"steps": 5, "method": "ddim"}, n=16, trajectory=True))
    talk.until(lambda event: isinstance(event, p.Answer) and event.last)
    answers = [event.payload for event in talk.heard if isinstance(event, p.Answer) and event.request == 7]
    frames = [payload for payload in answers if isinstance(payload, Samples)]
    assert [frame.index for frame in frames] == list(range(6))
    assert all(frame.x.shape == (16, 2) for frame in frames)


def test_a_cancelled_probe_leaves_gradients_on(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    entered = Event()

    def endless(model, request):
        with torch.no_grad():
            while True:
                entered.set()
                yield None

    monkeypatch.setattr("genlab.paradigms.diffusion.probes.PROBES", {"endless": endless})
    prepare(talk, None, training__steps=5)
    talk.send(p.Probe("a", "probe", 1, {}, name="endless"))
    assert entered.wait(10)
    talk.send(p.Cancel("a", "probe"))
    train(talk)


def test_a_newer_request_on_a_channel_cancels_the_older(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.Sample("a", "samples", 1, {"steps": 1000}, n=2000))
    talk.send(p.Sample("a", "samples", 2, {"steps": 2}, n=10))
    talk.until(lambda event: isinstance(event, p.Answer) and event.request == 2)
    assert not [event for event in talk.heard if isinstance(event, p.Answer) and event.request == 1]


def test_what_is_asked_is_answered_where_training_stops_meanwhile(talk: Talk) -> None:
    prepare(talk, None, training__steps=10**6)
    watch = p.Sample("a", "samples", 1, {"steps": 5}, n=10)
    talk.send(p.Watch("a", "samples", watch))
    talk.send(p.Watch("a", "density", p.DrawDensity("a", "density", 2, {}, resolutions=(8,))))
    talk.send(p.Train("a"))
    talk.until(lambda event: isinstance(event, p.Answer) and event.request == 1)
    talk.send(p.Sample("a", "samples", 3, {"steps": 1000}, n=500))
    talk.send(p.Pause("a"))
    talk.until(state("paused"))
    talk.until(lambda event: isinstance(event, p.Answer) and event.request == 3 and event.last, 20)
    talk.send(p.StepOnce("a"))
    talk.until(lambda event: isinstance(event, p.Answer) and event.request == 1 and not event.preview)


def test_a_question_that_fails_is_answered_with_why(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(model, request):
        raise RuntimeError("no luck")
        yield

    monkeypatch.setattr("genlab.paradigms.diffusion.probes.PROBES", {"broken": broken})
    prepare(talk, None)
    talk.send(p.Probe("a", "probe", 5, {}, name="broken"))
    told = (event for event in talk.engine.events() if isinstance(event, p.Failure | p.Refused))
    failure, refused = next(told), next(told)
    assert isinstance(failure, p.Failure)
    assert refused == p.Refused("a", "probe", 5, "it failed: no luck")


def test_a_single_step_is_one_step_and_pauses(talk: Talk) -> None:
    prepare(talk, None)
    for step in (1, 2):
        talk.send(p.StepOnce("a"))
        paused = talk.until(state("paused"))
        assert isinstance(paused, p.StateChanged)
        assert paused.step == step


def test_live_edits_are_taken_up_and_journalled(talk: Talk, tmp_path: Path) -> None:
    prepare(talk, tmp_path / "run")
    talk.send(p.Edit("a", {"training.learning_rate": 1e-5}))
    train(talk)
    talk.until(lambda event: isinstance(event, p.Saved))
    folder = RunFolder.open(tmp_path / "run")
    assert folder.manifest["journal"] == [[0, "training.learning_rate", 1e-5]]
    names, rows = folder.read_metrics()
    assert rows[:, names.index("learning rate")].max() <= 1e-5


def test_a_setting_that_cannot_change_in_a_run_is_refused(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.Edit("a", {"network.width": 99}))
    failure = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert "network.width cannot change during a run" in failure.what


def test_bad_sampler_settings_are_refused_in_one_sentence(talk: Talk) -> None:
    prepare(talk, None)
    asked: list[tuple[dict[str, Any], Condition, str]] = [
        ({"steps": 0}, Condition(), "sampler.steps"),
        ({}, Condition("left"), "there is no class 'left'"),
    ]
    for sampler, condition, words in asked:
        talk.send(p.Sample("a", "samples", 1, sampler, condition, n=10))
        refused = talk.until(lambda event: isinstance(event, p.Refused))
        assert isinstance(refused, p.Refused)
        assert words in refused.reason
        assert "\n" not in refused.reason


def test_training_another_run_pauses_the_first_and_says_so(talk: Talk) -> None:
    prepare(talk, None, training__steps=1_000_000)
    talk.send(p.Train("a"))
    talk.send(p.Prepare("b", small_session().model_dump(), None))
    talk.send(p.Train("b"))
    paused = talk.until(
        lambda event: isinstance(event, p.StateChanged) and event.run == "a" and event.note != ""
    )
    assert isinstance(paused, p.StateChanged)
    assert paused.state == "paused"
    assert paused.note == "paused: another run trains now"


def test_a_density_comes_first_as_a_histogram_then_finer_and_finer(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.DrawDensity("a", "density", 1, {}, resolutions=(4, 8)))
    talk.until(lambda event: isinstance(event, p.Answer) and event.last)
    drawn = [event.payload for event in talk.heard if isinstance(event, p.Answer)]
    assert [payload.kind for payload in drawn] == ["samples", "ode", "ode"]
    assert [payload.log_prob.shape[0] for payload in drawn[1:]] == [4, 8]


def test_a_density_says_of_which_class_it_is(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.DrawDensity("a", "density", 1, {}, Condition("upper"), resolutions=(4,)))
    talk.until(lambda event: isinstance(event, p.Answer) and event.last)
    drawn = [event.payload for event in talk.heard if isinstance(event, p.Answer)]
    assert [payload.label for payload in drawn] == ["upper", "upper"]


def test_log_prob_of_points_of_the_wrong_shape_is_refused(talk: Talk) -> None:
    prepare(talk, None)
    talk.send(p.LogProbOf("a", "ask", 1, {}, x=np.zeros((3, 5), np.float32)))
    refused = talk.until(lambda event: isinstance(event, p.Refused))
    assert isinstance(refused, p.Refused)
    assert refused.reason == "points of shape (5,), but the model's have (2,)"


def test_opening_a_run_goes_on_where_it_was(talk: Talk, tmp_path: Path) -> None:
    prepare(talk, tmp_path / "run")
    train(talk)
    talk.send(p.Close("a"))
    talk.send(p.Open("b", str(tmp_path / "run")))
    opened = talk.until(lambda event: isinstance(event, p.Opened) and event.run == "b")
    assert isinstance(opened, p.Opened)
    assert opened.step == 60
    talk.send(p.Train("b", steps=10))
    talk.until(state("training"))
    done = talk.until(lambda event: isinstance(event, p.StateChanged) and event.state == "done")
    assert isinstance(done, p.StateChanged)
    assert done.step == 70


def test_weights_alone_are_enough_to_sample_from(talk: Talk, tmp_path: Path) -> None:
    import shutil

    prepare(talk, tmp_path / "run")
    train(talk)
    talk.until(lambda event: isinstance(event, p.Saved))
    talk.send(p.Sample("a", "ask", 1, {}, n=20))
    first = talk.until(lambda event: isinstance(event, p.Answer))
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    talk.send(p.Open("b", str(tmp_path / "run")))
    talk.send(p.Sample("b", "ask", 1, {}, n=20))
    again = talk.until(lambda event: isinstance(event, p.Answer) and event.run == "b")
    assert isinstance(first, p.Answer)
    assert isinstance(again, p.Answer)
    np.testing.assert_array_equal(first.payload.x, again.payload.x)


def test_an_existing_folder_is_refused(talk: Talk, tmp_path: Path) -> None:
    talk.send(p.Prepare("a", small_session().model_dump(), str(tmp_path)))
    failure = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert "exists already" in failure.what


def test_the_histogram_integrates_to_the_share_inside_and_the_grid_covers_the_extent() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2)).astype(np.float32)
    drawn = histogram(Samples(x, None, None, 0, 0, 0.0, 0), (-6.0, 6.0, -6.0, 6.0))
    assert isinstance(drawn, Density)
    assert drawn.integral == pytest.approx(1.0, abs=1e-6)
    points, cell = grid((-1.0, 3.0, 0.0, 2.0), 2, 4)
    assert points.shape == (16, 2)
    np.testing.assert_allclose(points[0], (-0.5, 0.25))
    np.testing.assert_allclose(points[1], (0.5, 0.25))
    assert cell == pytest.approx(8 / 16)


def no_memory(*_: object) -> None:
    raise MemoryError("no room for it")


def test_a_run_that_breaks_while_it_is_prepared_is_told_by_its_name(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(talk, tmp_path / "run")
    monkeypatch.setattr("genlab.engine.run.model_of", no_memory)
    talk.send(p.Close("a"))
    for command, title in (
        (p.Prepare("new", small_session().model_dump(), None), "The run could not be prepared"),
        (p.Open("old", str(tmp_path / "run")), "The run could not be opened"),
    ):
        talk.send(command)
        failure = talk.until(lambda event: isinstance(event, p.Failure))
        assert isinstance(failure, p.Failure)
        assert (failure.run, failure.title) == (command.run, title)
        assert failure.what == "There was not enough memory."
        assert "no room for it" in failure.details


def test_a_run_that_cannot_be_saved_leaves_the_engine_alive(
    talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(talk, tmp_path / "run")
    monkeypatch.setattr("genlab.engine.training.trainer.Trainer.state", no_memory)
    talk.send(p.Train("a"))
    failure = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert failure.run == "a"
    assert failure.kept.startswith("It could not be saved")
    assert [event.state for event in talk.heard if isinstance(event, p.StateChanged)][-1] == "failed"
    talk.send(p.Sample("a", "ask", 1, {}, n=20))
    talk.until(lambda event: isinstance(event, p.Answer))
    talk.send(p.Close("a"))
    talk.until(lambda event: event == p.Closed("a"))


def test_a_mistake_in_a_probe_is_told_with_its_details_and_a_refusal_in_its_words(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mistyped(model, request):
        yield request.values["sigma"]

    def refusing(model, request):
        raise ValueError("with no part\nthere is nothing to draw")
        yield

    probes = {"mistyped": mistyped, "refusing": refusing}
    monkeypatch.setattr("genlab.paradigms.diffusion.probes.PROBES", probes)
    prepare(talk, None)
    talk.send(p.Probe("a", "probe", 1, {}, name="mistyped"))
    failure = talk.until(lambda event: isinstance(event, p.Failure))
    assert isinstance(failure, p.Failure)
    assert (failure.run, failure.title, failure.what) == ("a", "A request failed", "KeyError: 'sigma'")
    assert failure.channel == "probe"
    assert 'request.values["sigma"]' in failure.details
    for name, reason in (
        ("refusing", "with no part there is nothing to draw"),
        ("nothing", "Diffusion draws no panel 'nothing'"),
    ):
        talk.send(p.Probe("a", "probe", 2, {}, name=name))
        refused = talk.until(lambda event: isinstance(event, p.Refused) and event.request == 2)
        assert isinstance(refused, p.Refused)
        assert refused.reason == reason
