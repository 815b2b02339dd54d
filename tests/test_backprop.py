"""Backpropagation through time against exact sums, forward sensitivities, closed forms and autograd."""

import naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rhoscope.backprop import bptt
from rhoscope.errors import ArgumentError, ArgumentTypeError

EPSILON = float(np.finfo(float).eps)
FIELDS = ("loss", "h", "dh", "dA", "dB", "dh0", "dx")


def random_system(seed, n=3, m=2, T=6, batch=()):
    rng = np.random.default_rng(seed)
    return {
        "A": rng.standard_normal((*batch, n, n)) / np.sqrt(n),
        "B": rng.standard_normal((*batch, n, m)),
        "x": rng.standard_normal((*batch, T, m)),
        "h0": rng.standard_normal((*batch, n)),
        "y": rng.standard_normal((*batch, n)),
    }


def with_matrix(A, seed, T):
    return random_system(seed, n=len(A), m=1, T=T) | {"A": np.asarray(A, dtype=float)}


SYSTEMS = {
    "random": random_system(1),
    "one by one": with_matrix([[-2.0]], 2, T=8),
    "no inputs": random_system(3, m=0),
    "one step": random_system(4, T=1),
    "Jordan block on the circle": with_matrix(np.eye(4) + np.eye(4, k=1), 5, T=9),
    "nilpotent, longer than its index": with_matrix(np.diag([2.0, 2.0, 2.0], 1), 6, T=7),
    "transient of a million": with_matrix([[0.5, 1e6], [0.0, 0.4]], 7, T=12),
    "rotation": with_matrix([[0.6, -0.8], [0.8, 0.6]], 8, T=9),
    "zero": with_matrix(np.zeros((2, 2)), 9, T=3),
    "out of range up and down": with_matrix(np.diag([2.0**700, 2.0**-700, -3.0]), 10, T=5),
    "coupled across the range": with_matrix([[2.0**400, 2.0**-500], [2.0**300, 2.0**-400]], 11, T=6),
    "cancels exactly": with_matrix([[1.0, 1.0], [-1.0, -1.0]], 12, T=6),
    "signs alternate": with_matrix([[-1.5, 0.25], [0.5, -0.75]], 13, T=10),
}


@pytest.fixture(params=SYSTEMS, ids=str)
def system(request):
    return SYSTEMS[request.param]


def majorant(system):
    """The same sums with every term made positive: what rounding errors are measured against."""
    positive = {name: np.abs(value) for name, value in system.items()}
    return naive.bptt(**positive | {"y": -positive["y"]})


def rounding(system):
    """Rounded operations between an input and a result, an ulp each: twice the bound."""
    n, m = system["B"].shape
    return (n + m + 1) * (len(system["x"]) + 1) * EPSILON


def test_the_explicit_sums_equal_the_forward_sensitivities(system):
    sums, forward = naive.bptt(**system), naive.rtrl(**system)
    for name, expected in forward.items():
        assert np.array_equal(sums[name], expected), name


def test_every_value_is_within_rounding_of_the_exact_one(system):
    result, truth, scale = bptt(**system), naive.bptt(**system), majorant(system)
    for name in FIELDS:
        computed = getattr(result, name)
        assert computed.shape == truth[name].shape
        for value, true, most in zip(computed.flat, truth[name].flat, scale[name].flat, strict=True):
            if np.isinf(value):
                assert value == naive.as_float(true), name
            else:
                assert abs(naive.Fraction(float(value)) - true) <= rounding(system) * most + 2.0**-1074, name


def test_every_log_norm_is_within_rounding_of_the_exact_one(system):
    result, truth, scale = bptt(**system), naive.bptt(**system), majorant(system)
    checks = [(result.log_norm_dA, "dA", ...), (result.log_norm_dB, "dB", ...)]
    checks += [(result.log_norm_dh[t], "dh", t) for t in range(len(system["x"]) + 1)]
    checks += [((result.log_loss + np.log(2.0)) / 2, "dh", -1)]
    for computed, name, index in checks:
        expected = naive.log_norm(truth[name][index])
        if expected == -np.inf:
            assert computed == -np.inf
        else:
            relative = rounding(system) * np.exp(naive.log_norm(scale[name][index]) - expected)
            assert abs(computed - expected) <= relative + 4 * EPSILON * (1 + abs(expected))


