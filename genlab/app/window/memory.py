"""What the window remembers of each workspace: its settings, the layout of its panels, and its run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from genlab.app.views.workspace import Workspace
from genlab.app.window.store import Store
from genlab.data.files.settings import FILE
from genlab.runs.migrations import session_in_2
from genlab.session.catalogue import FIRST, PARADIGMS
from genlab.session.session import Session, read_session


def last_paradigm(store: Store) -> str:
    """The workspace that was in view when the window was closed; at first the catalogue's."""
    last = store.values.get("paradigm")
    return last if isinstance(last, str) and last in PARADIGMS else FIRST


def record_of(store: Store, paradigm: str) -> dict[str, Any]:
    """What is kept of a workspace, as plain values: 'session', 'layout' and 'run', its folder."""
    records = store.values.get("workspaces")
    record = records.get(paradigm) if isinstance(records, dict) else None
    return record if isinstance(record, dict) else {}


def session_of(store: Store, paradigm: str) -> Session | None:
    """The settings of a workspace as they were left; the store's note says where they cannot be read.

    A person's own data come back only with their run."""
    raw = record_of(store, paradigm).get("session")
    if raw is None or (isinstance(raw, dict) and raw.get("dataset") == FILE.id):
        return None
    try:
        session = read_session(raw if "condition" in raw else session_in_2(raw))
        _ = session.capabilities, session.panels  # the window asks for both: a plug-in may raise
    except Exception:
        session = None
    if session is None or session.paradigm != paradigm:
        title = PARADIGMS[paradigm].title
        store.note = store.note or f"The last settings of {title} could not be read; its own are shown."
        return None
    return session


def keep(store: Store, spaces: Iterable[Workspace]) -> None:
    """Take note of these workspaces; what is kept of others stays."""
    records = store.values.get("workspaces")
    kept = dict(records) if isinstance(records, dict) else {}
    for space in spaces:
        kept[space.paradigm.id] = {
            "session": space.session.model_dump(),
            "layout": space.grid.layout_values(),
            "run": space.run.folder if space.run.kept else None,
        }
    store.values["workspaces"] = kept
