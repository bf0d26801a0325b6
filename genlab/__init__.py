"""GenLab: a desktop laboratory for generative models.

The names of :mod:`genlab.api` are available here and loaded on first use, so that ``import genlab`` stays
cheap for the window, which never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from genlab.api import load, train

__version__ = "0.1.0"

__all__ = ["load", "train"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'genlab' has no attribute {name!r}")
    # Not `from genlab import api`, which would ask this function for the name first.
    import genlab.api

    return getattr(genlab.api, name)