@given(st.data())
def test_whole_numbers_give_exact_gradients(data):
    n, m, T = (data.draw(st.integers(1, 3)) for _ in range(3))

    def integers(*shape):
        size = int(np.prod(shape))
        return np.reshape(data.draw(st.lists(st.integers(-9, 9), min_size=size, max_size=size)), shape)

    arguments = {
        "A": integers(n, n),
        "B": integers(n, m),
        "x": integers(T, m),
        "h0": integers(n),
        "y": integers(n),
    }
    result, truth = bptt(**arguments), naive.bptt(**arguments)
    for name in FIELDS:
        assert np.array_equal(getattr(result, name), naive.as_floats(truth[name])), name


def plain(A, B, x, h0, y):
    """States and adjoints in bare NumPy, complex or real, no scaling."""
    maps, h = np.concatenate([A, B], axis=1), [h0]
    for inputs in x:
        h.append((maps * np.concatenate([h[-1], inputs])).sum(-1))
    dh = [h[-1] - y]
    for _ in x:
        dh.append((A.T * dh[-1]).sum(-1))
    return np.array(h), np.array(dh[::-1])


@pytest.mark.parametrize(("n", "T"), [(1, 200), (3, 60), (12, 25)])
def test_scaled_arithmetic_equals_plain_float64_in_range(n, T):
    system = random_system(21, n=n, T=T)
    h, dh = plain(**system)
    result = bptt(**system)
    assert np.array_equal(result.h, h)
    assert np.array_equal(result.dh, dh)


@pytest.mark.parametrize(("name", "field"), [("A", "dA"), ("B", "dB"), ("h0", "dh0"), ("x", "dx")])
def test_a_complex_step_gives_the_same_derivatives(name, field):
    system = random_system(31)
    step = 1e-40
    derivative = np.empty(system[name].shape)
    for index in np.ndindex(derivative.shape):
        moved = system | {name: system[name].astype(complex)}
        moved[name][index] += 1j * step
        error = plain(**moved)[0][-1] - system["y"]
        derivative[index] = (error @ error).imag / 2 / step
    np.testing.assert_allclose(getattr(bptt(**system), field), derivative, rtol=0, atol=1e-13)


def forward_loss(A, B, x, h0, y):
    h = h0
    for inputs in x:
        h = A @ h + B @ inputs
    return ((h - y) ** 2).sum() / 2


def test_torch_autograd_gives_the_same_gradients():
    torch = pytest.importorskip("torch")
    system = random_system(41, n=4, m=2, T=20)
    tensors = {name: torch.tensor(value, requires_grad=True) for name, value in system.items()}
    forward_loss(**tensors).backward()
    result = bptt(**system)
    for name in ("A", "B", "x", "h0"):
        computed = result.dh0 if name == "h0" else getattr(result, f"d{name}")
        np.testing.assert_allclose(computed, tensors[name].grad.numpy(), rtol=1e-12, atol=1e-12)


def test_jax_autograd_gives_the_same_gradients():
    jax = pytest.importorskip("jax")
    system = random_system(42, n=4, m=2, T=20)
    with jax.enable_x64(True):
        arrays = {name: jax.numpy.asarray(value) for name, value in system.items()}
        gradients = jax.grad(lambda arguments: forward_loss(**arguments))(arrays)
    result = bptt(**system)
    for name in ("A", "B", "x", "h0"):
        computed = result.dh0 if name == "h0" else getattr(result, f"d{name}")
        np.testing.assert_allclose(computed, gradients[name], rtol=1e-12, atol=1e-12)


def test_a_scalar_system_worked_by_hand():
    # h = 1, 1, 4, 1; h_T - y = -4. Counting paths twice would give dA = -48, inputs shifted by one dB = 0.
    result = bptt(A=-2.0, B=3.0, x=[1.0, 2.0, 3.0], h0=1.0, y=5.0)
    assert result.h.tolist() == [1.0, 1.0, 4.0, 1.0]
    assert result.dh.tolist() == [32.0, -16.0, 8.0, -4.0]
    assert (result.loss, result.dA, result.dB, result.dh0) == (8.0, -24.0, -12.0, 32.0)
    assert result.dx.tolist() == [-48.0, 24.0, -12.0]


