"""The n-gram model against counts by hand and against all sequences of a small space."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from genlab_ngram import PARADIGM
from genlab_ngram.model import HELD_BACK, Ngram
from genlab_ngram.probes import PROBES

from genlab.api import checks
from genlab.core.build import build_model
from genlab.core.model import ModelData
from genlab.core.requests import ANY, DensityRequest, ProbeRequest, SampleRequest
from genlab.core.training import Batch, Context
from genlab.data.condition import Condition, parse_given
from genlab.data.dataset import UNIT, Draw
from genlab.settings.data_info import DataInfo
from genlab.settings.spaces import Tokens

torch.set_num_threads(1)

SPACE = Tokens(4, ("a", "b", "."), end=2)
WORDS = ["ab", "ab", "aab", "b", "ba", "abab", "a", "aab", "bb", "ab", "aba", "b", "", "abba", "bab"] * 4
LABELS = [index % 3 == 0 for index in range(len(WORDS))]
NOISE = Context(0, 0.0, torch.Generator(), torch.device("cpu"))


def fitted(
    values: Mapping[str, Any], words: list[str] = WORDS, classes: tuple[str, ...] = (), capacity: int = 1000
) -> Ngram:
    x = np.stack([SPACE.row(word) for word in words])
    labels = np.array(LABELS[: len(words)], np.int64) if classes else None
    data = ModelData(DataInfo("words", SPACE, classes), None, UNIT, Draw(x, labels), len(x))
    network = PARADIGM.network(capacity=capacity)
    model = build_model(PARADIGM, PARADIGM.objective(**values), network, data)
    assert isinstance(model, Ngram)
    pool = Batch(torch.as_tensor(x), None if labels is None else torch.as_tensor(labels))
    for _ in range(500):
        if not model.finished:
            model.fit(pool, model.players()[0], NOISE)
    return model


def probability(model: Ngram, x: np.ndarray, condition: Condition = ANY) -> np.ndarray:
    request = DensityRequest(PARADIGM.sampler(), condition)
    return torch.cat([part.value for part in model.log_prob(torch.as_tensor(x), request)]).exp().numpy()


def drawn(model: Ngram, n: int, condition: Condition = ANY, temperature: float = 1.0) -> Any:
    request = SampleRequest(n, PARADIGM.sampler(temperature=temperature), condition)
    return list(model.sample(request))[-1]


def every_sequence() -> np.ndarray:
    """All that the space holds: 1 + 2 + 4 + 8 with an end, and 16 without room for one."""
    texts = ["".join(letters) for n in range(5) for letters in itertools.product("ab", repeat=n)]
    return np.stack([SPACE.row(text) for text in texts])


def grams(words: list[str], order: int) -> Counter[str]:
    """n-grams by hand: '<' stands before a word, '.' after it, and what goes beyond four tokens is cut."""
    found: Counter[str] = Counter()
    for word in words:
        padded = "<" * (order - 1) + (word + ".")[:4]
        found.update(padded[i : i + order] for i in range(len(padded) - order + 1))
    return found


def share(words: list[str], order: int, context: str, token: str) -> float | None:
    """The share of a token after a context of order - 1 tokens; None where nothing followed."""
    counted = grams(words, order)
    context = context[len(context) - order + 1 :] if order > 1 else ""
    total = sum(counted[context + each] for each in "ab.")
    return counted[context + token] / total if total else None


@pytest.mark.parametrize("case", checks.cases("ngram"), ids=str)
def test_the_model_does_what_every_model_does(case: checks.Case) -> None:
    case.run()


@pytest.mark.parametrize("smoothing", ["add-k", "interpolated"])
@pytest.mark.parametrize("label", ["any", "none", "yes"])
@pytest.mark.parametrize("given", ["", "ab"])
def test_the_probabilities_of_all_sequences_sum_to_one_and_are_those_of_samples(
    smoothing: str, label: str, given: str
) -> None:
    model = fitted({"smoothing": smoothing, "order": 3}, classes=("no", "yes"))
    condition = Condition(label, *parse_given(SPACE, given)) if given else Condition(label)
    every = every_sequence()
    expected = probability(model, every, condition)
    assert expected.sum() == pytest.approx(1, abs=1e-5)
    samples = drawn(model, 40_000, condition).x
    found = np.array([(samples == row).all(1).mean() for row in every])
    assert np.abs(found - expected).max() < 5 * math.sqrt(0.25 / 40_000)
    if given:
        assert {SPACE.text(row)[:2] for row in samples} == {"ab"}


def test_add_k_is_what_one_counts_by_hand() -> None:
    k = 0.5
    model = fitted({"smoothing": "add-k", "order": 2, "k": k})
    counted = grams(WORDS, 2)

    def by_hand(context: str, token: str) -> float:
        return (counted[context + token] + k) / (sum(counted[context + each] for each in "ab.") + 3 * k)

    for text in ("", "ab", "abba", "bbb"):
        tokens = (text + ".")[:4]
        expected = math.prod(by_hand(before, token) for before, token in itertools.pairwise("<" + tokens))
        assert probability(model, SPACE.row(text)[None])[0] == pytest.approx(expected, rel=1e-5)


def test_interpolation_mixes_the_shares_of_all_orders() -> None:
    model = fitted({"order": 3})
    counted = [word for index, word in enumerate(WORDS) if index % HELD_BACK != HELD_BACK - 1]
    weights = model.weights.tolist()
    assert sum(weights) == pytest.approx(1, abs=1e-5)
    tokens = "aab."
    expected = 1.0
    for place, token in enumerate(tokens):
        context = ("<<" + tokens)[place : place + 2]
        shares = [1 / 3]
        for order in (1, 2, 3):
            found = share(counted, order, context, token)
            shares.append(shares[-1] if found is None else found)
        expected *= sum(weight * each for weight, each in zip(weights, shares, strict=True))
    assert probability(model, SPACE.row("aab")[None])[0] == pytest.approx(expected, rel=1e-5)


def test_em_finds_the_weights_under_which_what_is_held_back_is_likeliest() -> None:
    model = fitted({"order": 2, "tolerance": 0.0})
    held = torch.as_tensor(np.stack([SPACE.row(word) for word in WORDS[HELD_BACK - 1 :: HELD_BACK]]))

    def value(weights: torch.Tensor) -> float:
        model.weights.copy_(weights)
        return float(model.token_log_prob(held, None).sum())

    best = model.weights.clone()
    there = value(best)
    for order in range(3):
        moved = best + 0.02 * torch.eye(3)[order]
        assert value(moved / moved.sum()) < there + 1e-4


def test_training_reports_the_perplexity_of_a_token() -> None:
    model = fitted({"smoothing": "add-k", "order": 1, "k": 0.0})
    x = np.stack([SPACE.row(word) for word in WORDS])
    shown = model.fit(Batch(torch.as_tensor(x), None), model.players()[0], NOISE)
    counted = grams(WORDS, 1)
    total = sum(counted.values())
    entropy = -sum(n / total * math.log(n / total) for n in counted.values())
    assert float(shown["perplexity"]) == pytest.approx(math.exp(entropy), rel=1e-5)
    assert float(shown["total"]) == pytest.approx(entropy * total / len(WORDS), rel=1e-5)


def test_a_temperature_sharpens_each_step_and_is_said() -> None:
    model = fitted({"smoothing": "add-k", "order": 1, "k": 0.0})
    cold = drawn(model, 20_000, temperature=0.5)
    counted = np.array([grams(WORDS, 1)[token] for token in "ab."], float)
    expected = counted**2 / (counted**2).sum()
    found = np.bincount(cold.x[:, 0], minlength=3) / 20_000
    assert found == pytest.approx(expected, abs=0.02)
    assert cold.biased == "temperature 0.5"
    assert drawn(model, 2).biased == ""


def test_samples_carry_the_log_probability_of_each_token() -> None:
    model = fitted({"order": 3})
    samples = drawn(model, 50)
    total = np.exp(samples.token_log_prob.sum(1))
    assert total == pytest.approx(probability(model, samples.x), rel=1e-4)
    after = np.cumsum(samples.x == SPACE.end, 1) - (samples.x == SPACE.end) > 0
    assert (samples.token_log_prob[after] == 0).all()


def test_classes_are_drawn_as_they_go_with_the_beginning() -> None:
    model = fitted({"smoothing": "add-k", "order": 2}, classes=("no", "yes"))
    given = Condition("any", *parse_given(SPACE, "b"))
    every = every_sequence()
    begins = every[:, 0] == 1
    joint = [probability(model, every[begins], Condition(name)).sum() for name in ("no", "yes")]
    prior = np.array([1 - np.mean(LABELS), np.mean(LABELS)])
    expected = prior * joint / (prior * joint).sum()
    found = np.bincount(drawn(model, 20_000, given).labels, minlength=2) / 20_000
    assert found == pytest.approx(expected, abs=0.02)


def test_only_a_beginning_can_be_given() -> None:
    model = fitted({"order": 2})
    given = Condition(given=SPACE.row("ab"), mask=np.array([False, True, False, False]))
    with pytest.raises(ValueError, match="from left to right"):
        drawn(model, 1, given)


def test_a_beginning_of_probability_zero_is_refused() -> None:
    model = fitted({"smoothing": "add-k", "order": 2, "k": 0.0}, words=["ab"] * 20)
    with pytest.raises(ValueError, match="begins with 'bb' has probability zero"):
        drawn(model, 1, Condition("any", *parse_given(SPACE, "bb")))


def test_what_finds_no_room_is_the_rarest_and_is_said() -> None:
    model = fitted({"smoothing": "add-k", "order": 2}, capacity=3)
    kept, times = model.counts.seen(2, model.mix(None, 1))
    expected = [n for _, n in grams(WORDS, 2).most_common(3)]
    assert sorted(times.tolist(), reverse=True) == expected
    assert len(kept) == 3
    (warning,) = model.check(None, NOISE).warnings
    assert "6 of 2 tokens" in warning
    assert probability(model, every_sequence()).sum() == pytest.approx(1, abs=1e-5)


def test_an_order_whose_codes_do_not_fit_is_refused_in_a_sentence() -> None:
    space = Tokens(4, tuple(chr(code) for code in range(300, 800)))
    data = ModelData(DataInfo("wide", space), None, UNIT, Draw(np.zeros((5, 4), np.int64), None), 5)
    with pytest.raises(ValueError, match="8 of 500 tokens are too many to count together: lower the order"):
        build_model(PARADIGM, PARADIGM.objective(order=8), PARADIGM.network(), data)


def probe(model: Ngram, name: str, condition: Condition = ANY, **values: Any) -> Any:
    x = torch.as_tensor(np.stack([SPACE.row(word) for word in WORDS]))
    request = ProbeRequest(PARADIGM.sampler(), values, examples=Batch(x, None), condition=condition)
    (payload,) = [each for each in PROBES[name](model, request) if each is not None]
    return payload


def test_the_table_holds_what_one_counts_by_hand() -> None:
    model = fitted({"smoothing": "add-k", "order": 3})
    table = probe(model, "counts", length=2.0)
    counted = {gram.replace("<", "‹").replace(".", "⏎"): n for gram, n in grams(WORDS, 2).items()}
    assert {row[0]: int(row[1]) for row in table.rows} == counted
    assert f"{len(counted)} different n-grams of 2" in table.note
    after = probe(model, "counts", Condition("any", *parse_given(SPACE, "a")), length=2.0)
    assert {row[0] for row in after.rows} == {gram for gram in counted if gram[0] == "a"}


def test_the_bars_are_the_probabilities_of_the_next_token() -> None:
    model = fitted({"smoothing": "add-k", "order": 2, "k": 1.0})
    curves = probe(model, "next", Condition("any", *parse_given(SPACE, "a")))
    counted = grams(WORDS, 2)
    times = np.array([counted[f"a{token}"] for token in "ab."])
    assert curves.curves["counted"] == pytest.approx(times / times.sum(), rel=1e-5)
    assert curves.curves["smoothed"] == pytest.approx((times + 1) / (times.sum() + 3), rel=1e-5)
    assert curves.captions == ("a", "b", "⏎")


def test_perplexity_by_order_begins_at_the_size_of_the_vocabulary() -> None:
    model = fitted({"smoothing": "add-k", "order": 2, "k": 0.0})
    curve = probe(model, "perplexity").curves["held-out data"]
    assert curve[0] == pytest.approx(3, rel=1e-5)
    counted = grams(WORDS, 2)
    before = Counter({c: sum(n for gram, n in counted.items() if gram[0] == c) for c in "<ab"})
    log = sum(n * math.log(n / before[gram[0]]) for gram, n in counted.items())
    assert curve[2] == pytest.approx(math.exp(-log / sum(counted.values())), rel=1e-5)


def trained(preset: str) -> checks.Trained:
    (found,) = [each for each in PARADIGM.presets if each.id == preset]
    return checks.short_run("ngram", found.dataset, found.values)


def copied(run: checks.Trained) -> float:
    """Share of samples that are training data."""
    known = {row.tobytes() for row in run.draw.x}
    return float(np.mean([row.tobytes() in known for row in run.frames(500)[-1].x]))


def test_learnt_by_heart_it_repeats_names_and_excludes_most_others() -> None:
    memory, best = trained("memory"), trained("names")
    assert copied(memory) > 0.8
    assert copied(best) < 0.3
    others = memory.dataset.validation(700, np.random.default_rng(0)).x
    assert float(memory.log_prob(others).isinf().float().mean()) > 0.5
    assert bool(best.log_prob(others).isfinite().all())


def test_smoothed_away_it_is_no_better_than_chance() -> None:
    flat = trained("flat")
    x = flat.dataset.validation(700, np.random.default_rng(0)).x
    space = flat.session.space
    chance = space.counts(x).mean() * math.log(len(space.vocabulary))
    assert -float(flat.log_prob(x).mean()) == pytest.approx(chance, rel=0.03)


def test_on_a_chain_the_loss_reaches_the_entropy() -> None:
    run = trained("chain")
    entropy = run.dataset.truth.entropy
    x = run.dataset.test(4000, np.random.default_rng(1)).x
    assert -float(run.log_prob(x).mean()) == pytest.approx(entropy, rel=0.01)
