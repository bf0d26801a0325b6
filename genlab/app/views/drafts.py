"""The settings of a workspace for each data set, as they were left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from genlab.app.common.words import sentence
from genlab.data.catalogue import DATASETS
from genlab.session.session import Session, SettingError


class Drafts:
    """Coming back to a data set brings back its settings; a new one gets those that suit it."""

    def __init__(self, paradigm: str) -> None:
        self._paradigm = paradigm
        self._left: dict[str, Session] = {}

    def keep(self, session: Session) -> None:
        """Remember the settings of a data set as they are now."""
        self._left[session.dataset] = session

    def of(self, dataset: str, seed: int) -> Session:
        """The settings for a data set: as they were left, or the default ones with this seed of the run."""
        data = DATASETS[dataset].settings() if dataset in DATASETS else None
        left = self._left.get(dataset)
        return left or Session.default(self._paradigm, dataset, data=data, seed=seed)

    def with_data_of(self, other: Session, seed: int) -> Session:
        """The settings for the very data of another paradigm's session."""
        left = self._left.get(other.dataset)
        if left is not None:
            return left.model_copy(update={"data": other.data})
        return Session.default(self._paradigm, other.dataset, data=other.data, seed=seed)


def with_values(session: Session, values: Mapping[str, Any]) -> Session:
    """A session with other values. Raises SettingError, one plain sentence in the words of the form."""
    try:
        return session.with_values(values)
    except SettingError as error:
        text = str(error)
        for key in values:
            text = text.replace(key, "the seed" if key == "seed" else session.description(key).label)
        raise SettingError(sentence(text)) from None
