"""Tensors and plain values in one file, written whole or not at all.

The file is safetensors: tensors by name, and a JSON text for everything else. Reading one runs no
code, and a write that is cut off (a full disk, a lost machine) leaves the earlier file as it was.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from elman.errors import RunError
from elman.training.files import write_bytes

FORMAT = 1


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], values: Mapping[str, Any]) -> None:
    """Write tensors and JSON-able values to one safetensors file, atomically.

    Args:
        path: the file; its folder must exist.
        tensors: name -> tensor, any device, any shape.
        values: name -> anything `json` can write. NaN and infinity are refused.

    Raises:
        RunError: the file cannot be written.
        ValueError: a value is NaN or infinite.
    """
    text = json.dumps({"format": FORMAT, **values}, allow_nan=False)
    # Copies, since the format refuses two tensors that share memory, as tied weights do.
    plain = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
    write_bytes(path, save(plain, metadata={"elman": text}))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote: the tensors (on the CPU) and the values.

    Args:
        path: the file.

    Raises:
        RunError: the file is absent, cut off, or not one of ours.
    """
    if path.is_dir():
        raise RunError(f"{path} is a folder; name the file in it that is to be read.")
    if not path.is_file():
        raise RunError(f"There is no file {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if "elman" not in metadata:
                raise RunError(f"{path} holds tensors, but it was not written by elman.")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
        values = dict(json.loads(metadata["elman"]))
    except (SafetensorError, KeyError, TypeError, ValueError, OSError) as error:
        raise RunError(f"{path} is damaged or was not written by elman: {error}.") from error
    _require_format(path, values.pop("format", None))
    return tensors, values


def _require_format(path: Path, number: object) -> None:
    if number == FORMAT:
        return
    if isinstance(number, int) and number > FORMAT:
        raise RunError(
            f"{path} was written by a newer version of elman, in format {number}, where this one knows "
            f"{FORMAT}; update elman to read it."
        )
    raise RunError(f"{path} was written by another version of elman.")
