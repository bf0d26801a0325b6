"""The two examples in docs/examples, installed: they are in every list and verb like any other."""

from __future__ import annotations

import json
import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from genlab.cli.payloads import MOST_ROWS
from genlab.data import load
from genlab.data.sets.names import NamesSettings

from .conftest import EXAMPLES, Lab


def test_both_are_in_every_list(examples: Lab) -> None:
    names = ("paradigms", "datasets", "plugins", "objectives", "samplers", "presets", "panels")
    done = examples.verbs(*(["list", what, "--json"] for what in names))
    assert [(each.status, each.err) for each in done] == [(0, "")] * len(names)
    lists = {what: json.loads(each.out) for what, each in zip(names, done, strict=True)}
    assert lists["paradigms"][-1]["id"] == "ngram"
    assert lists["datasets"][-1]["id"] == "rose"
    assert lists["plugins"] == [
        {"group": "genlab.datasets", "id": "rose", "package": "genlab-rose", "version": "1.0.0",
         "state": "loaded"},
        {"group": "genlab.paradigms", "id": "ngram", "package": "genlab-ngram", "version": "1.0.0",
         "state": "loaded"},
    ]  # fmt: skip
    keys = {row["key"] for row in lists["objectives"]["ngram"]}
    assert {"objective.order", "objective.smoothing", "network.capacity", "training.pool"} <= keys
    assert "sampler.temperature" in {row["key"] for row in lists["samplers"]["ngram"]}
    assert {row["id"] for row in lists["presets"]["ngram"]} == {"names", "chain", "memory", "flat"}
    panels = {row["id"]: row for row in lists["panels"]["ngram"]}
    assert panels.keys() == {"next", "counts", "perplexity"}
    assert panels["counts"]["datasets"] == ["names", "markov-letters"]
    assert "rose" in lists["panels"]["diffusion"][0]["datasets"]


def test_the_lists_name_them_to_be_read(examples: Lab) -> None:
    text, panels, info = examples.verbs(
        ["list", "plugins"], ["list", "panels", "--paradigm", "ngram"], ["info", "--json"]
    )
    assert text.out.splitlines()[1].split() == ["genlab.datasets", "rose", "genlab-rose", "1.0.0", "loaded"]
    assert "On all data sets." in panels.out
    assert json.loads(info.out)["plug-ins"]["genlab.datasets/rose"] == "genlab-rose 1.0.0: loaded"


def test_samples_are_text_in_a_file_and_on_the_screen(examples: Lab, ngram: Path, tmp_path: Path) -> None:
    out = tmp_path / "s.txt"
    done, again = examples.verbs(["sample", ngram, "--n", 40, "--out", out], ["sample", ngram, "--n", 40])
    assert done.status == 0, done.err
    names = out.read_text(encoding="utf-8").splitlines()
    assert len(names) == 40
    assert len(set(names)) > 30
    assert set("".join(names)) <= set("abcdefghijklmnopqrstuvwxyz")
    assert again.out.splitlines()[-40:] == names


def test_a_beginning_is_kept_and_its_next_letters_are_drawn(examples: Lab, ngram: Path) -> None:
    sampled, probed, refused = examples.verbs(
        ["sample", ngram, "--n", 30, "--given", "mar"],
        ["probe", ngram, "next", "--given", "mar", "--json"],
        ["sample", ngram, "--n", 30, "--given", "m4r"],
    )
    assert sampled.status == 0, sampled.err
    names = [line.split(",")[0] for line in sampled.out.splitlines()][-30:]
    assert all(name.startswith("mar") for name in names)
    bars = json.loads(probed.out)["curves"]
    assert sum(bars["smoothed"]) == pytest.approx(1, abs=1e-4)
    data = load("names", NamesSettings())
    kept = [row for index, row in enumerate(data.train(1, np.random.default_rng(0)).x) if index % 10 != 9]
    after = Counter(
        text[i + 2 : i + 3] for row in kept for text in [data.space.text(row) + "."] for i in range(len(text))
        if text[i : i + 2] == "ar"
    )  # fmt: skip
    likely = "abcdefghijklmnopqrstuvwxyz."[int(np.argmax(bars["smoothed"]))]
    assert after[likely] == max(after.values())
    assert refused.status == 2
    assert "'4'" in refused.err


def test_the_likelihood_of_a_text_file_is_a_mixture_of_its_classes(
    examples: Lab, ngram: Path, tmp_path: Path
) -> None:
    texts = tmp_path / "names.txt"
    texts.write_text("maria\npeter\nzzxq\n", encoding="utf-8")
    given = {"any": [], "female": ["--label", "female"], "male": ["--label", "male"]}
    outs = {label: tmp_path / f"{label}.npy" for label in given}
    done = examples.verbs(*(["logprob", ngram, texts, *given[k], "--out", outs[k]] for k in given))
    assert [each.status for each in done] == [0, 0, 0], done
    values = {label: np.load(out) for label, out in outs.items()}
    assert values["any"][2] < values["any"][:2].min() - 5
    assert f"mean log_prob {values['any'].mean():.4f} nats" in done[0].out
    labels = load("names", NamesSettings()).train(1, np.random.default_rng(0)).labels
    female = np.log((labels == 0).mean()) + values["female"]
    male = np.log((labels == 1).mean()) + values["male"]
    assert values["any"] == pytest.approx(np.logaddexp(female, male), abs=1e-3)


