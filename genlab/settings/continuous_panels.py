"""Panels that show what every paradigm on a continuous time has in common."""

from __future__ import annotations

from genlab.settings.paradigm import PanelInfo

EQUIVALENCE = PanelInfo("equivalence", "One thing", "probe", shown=False, probe="equivalence", help="")
TRUNCATION = PanelInfo("truncation", "Truncation error", "probe", shown=False, probe="truncation", help="")
