"""What every model and every data set does, whoever wrote it: checks for the tests of a plug-in.

    from genlab.api import checks

    @pytest.mark.parametrize("case", checks.cases("my-paradigm"), ids=str)
    def test_the_model_does_what_every_model_does(case):
        case.run()

    @pytest.mark.parametrize("case", checks.data_cases("my-data"), ids=str)
    def test_the_data_are_what_their_record_says(case):
        case.run()

Those of a paradigm train a small model for a moment on data that it can learn, once for all checks. Each
raises AssertionError with a sentence where something is wrong.
"""

from __future__ import annotations

from genlab.api.checks.cases import Case, cases, sets_for
from genlab.api.checks.data import DataCase, data_cases
from genlab.api.checks.models import initial_weights
from genlab.api.checks.trained import Trained, columns_of, short_run, train

__all__ = [
    "Case", "DataCase", "Trained", "cases", "columns_of", "data_cases", "initial_weights", "sets_for",
    "short_run", "train",
]  # fmt: skip