@pytest.mark.parametrize("a", [-2.0, -1.0, -0.5, 0.0, 0.9, 1.0, 1.25])
def test_scalar_gradients_equal_closed_forms_and_sensitivities(a):
    b, h0, y = 0.75, -0.5, 0.25
    x = np.random.default_rng(51).standard_normal(30)
    result = bptt(a, b, x, h0, y)
    T, h = len(x), result.h
    error = h[T] - y
    s = r = 0.0
    for t in range(1, T + 1):
        s, r = h[t - 1] + a * s, x[t - 1] + a * r
    lag = T - np.arange(1, T + 1)
    np.testing.assert_allclose(result.dh, error * a ** (T - np.arange(T + 1.0)), rtol=1e-13)
    np.testing.assert_allclose(result.dA, error * np.sum(a**lag * h[:-1]), rtol=1e-12)
    np.testing.assert_allclose(result.dB, error * np.sum(a**lag * x), rtol=1e-12)
    np.testing.assert_allclose([result.dA, result.dB], [error * s, error * r], rtol=1e-12)


def test_a_hundred_thousand_steps_in_all_three_regimes():
    # h_t = a^t: |dh_t| = |a|^{2T-t}, dA = T a^{2T-1}; over the lag the slope is log|a|, over the horizon
    # twice that.
    T = 10**5
    a = np.array([2.0, 0.5, -1.0])
    result = bptt(a[:, None, None], np.ones((1, 1)), np.zeros((T, 1)), np.ones(1), np.zeros(1))
    log_a = np.log(np.abs(a))
    steps = 2 * T - np.arange(T + 1)
    np.testing.assert_allclose(result.log_norm_dh, log_a[:, None] * steps, rtol=1e-15)
    np.testing.assert_allclose(result.log_norm_dA, np.log(T) + (2 * T - 1) * log_a, rtol=1e-15)
    np.testing.assert_allclose(result.log_loss, 2 * T * log_a - np.log(2.0), rtol=1e-15)
    assert np.all(result.log_norm_dB == -np.inf)
    assert result.dA[:, 0, 0].tolist() == [np.inf, 0.0, -float(T)]
    assert result.dh0[:, 0].tolist() == [np.inf, 0.0, 1.0]
    assert not any(np.isnan(getattr(result, name)).any() for name in FIELDS)


def test_small_terms_survive_the_exact_cancellation_of_huge_ones():
    # p and -p grow to 2^800 while r falls to 2^-800; the last entry reads p - p + r and must read r.
    A = np.diag([2.0**400, 2.0**400, 2.0**-400, 0.0])
    A[3, :3] = 1.0
    h = bptt(A, np.zeros((4, 1)), np.zeros((3, 1)), [1.0, -1.0, 3.0, 0.0], np.zeros(4)).h
    assert h[:, 3].tolist() == [0.0, 3.0, 3 * 2.0**-400, 3 * 2.0**-800]


def test_a_target_that_is_met_gives_exact_zeros():
    system = random_system(61)
    met = bptt(**system | {"y": bptt(**system).h[-1]})
    assert met.loss == 0.0
    assert not met.dA.any()
    assert np.all(met.log_norm_dh == -np.inf)
    assert met.log_norm_dA == met.log_norm_dB == met.log_loss == -np.inf


def test_an_input_gradient_grows_only_through_a_mode_that_the_inputs_reach():
    T = 40
    common = {"A": np.diag([2.0, 0.5]), "x": np.zeros((T, 1)), "h0": np.ones(2), "y": np.zeros(2)}
    unreached = np.abs(bptt(B=[[0.0], [1.0]], **common).dx[:, 0])
    reached = np.abs(bptt(B=[[2.0**-30], [1.0]], **common).dx[:, 0])
    np.testing.assert_array_equal(unreached[1:] / unreached[:-1], 2.0)  # vanishes with the lag
    np.testing.assert_allclose(reached[:10] / reached[1:11], 2.0, rtol=1e-6)  # explodes with the lag


