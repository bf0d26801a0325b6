"""Which checks of a model there are, and on which data each means something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from genlab.api.checks import models, records
from genlab.api.checks.require import require_known
from genlab.api.checks.trained import Trained, one_thread, short_run
from genlab.data.catalogue import DATASETS
from genlab.session.catalogue import PARADIGMS
from genlab.session.session import Session

SETS = ("mixture-1d", "moons", "digits", "names", "markov-letters")
"""Data sets on which models are checked; a paradigm, on those that it can learn."""

Check = Callable[[Trained], None]


def _always(session: Session) -> bool:
    return True


def _enabled(session: Session, key: str) -> bool:
    control = session.capabilities.control(key)
    return control is not None and control.enabled


def _with_density(session: Session) -> bool:
    return session.capabilities.density in ("exact", "ode")


CHECKS: Mapping[Check, Callable[[Session], bool]] = {
    records.describing_it_needs_no_torch: _always,
    records.every_preset_can_be_chosen: _always,
    records.every_control_has_a_setting_or_a_reason: _always,
    records.every_panel_can_be_asked: _always,
    models.every_recorded_number_is_finite: _always,
    models.each_player_lowers_its_own_loss: _always,
    models.every_parameter_receives_a_gradient: _always,
    models.a_resumed_run_equals_an_uninterrupted_one_bit_for_bit: _always,
    models.a_trajectory_runs_from_start_to_samples: _always,
    models.samples_are_decided_by_their_seed_alone: _always,
    models.sampling_leaves_torchs_global_randomness_alone: _always,
    models.saved_weights_give_the_same_samples: _always,
    models.the_initial_weights_are_decided_by_the_seed: _always,
    models.an_asked_for_class_is_what_comes: lambda session: (
        session.dataset in ("mixture-1d", "names") and _enabled(session, "condition.label")
    ),
    models.an_unknown_class_is_refused: _always,
    models.the_density_is_what_the_record_says: _always,
    models.the_density_integrates_to_one: lambda session: (
        session.dataset == "mixture-1d" and _with_density(session)
    ),
    models.the_probabilities_of_all_sequences_sum_to_one: lambda session: (
        session.dataset == "markov-letters" and _with_density(session)
    ),
    models.the_density_is_near_the_truth_after_a_short_training: lambda session: (
        session.dataset in ("mixture-1d", "markov-letters") and _with_density(session)
    ),
    models.what_is_given_is_kept: lambda session: _enabled(session, "condition.given"),
}
"""Each check, and for which sessions it means something."""


@dataclass(frozen=True)
class Case:
    """One check of one paradigm on one data set."""

    check: Check
    paradigm: str
    dataset: str

    def run(self) -> None:
        """Raises AssertionError, a sentence, where something is wrong."""
        with one_thread():
            self.check(short_run(self.paradigm, self.dataset))

    def __str__(self) -> str:
        return f"{self.check.__name__}-{self.paradigm}-{self.dataset}"


def sets_for(paradigm: str) -> tuple[str, ...]:
    """The data sets that a paradigm is checked on; its own where it learns none of the usual ones."""
    require_known(paradigm, PARADIGMS)
    entry = PARADIGMS[paradigm]
    able = tuple(name for name in SETS if not entry.refuses(DATASETS[name].info()))
    return able or (entry.dataset,)


def cases(paradigm: str) -> tuple[Case, ...]:
    """Everything to check of a paradigm of the catalogue."""
    sessions = [Session.default(paradigm, dataset) for dataset in sets_for(paradigm)]
    return tuple(
        Case(check, paradigm, session.dataset)
        for check, means in CHECKS.items()
        for session in sessions
        if means(session)
    )
