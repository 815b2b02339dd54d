"""What the public functions accept as an array, and what they say of the rest."""

import array

import numpy as np
import pytest

import rhoscope as rs
from rhoscope.arrays import as_lags, as_matrices, as_numbers, as_vectors
from rhoscope.devices.cpu import LAPACK_FROM
from rhoscope.errors import ArgumentError, ArgumentTypeError, RhoscopeError

VALUES = [[1.0, 2.0], [3.0, 4.5]]


class OnlyDLPack:
    """An array that speaks DLPack and nothing else."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def __dlpack__(self, **arguments):
        return self.values.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.values.__dlpack_device__()


class OnlyArray:
    """An array that speaks NumPy's protocol and nothing else."""

    def __array__(self, dtype=None, copy=None):
        return np.array(VALUES, dtype=dtype)


class OutOfReach:
    """An array that cannot be brought to the host, like one on a GPU."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("implicit conversion is not allowed, use .get()")


@pytest.mark.parametrize(
    "value",
    [
        VALUES,
        tuple(map(tuple, VALUES)),
        np.array(VALUES),
        np.array(VALUES, dtype=np.float32),
        np.array(VALUES, dtype=">f8"),
        np.array(VALUES, order="F"),
        np.array([[1.0, 9.0, 2.0], [3.0, 9.0, 4.5]])[:, ::2],
        memoryview(array.array("d", [1.0, 2.0, 3.0, 4.5])).cast("B").cast("d", (2, 2)),
        OnlyDLPack(VALUES),
        OnlyArray(),
    ],
)
def test_every_kind_of_array_is_read_as_contiguous_float64(value):
    matrices = as_matrices(value)
    assert matrices.dtype == np.dtype("=f8")
    assert matrices.flags.c_contiguous
    assert matrices.tolist() == VALUES


def test_tensors_of_torch_and_arrays_of_jax_are_read():
    torch, jax = pytest.importorskip("torch"), pytest.importorskip("jax")
    assert as_matrices(torch.tensor(VALUES)).tolist() == VALUES
    assert as_matrices(jax.numpy.asarray(VALUES)).tolist() == VALUES
    with pytest.raises(ArgumentTypeError, match=r"A: .*Tensor.*detach"):
        as_matrices(torch.tensor(VALUES, requires_grad=True), "A")


def test_whole_numbers_truth_values_and_complex_numbers_are_read():
    assert as_matrices([[1, 2], [3, 4]]).dtype == np.float64
    assert as_matrices([[True, False], [False, True]]).tolist() == np.eye(2).tolist()
    assert as_matrices(np.array([[1 + 2j]], dtype=np.complex64)).dtype == np.complex128


def test_an_array_that_fits_is_not_copied():
    matrices = np.array(VALUES)
    assert as_matrices(matrices) is matrices


def test_shapes_are_kept():
    assert as_matrices(np.zeros((3, 1, 2, 2))).shape == (3, 1, 2, 2)
    assert as_vectors(np.zeros((3, 2))).shape == (3, 2)
    assert as_numbers(2.5, "a").shape == ()


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (as_matrices, np.zeros((2, 3)), ["M: ", "(2, 3)", "(..., n, n)"]),
        (as_matrices, np.zeros(4), ["M: ", "(4,)", "(..., n, n)"]),
        (as_matrices, 3.0, ["M: ", "()", "(..., n, n)"]),
        (as_matrices, np.zeros((0, 0)), ["M: ", "(0, 0)", "empty"]),
        (as_matrices, np.zeros((0, 2, 2)), ["M: ", "(0, 2, 2)", "empty"]),
        (as_matrices, [[1.0, 2.0], [3.0]], ["M: ", "inhomogeneous", "equal length"]),
        (as_matrices, [[1.0, 2.0], [np.nan, np.inf]], ["M: ", "nan", "(1, 0)", "finite"]),
        (as_matrices, np.array([[[1.0]], [[-np.inf]]]), ["M: ", "-inf", "(1, 0, 0)"]),
        (as_matrices, np.array([[complex(1, np.inf)]]), ["M: ", "inf", "(0, 0)"]),
        (as_vectors, 3.0, ["M: ", "3.0", "(..., n)"]),
        (as_vectors, [], ["M: ", "(0,)", "empty"]),
        (as_lags, [], ["M: ", "(0,)", "[1, 2, 4]"]),
        (as_lags, 5, ["M: ", "()", "[1, 2, 4]"]),
        (as_lags, [[1, 2]], ["M: ", "(1, 2)"]),
        (as_lags, [1, -2], ["M: ", "-2", "index 1"]),
        (as_lags, [1, 2.5], ["M: ", "2.5", "index 1"]),
        (as_lags, [1.0, np.nan], ["M: ", "nan", "index 1"]),
        (as_lags, [1.0, np.inf], ["M: ", "inf", "index 1"]),
        (as_lags, [1, 4, 4], ["M: ", "4 at index 2", "ascend"]),
        (as_lags, [4, 1], ["M: ", "1 at index 1", "follows 4"]),
        (as_lags, [2**63], ["M: ", "9223372036854775808", "2^53"]),
    ],
)
def test_impossible_values_are_named(read, value, words):
    with pytest.raises(ArgumentError) as caught:
        read(value, "M")
    assert isinstance(caught.value, ValueError)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("read", "value", "words"),
    [
        (as_matrices, [["a", "b"], ["c", "d"]], ["M: ", "<U1", "not a number"]),
        (as_matrices, None, ["M: ", "object", "NoneType"]),
        (as_matrices, np.zeros((1, 1), dtype="m8[s]"), ["M: ", "timedelta64"]),
        (as_matrices, OutOfReach(), ["M: ", "OutOfReach", ".get()", "host memory"]),
        (as_lags, [True, False], ["M: ", "bool", "[1, 2, 4]"]),
        (as_lags, [1j], ["M: ", "complex128"]),
        (as_lags, ["1"], ["M: ", "<U1"]),
    ],
)
def test_impossible_types_are_named(read, value, words):
    with pytest.raises(ArgumentTypeError) as caught:
        read(value, "M")
    assert isinstance(caught.value, TypeError)
    assert isinstance(caught.value, RhoscopeError)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.skipif(np.dtype(np.longdouble).itemsize == 8, reason="long double is float64 on this platform")
def test_digits_are_not_dropped_in_silence():
    with pytest.raises(ArgumentTypeError, match=r"M: dtype .*\.astype\(float\)"):
        as_matrices(np.eye(2, dtype=np.longdouble), "M")


def test_lags_are_whole_numbers_whatever_they_came_as():
    for value in ([0, 1, 10**12], np.array([0.0, 1.0, 1e12]), range(3), np.array([0, 7], dtype=np.uint8)):
        lags = as_lags(value)
        assert lags.dtype == np.int64
        assert lags.tolist() == [int(lag) for lag in value]


@pytest.mark.parametrize("n", [1, 2, 4, 7, 33, LAPACK_FROM])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_an_entry_that_only_the_kernels_look_at_is_named(n, bad):
    matrices = np.random.default_rng(n).standard_normal((3, n, n))
    matrices[1, n - 1, n // 2] = matrices[2, 0, 0] = bad
    for function in (rs.eigvals, rs.spectral_radius):
        with pytest.raises(ArgumentError, match=rf"^matrices: {bad} at index \(1, {n - 1}, {n // 2}\)"):
            function(matrices)
        with pytest.raises(ArgumentError, match=rf"^matrices: {bad} at index \(1, {n - 1}, {n // 2}\)"):
            function(matrices, dtype="float32")
