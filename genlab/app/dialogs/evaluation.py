"""The result of an evaluation: every metric beside what a perfect model or sampler reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from genlab.app.common.widgets import close_button, label
from genlab.engine.protocol import Evaluated

HEADER = ("Metric", "Model", "Floor (5 to 95 %)", "Read against", "Unit", "n")
BETTER = {"lower": "lower is better", "higher": "higher is better", "near": "nearer is better"}


def summary(metrics: Sequence[Mapping[str, Any]]) -> str:
    """The numbers that the status bar shows: the headlines, each with what it is read against."""
    parts = []
    for metric in metrics:
        if metric["headline"] and metric["value"] is not None:
            against = ""
            if metric["floor"] is not None:
                against = f"  (floor {number(metric['floor']['mean'])})"
            elif metric["reference"] is not None:
                against = f"  ({metric['reference'][0]} {number(metric['reference'][1])})"
            parts.append(f"{metric['headline']} {number(metric['value'])}{against}")
    return "  ·  ".join(parts) or "evaluated"


def number(value: Any) -> str:
    """A number in four digits; '' where there is none."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, int | float) else str(value)


class EvaluationDialog(QDialog):
    """A table of metrics. of: the paradigm, data and run that they are of."""

    def __init__(self, event: Evaluated, of: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("evaluation")
        self.setWindowTitle(f"Evaluation: {of}")
        self.resize(960, 560)
        self.table = QTableWidget(len(event.metrics), len(HEADER))
        self.table.setObjectName("evaluation.table")
        self.table.setAccessibleName("Metrics")
        self.table.setToolTip(
            "Each metric with its floor: what real samples score against real samples at this n"
        )
        self.table.setHorizontalHeaderLabels(HEADER)
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        for row, metric in enumerate(event.metrics):
            for column, text in enumerate(cells(metric)):
                item = QTableWidgetItem(text)
                if 0 < column < 4 or column == 5:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                item.setToolTip(". ".join(t for t in (BETTER.get(metric["better"], ""), metric["note"]) if t))
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(close_button(self))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(16, 16, 16, 16)
        whole.setSpacing(8)
        whole.addWidget(label(f"Evaluation at step {event.step:,}", "title"))
        whole.addWidget(label(of, "muted", "evaluation.of"))
        whole.addWidget(self.table, 1)
        if event.note:
            kept = label(f"This evaluation is not kept: {event.note}.", "small", "evaluation.note")
            kept.setWordWrap(True)
            whole.addWidget(kept)
        whole.addLayout(buttons)


def cells(metric: Mapping[str, Any]) -> tuple[str, ...]:
    """A metric as a row of text."""
    value = number(metric["value"])
    if metric["value"] is None:
        value = metric["note"] or "does not apply"
    elif metric["standard_error"]:
        value += f" ± {metric['standard_error']:.2g}"
    floor, reference = metric["floor"], metric["reference"]
    perfect = ""
    if floor is not None:
        perfect = number(floor["mean"])
        perfect += f"  ({floor['low']:.3g} to {floor['high']:.3g})"
    against = f"{reference[0]} {number(reference[1])}" if reference is not None else ""
    return metric["name"], value, perfect, against, metric["unit"], f"{metric['n']:,}"
