"""The spaces that data live in. Torch-free, so that the window knows what it will draw."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PointSpace:
    """Points of R^dim."""

    dim: int

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.dim,)


@dataclass(frozen=True)
class ImageSpace:
    """Images (channels, height, width) with integer levels 0 .. levels - 1, held as floats."""

    channels: int
    height: int
    width: int
    levels: int

    @property
    def event(self) -> tuple[int, ...]:
        """Shape of one datum."""
        return (self.channels, self.height, self.width)


Space = PointSpace | ImageSpace
