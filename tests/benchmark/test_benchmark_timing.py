"""Ratios of times, and what is made of them."""

import itertools
from typing import Any

import pytest

from elman.benchmark import timing
from elman.benchmark.timing import Timing, geometric_mean, time_in_turn


def test_geometric_mean_of_a_ratio_and_its_inverse_is_one():
    assert geometric_mean([3, 1 / 3]) == pytest.approx(1)
    assert geometric_mean([2, 4, 8]) == pytest.approx(4)
    assert geometric_mean([5]) == pytest.approx(5)


def test_ratio_is_the_median_of_the_rounds_ratios_not_the_ratio_of_medians():
    slow_machine = Timing({"peer": [2, 40, 3], "ours": [1, 20, 4]})
    assert slow_machine.ratio("peer", "ours") == 2
    assert slow_machine.median("peer") == 3


def test_tasks_run_in_turn_in_every_order(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timing, "TURN", 0.0)
    ran: list[str] = []
    time_in_turn({name: lambda name=name: ran.append(name) for name in "abc"}, seconds=0, repeats=3)
    assert "".join(ran) == "abc" + "abc" + "acb" + "bac"


def test_rounds_go_on_until_the_time_is_over(monkeypatch: pytest.MonkeyPatch):
    class Clock:
        perf_counter: Any = itertools.count().__next__

    monkeypatch.setattr(timing, "time", Clock)
    monkeypatch.setattr(timing, "TURN", 1)
    found = time_in_turn({"a": lambda: None, "b": lambda: None}, seconds=21, repeats=1)
    # A round reads the clock five times: twice a task, and once to see whether the time is over.
    assert list(map(len, found.seconds.values())) == [5, 5]
    assert found.ratio("a", "b") == 1


def test_a_short_task_runs_until_its_turn_is_over(monkeypatch: pytest.MonkeyPatch):
    class Clock:
        perf_counter: Any = itertools.count().__next__

    ran: list[str] = []
    monkeypatch.setattr(timing, "time", Clock)
    monkeypatch.setattr(timing, "TURN", 3)
    found = time_in_turn({"a": lambda: ran.append("a")}, seconds=0, repeats=1)
    assert ran == ["a"] * 4  # one to be warm
    assert found.seconds["a"] == [1]  # the clock moves on by one at each run
