"""Work beside the window."""

from __future__ import annotations

import asyncio
import sys

import pytest

from genlab.app.common import loop


def test_work_that_tries_to_exit_ends_nothing_but_itself() -> None:
    async def both() -> int:
        with pytest.raises(RuntimeError, match="SystemExit: 3"):
            await loop.in_thread(sys.exit, 3)
        return await loop.in_thread(len, "four")

    assert asyncio.run(both()) == 4
