"""The data behind the panels: at once where they ship with the app, else as soon as they are computed."""

from __future__ import annotations

from collections.abc import Callable

from genlab.app.common import loop
from genlab.app.drawings.scene import Scene
from genlab.app.views.feeds import scenes
from genlab.data import DataError
from genlab.data.payloads import Density, Samples
from genlab.session.session import Session


class SceneFeed:
    """Makes the scene of a session and hands it to `made`; a newer one takes its place."""

    def __init__(self, made: Callable[[Scene], None]) -> None:
        self.scene: Scene | None = None
        self._of: Session | None = None
        self._made = made
        self._wanted: Session | None = None

    def fits(self, session: Session) -> bool:
        """Whether the scene in view is of a session's data."""
        return self.scene is not None and self._of is not None and _same(self._of, session)

    def clear(self) -> None:
        """No scene is in view."""
        self.scene = None

    def show(self, session: Session, own: Samples | None, folder: str | None) -> None:
        """Show the data of a session. own: a person's; folder: the run that keeps them."""
        self._wanted = session
        ready = scenes.shipped(session)
        if ready is not None:
            self._take(session, *ready)
            return
        self._take(session, own if session.own else None, None)
        loop.start(self._compute(session, own, folder))

    async def _compute(self, session: Session, own: Samples | None, folder: str | None) -> None:
        try:
            reference, truth = await loop.in_thread(scenes.computed, session, own, folder)
        except DataError:  # the engine, which cannot prepare a run of these data either, says why
            return
        if self._wanted is not None and _same(self._wanted, session):
            self._take(session, reference, truth)

    def _take(self, session: Session, reference: Samples | None, truth: Density | None) -> None:
        extent = scenes.extent_of(session.space, reference, truth)
        self.scene = Scene(session.space, session.labels, reference, truth, extent)
        self._of = session
        self._made(self.scene)


def _same(one: Session, other: Session) -> bool:
    return (one.dataset, one.data) == (other.dataset, other.data)
