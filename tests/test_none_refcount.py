"""Redrawing must not lose references to None: PySide6 6.12 on Python 3.11 does, and aborts within seconds."""

from __future__ import annotations

import sys

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtWidgets import QApplication

REDRAWS = 300


@pytest.mark.parametrize("constant", [None, True, False])
def test_redrawing_a_plot_keeps_the_references_to_constants(qapp: QApplication, constant: object) -> None:
    plot = pg.PlotWidget()
    plot.resize(300, 200)
    curve = plot.plot()
    plot.show()
    rng = np.random.default_rng(0)

    def redraw(times: int) -> None:
        for number in range(times):
            curve.setData(rng.normal(size=50) * (1 + number % 7))
            plot.repaint()
            qapp.processEvents()

    redraw(20)
    before = sys.getrefcount(constant)
    redraw(REDRAWS)
    lost = before - sys.getrefcount(constant)
    plot.close()
    plot.deleteLater()
    qapp.processEvents()
    # The faulty release loses one or more with each redraw; a cache cleared in between costs a handful.
    assert lost < REDRAWS // 10
