"""Named arrays in safetensors files and sample files, with every size bounded by the file's own.

Nothing here unpickles: a file that asks for it is refused."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from genlab.runs.atomic import RunError, plain_reason

Tensors = Mapping[str, NDArray[Any]]

DTYPES = {"BOOL": np.bool_, "U8": np.uint8, "F32": np.float32, "F64": np.float64, "I64": np.int64}
LARGEST_HEADER = 16 * 2**20
LARGEST_FILE = 16 * 2**30


def pack(tensors: Tensors) -> bytes:
    """The bytes of a safetensors file. Raises RunError for a dtype other than those of `DTYPES`."""
    for name, tensor in tensors.items():
        if tensor.dtype not in DTYPES.values():
            raise RunError(f"array '{name}' has type {tensor.dtype}, which is not kept in a run")
    return save({name: np.asarray(tensor, order="C") for name, tensor in tensors.items()})


def unpack(content: bytes, name: str) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file. Raises RunError, which calls the file `name`."""
    damaged = RunError(f"{name} is damaged")
    if len(content) < 8:
        raise damaged
    length = int.from_bytes(content[:8], "little")
    if length > min(LARGEST_HEADER, len(content) - 8):
        raise damaged
    try:
        header = json.loads(content[8 : 8 + length])
        types = [entry["dtype"] for key, entry in header.items() if key != "__metadata__"]
        if not set(types) <= set(DTYPES):
            raise RunError(f"{name} holds arrays of a type that runs do not use")
        return {key: np.array(value) for key, value in load(content).items()}
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if isinstance(error, RunError):
            raise
        raise damaged from error


def read_bytes(path: Path, limit: int = LARGEST_FILE) -> bytes:
    """The content of a file of at most `limit` bytes. Raises RunError."""
    try:
        with open(path, "rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise RunError(f"{path} cannot be read: {plain_reason(error)}") from error
    if len(content) > limit:
        raise RunError(f"{path} is larger than {limit} bytes")
    return content


def read_npz(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    """Those of the named arrays that an .npz file holds. Raises RunError.

    Compressed members are refused, so that no array can be larger than the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename: info for info in archive.infolist()}
        size = path.stat().st_size
        for info in members.values():
            if info.compress_type != zipfile.ZIP_STORED or info.file_size > size:
                raise RunError(f"{path} holds compressed arrays, which runs do not")
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names if f"{name}.npy" in members}
    except OSError as error:
        raise RunError(f"{path} cannot be read: {plain_reason(error)}") from error
    except (zipfile.BadZipFile, ValueError, EOFError, KeyError) as error:
        if isinstance(error, RunError):
            raise
        raise RunError(f"{path} is damaged") from error
