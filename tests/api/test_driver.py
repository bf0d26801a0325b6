"""The engine of this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genlab import api
from genlab.api import driver
from genlab.api.errors import RequestError
from genlab.engine.worker import Worker


def test_after_an_engine_died_a_new_one_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise KeyboardInterrupt("no power")

    monkeypatch.setattr(driver, "_engine", None)
    run = api.train("baselines", "moons", steps=2, out=tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(Worker, "_do", die)
        with pytest.raises(api.RunFailed, match="The engine stopped: KeyboardInterrupt: no power"):
            run.draw(4)
    with pytest.raises(RequestError, match="this run is no longer open"):
        run.draw(4)
    with pytest.raises(RequestError, match="this run is no longer open"):
        run.train(steps=1)
    with api.open_run(tmp_path / "run") as again:
        again.train(steps=2)
    run.close()
    driver.engine().close()
