"""Less to compute, the same bits."""

import pytest
import torch

from elman.backends.reference import run
from elman.ir import StepGraph, parse_graph, verify
from elman.passes import share, simplify

HEAD = "input: input real[N, 6]\n"


def cut(start: int, stop: int, axis: int = 0, step: int = 1) -> str:
    return f'{{"axis": {axis}, "start": {start}, "stop": {stop}, "step": {step}}}'


BEFORE_AND_AFTER = {
    "slice of slice": (
        f"%1 = slice(input) {cut(1, 6, step=2)} : real[N, 3]\n"
        f"%2 = slice(%1) {cut(1, 3)} : real[N, 2]\noutput %2",
        f"%1 = slice(input) {cut(3, 6, step=2)} : real[N, 2]\noutput %1",
    ),
    "all of an axis": (f"%1 = slice(input) {cut(0, 6)} : real[N, 6]\noutput %1", "output input"),
    "slice of concat": (
        "%1 = tanh(input) : real[N, 6]\n"
        '%2 = concat(input, %1) {"axis": 0} : real[N, 12]\n'
        f"%3 = slice(%2) {cut(7, 9)} : real[N, 2]\noutput %3",
        f"%1 = tanh(input) : real[N, 6]\n%2 = slice(%1) {cut(1, 3)} : real[N, 2]\noutput %2",
    ),
    "a part that is shared keeps its rows": (
        '%1 = constant() {"value": 2.0} : real[]\n'
        '%2 = broadcast(%1) {"shape": [3], "rows": false} : real[3]\n'
        '%3 = concat(input, %2) {"axis": 0} : real[N, 9]\n'
        f"%4 = slice(%3) {cut(7, 9)} : real[N, 2]\noutput %4",
        '%1 = constant() {"value": 2.0} : real[]\n'
        '%2 = broadcast(%1) {"shape": [2], "rows": true} : real[N, 2]\noutput %2',
    ),
    "slice of reshape": (
        '%1 = reshape(input) {"shape": [3, 2]} : real[N, 3, 2]\n'
        f"%2 = slice(%1) {cut(1, 2)} : real[N, 1, 2]\n"
        '%3 = reshape(%2) {"shape": [2]} : real[N, 2]\noutput %3',
        f"%1 = slice(input) {cut(2, 4)} : real[N, 2]\noutput %1",
    ),
    "first axes are cut first": (
        '%1 = reshape(input) {"shape": [3, 2]} : real[N, 3, 2]\n'
        "%2 = tanh(%1) : real[N, 3, 2]\n"
        f"%3 = slice(%2) {cut(1, 2, axis=1)} : real[N, 3, 1]\n"
        f"%4 = slice(%3) {cut(0, 2)} : real[N, 2, 1]\noutput %4",
        '%1 = reshape(input) {"shape": [3, 2]} : real[N, 3, 2]\n'
        "%2 = tanh(%1) : real[N, 3, 2]\n"
        f"%3 = slice(%2) {cut(0, 2)} : real[N, 2, 2]\n"
        f"%4 = slice(%3) {cut(1, 2, axis=1)} : real[N, 2, 1]\noutput %4",
    ),
    "transposed twice": (
        '%1 = reshape(input) {"shape": [1, 2, 3]} : real[N, 1, 2, 3]\n'
        '%2 = transpose(%1) {"axes": [2, 0, 1]} : real[N, 3, 1, 2]\n'
        '%3 = transpose(%2) {"axes": [1, 2, 0]} : real[N, 1, 2, 3]\noutput %3',
        '%1 = reshape(input) {"shape": [1, 2, 3]} : real[N, 1, 2, 3]\noutput %1',
    ),
    "slice of transpose": (
        '%1 = reshape(input) {"shape": [2, 3]} : real[N, 2, 3]\n'
        '%2 = transpose(%1) {"axes": [1, 0]} : real[N, 3, 2]\n'
        f"%3 = slice(%2) {cut(1, 2, axis=1)} : real[N, 3, 1]\noutput %3",
        f"%1 = slice(input) {cut(3, 6)} : real[N, 3]\n"
        '%2 = reshape(%1) {"shape": [1, 3]} : real[N, 1, 3]\n'
        '%3 = transpose(%2) {"axes": [1, 0]} : real[N, 3, 1]\noutput %3',
    ),
    "slice of broadcast": (
        '%1 = broadcast(input) {"shape": [4, 6], "rows": false} : real[N, 4, 6]\n'
        '%2 = broadcast(%1) {"shape": [4, 6], "rows": true} : real[N, 4, 6]\n'
        f"%3 = slice(%2) {cut(0, 3)} : real[N, 3, 6]\n"
        f"%4 = slice(%3) {cut(2, 4, axis=1)} : real[N, 3, 2]\noutput %4",
        f"%1 = slice(input) {cut(2, 4)} : real[N, 2]\n"
        '%2 = broadcast(%1) {"shape": [3, 2], "rows": false} : real[N, 3, 2]\noutput %2',
    ),
    "constant in several shapes": (
        '%1 = constant() {"value": 2.0} : real[]\n%2 = reshape(%1) {"shape": [1]} : real[1]\n'
        '%3 = broadcast(%2) {"shape": [6], "rows": false} : real[6]\n'
        "%4 = mul(input, %3) : real[N, 6]\noutput %4",
        '%1 = constant() {"value": 2.0} : real[]\n'
        '%2 = broadcast(%1) {"shape": [6], "rows": false} : real[6]\n'
        "%3 = mul(input, %2) : real[N, 6]\noutput %3",
    ),
    "signs": (
        "%1 = neg(input) : real[N, 6]\n%2 = neg(%1) : real[N, 6]\n"
        '%3 = constant() {"value": 0.0} : real[]\n%4 = neg(%3) : real[]\n'
        "%5 = add(%2, %3) : real[N, 6]\n%6 = add(%5, %4) : real[N, 6]\noutput %6",
        '%1 = constant() {"value": 0.0} : real[]\n%2 = constant() {"value": -0.0} : real[]\n'
        "%3 = add(input, %1) : real[N, 6]\n%4 = add(%3, %2) : real[N, 6]\noutput %4",
    ),
    "marks and what is not read": (
        '%1 = tanh(input) : real[N, 6]\n%2 = observe(%1) {"name": "a"} : real[N, 6]\n'
        '%3 = exp(%2) : real[N, 6]\n%4 = observe(%3) {"name": "b"} : real[N, 6]\noutput %2',
        "%1 = tanh(input) : real[N, 6]\noutput %1",
    ),
    "equal nodes": (
        "%1 = tanh(input) : real[N, 6]\n%2 = tanh(input) : real[N, 6]\n"
        "%3 = add(%1, %2) : real[N, 6]\noutput %3",
        "%1 = tanh(input) : real[N, 6]\n%2 = add(%1, %1) : real[N, 6]\noutput %2",
    ),
}