def test_an_evaluation_speaks_of_tokens(examples: Lab, ngram: Path) -> None:
    done = examples.genlab("evaluate", ngram, "--n", 200, "--json")
    assert done.status == 0, done.err
    metrics = {row["name"]: row for row in json.loads(done.out)["metrics"]}
    assert "Sliced W2" not in metrics
    nats, perplexity = metrics["Nats per token"]["value"], metrics["Perplexity"]["value"]
    assert perplexity == pytest.approx(math.exp(nats), rel=1e-3)
    assert 1.9 < nats < 2.3 < math.log(27)


def test_a_panel_counts_what_one_counts_by_hand(examples: Lab, ngram: Path) -> None:
    done = examples.genlab("probe", ngram, "counts", "--set", "length=2", "--json")
    assert done.status == 0, done.err
    data = load("names", NamesSettings())
    kept = [row for index, row in enumerate(data.train(1, np.random.default_rng(0)).x) if index % 10 != 9]
    texts = [f"‹{data.space.text(row)}⏎" for row in kept]
    counted = Counter(text[i : i + 2] for text in texts for i in range(len(text) - 1))
    rows = json.loads(done.out)["rows"]
    assert [int(row[1].replace(",", "")) for row in rows] == [n for _, n in counted.most_common(len(rows))]
    assert all(counted[row[0]] == int(row[1].replace(",", "")) for row in rows)
    assert 0 < len(rows) <= MOST_ROWS


def test_a_run_goes_on_and_refuses_what_it_cannot_learn(examples: Lab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["--set", "training.threads=1", "--set", "objective.smoothing=add-k", "--out", run]
    first, second, refused = examples.verbs(
        ["train", "ngram", "markov-letters", "--steps", 1, *small],
        ["train", "--from", run, "--steps", 2],
        ["train", "ngram", "moons", "--out", tmp_path / "other"],
    )
    assert (first.status, second.status) == (0, 0), second.err
    assert json.loads((run / "run.json").read_text(encoding="utf-8"))["steps"] == 3
    assert (refused.status, refused.err) == (2, "genlab: N-gram learns text; these data are points\n")


def test_a_model_of_text_trains_on_a_file_of_ones_own(examples: Lab, tmp_path: Path) -> None:
    names, run = tmp_path / "mine.txt", tmp_path / "run"
    names.write_text("anna\nhanna\nsanna\n" * 10, encoding="utf-8")
    trained, sampled = examples.verbs(
        ["train", "ngram", names, "--set", "training.threads=1", "--out", run], ["sample", run, "--n", 20]
    )
    assert trained.status == 0, trained.err
    assert set("".join(sampled.out.split())) <= set("ahns")


def test_what_samples_begin_with_says_nothing_of_held_out_data(
    examples: Lab, ngram: Path, tmp_path: Path
) -> None:
    run, texts = tmp_path / "run", tmp_path / "names.txt"
    texts.write_text("maria\npeter\n", encoding="utf-8")
    given = ["--set", "condition.given=mar", "--set", "training.threads=1"]
    trained, evaluated, read, before, sampled = examples.verbs(
        ["train", "ngram", "names", *given, "--out", run],
        ["evaluate", run, "--n", 50, "--json"],
        ["logprob", run, texts],
        ["logprob", ngram, texts],
        ["sample", run, "--n", 5],
    )
    assert trained.status == 0, trained.err
    metrics = {row["name"]: row["value"] for row in json.loads(evaluated.out)["metrics"]}
    assert math.isfinite(metrics["Test NLL"])
    assert math.isfinite(metrics["Perplexity"])
    assert read.out == before.out
    assert all(line.startswith("mar") for line in sampled.out.splitlines()[-5:])


def test_paradigms_that_are_built_in_learn_the_rose(examples: Lab, tmp_path: Path) -> None:
    run = tmp_path / "run"
    chosen = ["--set", "data.petals=3", "--set", "training.threads=1", "--set", "objective.components=30"]
    trained, evaluated = examples.verbs(
        ["train", "baselines", "rose", *chosen, "--out", run], ["evaluate", run, "--n", 300, "--json"]
    )
    assert trained.status == 0, trained.err
    nll = next(row for row in json.loads(evaluated.out)["metrics"] if row["name"] == "Test NLL")
    name, entropy = nll["reference"]
    assert name == "entropy of the data"
    assert -0.1 < nll["value"] - entropy < 0.3


@pytest.mark.slow
@pytest.mark.parametrize("package", ["genlab-ngram", "genlab-rose"])
def test_the_tests_of_the_package_pass(examples: Lab, package: str, tmp_path: Path) -> None:
    done = examples.python(
        "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLES / package / "tests", cwd=tmp_path
    )
    assert done.status == 0, done.out[-3000:]
