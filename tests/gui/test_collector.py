"""Where garbage is collected while the window runs."""

from __future__ import annotations

import gc
import threading
import weakref

from pytestqt.qtbot import QtBot

from genlab.app.common.collector import Collector


class Knot:
    def __init__(self, found: list[str]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: found.append(threading.current_thread().name))


def test_another_thread_that_allocates_collects_nothing(qtbot: QtBot) -> None:
    gc.collect()
    collector, found = Collector(), []
    try:
        Knot(found)
        thread = threading.Thread(target=lambda: [[] for _ in range(200_000)], name="other")
        thread.start()
        thread.join()
        assert found == []
        gc.collect()
        assert found == [threading.main_thread().name]
    finally:
        collector.stop()
    assert gc.isenabled()


def test_what_gathers_is_collected_on_the_timer(qtbot: QtBot) -> None:
    gc.collect()
    collector, found = Collector(), []
    try:
        Knot(found)
        held = [[] for _ in range(2000)]  # passes the threshold of the youngest generation
        qtbot.waitUntil(lambda: bool(found), timeout=3000)
        assert len(held) == 2000
    finally:
        collector.stop()