def read(text: str) -> StepGraph:
    graph = parse_graph(f"{HEAD}{text}\nstates\n")
    verify(graph)
    return graph


@pytest.mark.parametrize("name", BEFORE_AND_AFTER)
def test_before_becomes_after(name: str):
    before, after = map(read, BEFORE_AND_AFTER[name])
    assert simplify(before) == after
    input = torch.tensor([[0.0, -0.0, float("nan"), float("inf"), 1.0, -2.0]])
    ours, expected = run(after, [input]).output, run(before, [input]).output
    assert torch.equal(ours.view(torch.int32), expected.contiguous().view(torch.int32))


def test_observed_values_are_kept_by_name():
    graph = parse_graph(
        f"{HEAD}%1 = tanh(input) : real[N, 6]\n%2 = exp(input) : real[N, 6]\n%3 = sin(input) : real[N, 6]\n"
        'output %1\nstates\nobserved "kept" %2\nobserved "dropped" %3\n'
    )
    ours = simplify(graph, observed=["kept"])
    assert [node.op for node in ours.nodes] == ["tanh", "exp"]
    assert ours.observed == (("kept", 2),)


def test_the_first_of_equal_nodes_keeps_its_source():
    graph = read(
        "%1 = tanh(input) : real[N, 6]  # a.py:1\n%2 = tanh(input) : real[N, 6]  # a.py:2\n"
        "%3 = mul(%2, %1) : real[N, 6]\noutput %3"
    )
    source = share(graph).nodes[0].source
    assert source
    assert source.line == 1


def test_what_is_not_equal_is_not_shared():
    graph = read(
        '%1 = constant() {"value": 0.0} : real[]\n%2 = constant() {"value": -0.0} : real[]\n'
        '%3 = clip_gradient(input) {"limit": 1.0} : real[N, 6]\n'
        '%4 = clip_gradient(input) {"limit": 1.0} : real[N, 6]\n'
        "%5 = add(%1, %3) : real[N, 6]\n%6 = mul(%2, %4) : real[N, 6]\n"
        "%7 = sub(%5, %6) : real[N, 6]\noutput %7"
    )
    assert share(graph) == graph
