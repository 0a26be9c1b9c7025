"""The micro-kernels: numbers against numpy in float64, bits against other ways to cut the work."""

import ctypes
from itertools import pairwise

import numpy
import pytest
from native import CASES, aligned, call, guarded, guards_are_whole, row_pointers, tiles, tolerance

Generator = numpy.random.Generator


@pytest.fixture
def random() -> Generator:
    return numpy.random.default_rng(0)


def normal(random: Generator, real: str, *shape: int) -> numpy.ndarray:
    return random.standard_normal(shape).astype(real)


def product(
    real: str, name: str, rows: numpy.ndarray, panel: numpy.ndarray, sums: numpy.ndarray | None = None
):
    """Multiply rows (R, K) with a panel (K, V, L) and return (R, V, L)."""
    kernels = tiles(real, name)
    num_rows, num_vectors = len(rows), panel.shape[1]
    place = ((num_vectors - 1) * kernels.max_rows + num_rows - 1) * 8
    address = ctypes.c_int64.from_address(kernels.product_table + place).value
    all_sums = aligned(real, num_vectors, kernels.max_rows, kernels.num_lanes)
    accumulate = 0 if sums is None else 1
    if sums is not None:
        all_sums[:, :num_rows] = sums.transpose(1, 0, 2)
    packed = aligned(real, *panel.shape)
    packed[...] = panel
    call(address, row_pointers(rows), rows.shape[1], packed, all_sums, accumulate, packed)
    assert numpy.isnan(all_sums[:, num_rows:]).all()
    return all_sums[:, :num_rows].transpose(1, 0, 2)


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize("num_columns", [0, 1, 4, 7, 65])
def test_products_of_any_tile_have_the_same_bits(real: str, name: str, num_columns: int, random: Generator):
    kernels = tiles(real, name)
    rows = normal(random, real, kernels.max_rows, num_columns)
    panel = normal(random, real, num_columns, 4, kernels.num_lanes)
    start = normal(random, real, kernels.max_rows, 4, kernels.num_lanes)
    for sums in (None, start):
        expected = numpy.tensordot(rows.astype(float), panel.astype(float), 1) + (0 if sums is None else sums)
        ones = [
            product(real, name, rows[r : r + 1], panel[:, :1], None if sums is None else sums[r : r + 1, :1])
            for r in range(kernels.max_rows)
        ]
        first = numpy.concatenate(ones)
        for num_vectors, most in kernels.rows.items():
            for num_rows in range(1, most + 1):
                got = product(
                    real,
                    name,
                    rows[:num_rows],
                    panel[:, :num_vectors],
                    None if sums is None else sums[:num_rows, :num_vectors],
                )
                limit = tolerance(real, num_columns + 1)
                numpy.testing.assert_allclose(got, expected[:num_rows, :num_vectors], rtol=0, atol=limit)
                assert (got[:, :1] == first[:num_rows]).all()


@pytest.mark.parametrize(("real", "name"), CASES)
def test_table_has_no_other_products(real: str, name: str):
    kernels = tiles(real, name)
    table = (ctypes.c_int64 * (4 * kernels.max_rows)).from_address(kernels.product_table)
    there = numpy.array(table).reshape(4, kernels.max_rows) != 0
    assert there.sum(axis=1).tolist() == list(kernels.rows.values())


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize("order", ["rows", "columns", "scattered"])
def test_pack(real: str, name: str, order: str, random: Generator):
    kernels = tiles(real, name)
    lanes = kernels.num_lanes
    for num_m in (1, 3, lanes - 1, lanes, lanes + 3):
        for num_k in (1, 5, lanes, 2 * lanes + 1, 50):
            weight = normal(random, real, num_m, num_k)
            stored = {"rows": weight, "columns": weight.T, "scattered": numpy.repeat(weight, 2, axis=1)}[
                order
            ]
            source, _ = guarded(stored)
            stride_m, stride_k = {"rows": (num_k, 1), "columns": (1, num_m), "scattered": (2 * num_k, 2)}[
                order
            ]
            panel_stride = 2 * lanes
            panel, whole = guarded(numpy.full((num_k, 2, lanes), -1, dtype=real))
            call(kernels.pack, source, stride_m, stride_k, num_m, num_k, panel, panel_stride)
            expected = numpy.zeros((num_k, lanes), dtype=real)
            expected[:, : min(num_m, lanes)] = weight.T[:, :lanes]
            assert (panel[:, 0] == expected).all()
            assert (panel[:, 1] == -1).all()
            assert guards_are_whole(whole)


def outer(real, name, left, right, out, columns=(0, 0), cuts=(), tile_cuts=()):
    """Add left.T @ right, columns from an offset on, in several calls: rows cut, tiles cut."""
    kernels = tiles(real, name)
    num_tiles = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(kernels.outer_num_tiles)
    size = num_tiles(*out.shape)
    work = aligned(real, kernels.outer_work_bytes // numpy.dtype(real).itemsize)
    inner, whole = guarded(numpy.pad(out, ((0, 0), (0, 3)), constant_values=7))
    tile_cuts = [0, *(cut for cut in tile_cuts if cut < size), size]
    for start, stop in pairwise([0, *cuts, len(left)]):
        for first, last in reversed(list(pairwise(tile_cuts))):
            sides = row_pointers(left[start:stop]), row_pointers(right[start:stop])
            call(
                kernels.outer,
                *sides,
                stop - start,
                *columns,
                *out.shape,
                inner,
                out.shape[1] + 3,
                first,
                last,
                work,
            )
    assert guards_are_whole(whole)
    assert (inner[:, out.shape[1] :] == 7).all()
    return inner[:, : out.shape[1]]


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize(
    "size",
    [(1, 1), (5, 3), (64, 64), (7, 65), (97, 257), (512, 1), (600, 20), (1, 300), (200, 20), (130, 600)],
)
@pytest.mark.parametrize("num_rows", [0, 1, 100, 300])
def test_outer(real: str, name: str, size: tuple[int, int], num_rows: int, random: Generator):
    left, right = (normal(random, real, num_rows, length + 5) for length in size)
    out = normal(random, real, *size)
    got = outer(real, name, left, right, out, (2, 3))
    expected = out + left[:, 2:-3].T.astype(float) @ right[:, 3:-2].astype(float)
    numpy.testing.assert_allclose(got, expected, rtol=0, atol=tolerance(real, num_rows + 1))
    again = outer(real, name, left, right, out, (2, 3), (num_rows // 3, num_rows // 2), (1, 2, 4))
    assert (again == got).all()


@pytest.mark.parametrize(("real", "name"), CASES)
@pytest.mark.parametrize("num_columns", [1, 16, 130, 300])
def test_column_sum(real: str, name: str, num_columns: int, random: Generator):
    rows = normal(random, real, 70, num_columns + 4)
    start = normal(random, real, num_columns)
    out, whole = guarded(start)
    call(tiles(real, name).column_sum, row_pointers(rows), 70, 4, num_columns, out)
    expected = start.copy()
    for row in rows:
        expected += row[4:]
    assert (out == expected).all()
    assert guards_are_whole(whole)
