"""The whole benchmark: section after section, row after row."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from elman import __version__
from elman.benchmark.cell_rows import cell_rows
from elman.benchmark.first_calls import first_call_rows
from elman.benchmark.jax_peer import has_jax
from elman.benchmark.layer_rows import layer_rows
from elman.benchmark.length_rows import length_rows
from elman.benchmark.memory import memory_rows
from elman.benchmark.peak import peak_rows
from elman.benchmark.results import BenchmarkReport, Row
from elman.benchmark.settings import SECTIONS, BenchmarkSettings
from elman.benchmark.shapes import STANDING
from elman.benchmark.step_rows import step_rows
from elman.benchmark.verdicts import judge

_BUSY = 0.25  # of the cores: threads that wait for one another wait for the slowest

_ROWS: dict[str, Callable[[BenchmarkSettings], Iterator[Row]]] = {
    "layers": layer_rows,
    "cells": cell_rows,
    "lengths": length_rows,
    "first-call": first_call_rows,
    "memory": memory_rows,
    "step": step_rows,
}


def run_benchmark(
    settings: BenchmarkSettings, on_row: Callable[[Row], None] = lambda row: None
) -> BenchmarkReport:
    """Measure what the settings ask for.

    A row whose numbers are wrong is not timed: it says so, and its group has no verdict but "red".

    Args:
        settings: What to measure.
        on_row: Called with each row when it is there.
    """
    notes = _notes(settings)
    threads_before = torch.get_num_threads()
    torch.set_num_threads(settings.threads or threads_before)
    try:
        rows: list[Row] = []
        for section in filter(settings.sections.__contains__, SECTIONS):
            found = peak_rows(tuple(rows)) if section == "peak" else _ROWS[section](settings)
            for row in found:
                rows.append(row)
                on_row(row)
        return BenchmarkReport(describe_machine(), rows, judge(rows), notes)
    finally:
        torch.set_num_threads(threads_before)


def describe_machine() -> dict[str, Any]:
    """Return what the figures depend on besides the code."""
    return {
        "processor": _processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "elman": __version__,
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _notes(settings: BenchmarkSettings) -> list[str]:
    notes = []
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > _BUSY * (os.cpu_count() or 1):
        notes.append(
            f"The machine was busy before ({load:.1f} programs running): the figures are not to be trusted."
        )
    if "jax" not in settings.peers or not has_jax():
        why = "not asked for" if has_jax() else "not installed"
        notes.append(f"jax.lax.scan is left out: {why}.")
    if "torch.compile" not in settings.peers:
        notes.append("torch.compile is left out: compiling each cell takes long; ask for it as a peer.")
    if settings.shapes != STANDING and "layers" in settings.sections:
        notes.append("The bars are meant for the standing shapes; other ones were measured.")
    return notes