def test_batches_broadcast_and_each_member_has_the_bits_it_has_alone():
    system = random_system(71, batch=(2, 3))
    system["A"] = system["A"][:, :1]
    system["x"] = system["x"][1, 2]
    result = bptt(**system)
    alone = bptt(system["A"][1, 0], system["B"][1, 2], system["x"], system["h0"][1, 2], system["y"][1, 2])
    for name, value in vars(result).items():
        assert value.shape[:2] == (2, 3), name
        assert np.array_equal(value[1, 2], getattr(alone, name)), name


def test_long_sums_do_not_depend_on_the_blocks_they_are_taken_in(monkeypatch):
    system = random_system(72, n=2, T=100)
    whole = bptt(**system)
    monkeypatch.setattr("rhoscope.backprop._TERMS_AT_ONCE", 7 * 4)
    blocks = bptt(**system)
    np.testing.assert_allclose(blocks.dA, whole.dA, rtol=1e-13)
    np.testing.assert_allclose(blocks.dB, whole.dB, rtol=1e-13)


def test_scalars_lose_the_axes_of_matrices_and_keep_their_batch():
    result = bptt(0.5, 2.0, np.ones((4, 7)), 1.0, np.zeros(4))
    shapes = {name: np.shape(value) for name, value in vars(result).items()}
    assert shapes == {
        "loss": (4,),
        "h": (4, 8),
        "dh": (4, 8),
        "dA": (4,),
        "dB": (4,),
        "dh0": (4,),
        "dx": (4, 7),
        "log_norm_dh": (4, 8),
        "log_norm_dA": (4,),
        "log_norm_dB": (4,),
        "log_loss": (4,),
    }


GOOD = {"A": np.eye(2), "B": np.ones((2, 1)), "x": np.ones((5, 1)), "h0": np.ones(2), "y": np.ones(2)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"A": np.ones((2, 3))}, ["A", "(2, 3)", "(..., n, n)"]),
        ({"B": np.ones((3, 1))}, ["B", "(3, 1)", "A", "(2, 2)"]),
        ({"x": np.ones((5, 4))}, ["x", "(5, 4)", "B", "(2, 1)"]),
        ({"x": np.ones(5)}, ["x", "(5,)", "A", "(2, 2)"]),
        ({"h0": np.ones(3)}, ["h0", "(3,)", "A", "(2, 2)"]),
        ({"y": np.ones((7, 3))}, ["y", "(7, 3)", "A", "(2, 2)"]),
        ({"A": 2.0}, ["A", "()", "B", "(2, 1)"]),
        ({"A": 2.0, "B": 1.0}, ["h0", "(2,)", "x", "(5, 1)"]),
        ({"h0": np.ones((4, 2)), "y": np.ones((3, 2))}, ["y", "(3, 2)", "h0", "(4, 2)", "broadcast"]),
        ({"x": np.ones((0, 1))}, ["x", "(0, 1)", "T >= 1"]),
        ({"A": np.ones((0, 0)), "B": np.ones((0, 1)), "h0": [], "y": []}, ["A", "(0, 0)", "n >= 1"]),
        ({"h0": np.ones((0, 2))}, ["h0", "(0, 2)", "empty"]),
        ({"x": np.array([[1.0], [np.nan], [np.inf], [1.0], [1.0]])}, ["x", "nan", "(1, 0)"]),
    ],
)
def test_wrong_arguments_are_named_with_their_shapes(change, words):
    with pytest.raises(ArgumentError) as caught:
        bptt(**GOOD | change)
    message = str(caught.value)
    assert message.startswith(words[0])
    assert all(word in message for word in words), message


def test_a_complex_system_is_refused_with_its_real_form():
    with pytest.raises(ArgumentTypeError, match=r"A: dtype complex128.*\[\[X, -Y\], \[Y, X\]\]"):
        bptt(**GOOD | {"A": np.eye(2) * 1j})
