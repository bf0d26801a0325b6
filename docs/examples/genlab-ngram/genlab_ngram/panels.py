"""The panels of the n-gram workspace."""

from __future__ import annotations

from genlab.settings.controls import PanelControl
from genlab.settings.data_info import DataInfo
from genlab.settings.panels import TRAJECTORY, PanelInfo, common_panels
from genlab_ngram.settings import NgramSettings

NEXT = PanelInfo(
    "next",
    "Next token",
    "probe",
    probe="next",
    help="The probability of each token after what samples begin with: as counted, and as smoothing and "
    "temperature make it.",
)
PERPLEXITY = PanelInfo(
    "perplexity",
    "Perplexity by order",
    "probe",
    probe="perplexity",
    help="How many tokens the model hesitates between, on held-out data, if it were cut at each order: it "
    "falls while the counts tell more than chance, and rises again where they only remember.",
)
WEIGHTS = PanelInfo(
    "weights",
    "Weights of the orders",
    "loss",
    columns=("weight",),
    help="How much each order counts in the mixture, while EM moves the weights. Order 0 gives every token "
    "the same probability.",
)


def panels(chosen: NgramSettings, data: DataInfo) -> tuple[PanelInfo, ...]:
    """The panels for these settings and data."""
    order = chosen.objective.order
    counts = PanelInfo(
        "counts",
        "Counts",
        "probe",
        probe="counts",
        help="The most frequent n-grams of the training data; with a beginning, those that continue it.",
        controls=(
            PanelControl(
                "length", "Tokens", float(order), 1.0, float(order), whole=True,
                help="How many tokens are counted together.",
            ),
        ),
    )  # fmt: skip
    weights = (WEIGHTS,) if chosen.objective.smoothing == "interpolated" else ()
    common = common_panels(data.space, "Negative log likelihood")
    return (*common, TRAJECTORY, NEXT, counts, *weights, PERPLEXITY)
