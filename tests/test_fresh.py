"""Studies with a fresh matrix at every step: against exact arithmetic, Newman's exponents, and the fixed study."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import naive
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import special, stats

import rhoscope as rs
from rhoscope import drawing, ensembles
from rhoscope.devices import fresh_cpu
from rhoscope.devices.cpu import CpuDevice
from rhoscope.ensembles.base import real_form
from rhoscope.errors import StudyError
from rhoscope.kernels import streams
from rhoscope.outcome import Outcome
from rhoscope.plan import sample_seconds
from rhoscope.pool import Cancelled

Array = NDArray[np.float64]

# Of each z below, a right program exceeds it with probability 7e-6; there are 13 of them.
Z = 4.5


@dataclass(frozen=True)
class Wild(ensembles.Ensemble):
    """Normal entries of a size between 10^-span and 10^span that each matrix draws for itself; zero now and then."""

    span: float = 280.0
    zeros: float = 0.0

    def draw(self, size: int, source: drawing.Source) -> Array:
        place, keep = source.uniforms(2)
        return 10.0 ** (self.span * (2 * place - 1)) * source.normals((size, size)) * (keep > self.zeros)


@dataclass(frozen=True)
class Graded(ensembles.Ensemble):
    """A diagonal of numbers near 10^60 or 10^-60, all times 10^200 or 10^-200.

    What is small at one step may lead a few steps later, so none of it may be lost on the way.
    """

    def draw(self, size: int, source: drawing.Source) -> Array:
        signs = np.where(source.uniforms(size + 1) <= 0.5, -1, 1)
        return np.diag(source.uniforms(size) * 10.0 ** (200 * signs[0] + 60 * signs[1:]))


@dataclass(frozen=True)
class Huge(ensembles.Ensemble):
    """Signs times nearly the largest float."""

    def draw(self, size: int, source: drawing.Source) -> Array:
        return np.where(source.uniforms((size, size)) <= 0.5, -1.7e308, 1.7e308)


@dataclass(frozen=True)
class Flawed(ensembles.Ensemble):
    """Some matrices hold one `flaw`, which a gradient that is zero there would not see."""

    flaw: float
    share: float = 0.02

    def draw(self, size: int, source: drawing.Source) -> Array:
        matrix = source.normals((size, size))
        if source.uniforms(1)[0] <= self.share:
            matrix[0, -1] = self.flaw
        return matrix


def matrices(study: rs.Study, sample: int) -> Array:
    """A_1 to A_T of one sample in real form, by the documented numbers."""
    gain = study.ensemble.sample(study.size, 1, seed=study.seed, gain=study.gain, start=sample)
    real = np.empty((study.horizon, *[study.ensemble.real_size(study.size)] * 2))
    g = drawing.draw(study.ensemble, study.size, sample, 1, study.seed, study.gain)[1][0]
    for t in range(1, study.horizon + 1):
        drawn = study.ensemble.sample(study.size, 1, seed=study.seed, gain=g, start=sample + (t - 1) * 2**40)
        if t == 1:
            np.testing.assert_array_equal(drawn, gain)
        real[t - 1] = real_form(drawn[0]) if np.iscomplexobj(drawn) else drawn[0]
    return real


def vectors(study: rs.Study, sample: int, stream: int, *shape: int, scale: float = 0) -> Array:
    scale = scale or study.ensemble.real_size(study.size) ** -0.5
    return drawing.draw_vectors(stream, shape, scale, sample, 1, study.seed)[0]


def loss(A: Any, B: Any, x: Any, h0: Any, y: Any, pushed: int, push: Any) -> Fraction:
    """|h_T - y|^2 / 2 with `push` added to the state of time `pushed`."""
    h = h0 + push if pushed == 0 else h0
    for t in range(1, len(A) + 1):
        h = A[t - 1] @ h + B @ x[t - 1]
        if t == pushed:
            h = h + push
    return sum((e * e for e in h - y), Fraction(0)) / 2


def exact_logs(study: rs.Study, sample: int) -> dict[str, Any]:
    """What a study reports of one sample. The loss is quadratic, so central differences are exact derivatives."""
    n, m, T = study.ensemble.real_size(study.size), study.inputs, study.horizon
    A = [naive.exact(a) for a in matrices(study, sample)]
    if study.delta == "independent":
        delta = naive.exact(vectors(study, sample, streams.DELTA, n))
        norms = [naive.log_norm(delta)]
        for a in reversed(A):
            delta = a.T @ delta
            norms.append(naive.log_norm(delta))
        return {"log_error": norms[0], "log_gradient": [norms[k] for k in study.lags]}
    B = naive.exact(vectors(study, sample, streams.INPUT_MAP, n, m))
    x = naive.exact(vectors(study, sample, streams.INPUTS, T, m, scale=1.0))
    h0 = naive.exact(vectors(study, sample, streams.STATE, n))
    y = naive.exact(vectors(study, sample, streams.TARGET, n))
    unit, none = naive.exact(np.eye(n)), naive.exact(np.zeros(n))

    def gradient(t: int) -> list[Fraction]:
        return [(loss(A, B, x, h0, y, t, e) - loss(A, B, x, h0, y, t, -e)) / 2 for e in unit]

    found: dict[str, Any] = {
        "log_error": naive.log_norm(gradient(T)),
        "log_gradient": [naive.log_norm(gradient(T - k)) for k in study.lags],
    }
    if m:
        slopes = []
        for place in np.ndindex(n, m):
            e = 0 * B
            e[place] = Fraction(1)
            up, down = (loss(A, B + s * e, x, h0, y, 0, none) for s in (1, -1))
            slopes.append((up - down) / 2)
        found["log_gradient_B"] = naive.log_norm(slopes)
    return found


def columns(study: rs.Study, start: int = 0, stop: int | None = None, threads: int = 1) -> dict[str, Any]:
    return CpuDevice(threads).columns(study, start, study.samples if stop is None else stop)


def assert_exact(study: rs.Study, samples: list[int], atol: float = 1e-12) -> None:
    found = columns(study)
    for sample in samples:
        for name, expected in exact_logs(study, sample).items():
            np.testing.assert_allclose(found[name][sample], expected, rtol=1e-14, atol=atol, err_msg=name)


@pytest.mark.parametrize("m", [0, 1, 2])
@pytest.mark.parametrize(
    ("ensemble", "size"),
    [
        (ensembles.RealGinibre(), 1),
        (ensembles.RealGinibre(), 3),
        (ensembles.ComplexGinibre(), 2),
        (ensembles.Triangular(strength=3), 5),
        (ensembles.Sparse(density=0.5), 4),
        (Wild(span=1.0), 3),
    ],
    ids=str,
)
def test_the_loss_has_these_derivatives(ensemble: ensembles.Ensemble, size: int, m: int) -> None:
    study = rs.Study(ensemble=ensemble, size=size, horizon=7, samples=9, inputs=m, mode="fresh")
    assert_exact(study, [0, 8])


def test_a_chosen_delta_meets_the_transposes_last_first() -> None:
    study = rs.Study(size=6, horizon=9, lags=(1, 2, 5), samples=11, delta="independent", mode="fresh")
    assert_exact(study, [0, 7, 10])


@pytest.mark.parametrize("delta", ["error", "independent"])
@pytest.mark.parametrize("ensemble", [Wild(), Wild(zeros=0.2), Graded(), Huge()], ids=str)
def test_matrices_anywhere_in_the_range(delta: Any, ensemble: ensembles.Ensemble) -> None:
    """States then run ahead of their inputs, or follow them alone, by hundreds of orders a step."""
    study = rs.Study(
        ensemble=ensemble, size=3, horizon=4, samples=40, inputs=2, delta=delta, mode="fresh", gain=1
    )
    assert_exact(study, list(range(40)), atol=1e-11)
    assert (columns(study)["log_gradient"] == -np.inf).any() == (ensemble == Wild(zeros=0.2))


def test_inputs_after_a_matrix_of_zeros_are_all_of_the_state() -> None:
    """Beside what the state had been before they are nothing that float64 could hold."""
    ensemble = Wild(span=0.0, zeros=0.4)
    study = rs.Study(ensemble=ensemble, size=2, horizon=8, samples=40, inputs=1, mode="fresh", gain=1e280)
    assert_exact(study, list(range(40)), atol=1e-11)


def test_a_sample_does_not_see_its_neighbours() -> None:
    study = rs.Study(ensemble=Wild(), size=3, horizon=12, samples=16, mode="fresh")
    whole = columns(study)
    for sample in (0, 5, 15):
        for name, column in columns(study, sample, sample + 1).items():
            assert column.tobytes() == whole[name][sample : sample + 1].tobytes(), name


@pytest.mark.parametrize("delta", ["error", "independent"])
def test_bits_do_not_depend_on_threads_shards_or_tiles(delta: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    study = rs.Study(size=5, horizon=37, samples=203, delta=delta, mode="fresh", measure="eigenvalues")
    whole = columns(study)
    pieces = [(0, 64), (64, 150), (150, 203)]
    for threads in (2, 3):
        assert {n: c.tobytes() for n, c in columns(study, threads=threads).items()} == {
            n: c.tobytes() for n, c in whole.items()
        }
        parts = [columns(study, *piece, threads=threads) for piece in pieces]
        for name, column in whole.items():
            assert np.concatenate([part[name] for part in parts]).tobytes() == column.tobytes(), name
    for elements in (1, 8 * 25 * 7, 8 * 25 * 60):
        monkeypatch.setattr(fresh_cpu, "TILE_ELEMENTS", elements)
        for name, column in columns(study, threads=2).items():
            assert column.tobytes() == whole[name].tobytes(), name


def test_the_first_matrix_is_that_of_the_fixed_study() -> None:
    fresh = rs.Study(size=4, horizon=10, samples=20, mode="fresh")
    found, fixed = columns(fresh), columns(fresh.replace(mode="fixed"))
    for name in fixed.keys() - {"log_error", "log_gradient", "log_gradient_A", "log_gradient_B"}:
        np.testing.assert_array_equal(found[name], fixed[name])
    assert fixed.keys() - found.keys() == {"log_gradient_A"}
    # One step has one matrix in either mode.
    one = fresh.replace(horizon=1)
    found, fixed = columns(one), columns(one.replace(mode="fixed"))
    for name in ("log_error", "log_gradient", "log_gradient_B"):
        np.testing.assert_allclose(found[name], fixed[name], rtol=0, atol=1e-13)


def growth_at(study: rs.Study, lag: int) -> Array:
    """Growth at one lag with the sample's gain divided out of every step."""
    found = columns(study, threads=2)
    growth = found["log_gradient"][:, study.lags.index(lag)] - found["log_error"]
    return growth - lag * np.log(found["gain"])


def z_scores(growth: Array, lag: int, mean: float, variance: float, fourth: float) -> tuple[float, float]:
    """Of mean and variance, growth being a sum of `lag` independent terms with these cumulants."""
    count = len(growth)
    of_mean = (growth.mean() - lag * mean) / np.sqrt(lag * variance / count)
    error = np.sqrt((lag * fourth + 2 * (lag * variance) ** 2) / count)
    return of_mean, (growth.var() - lag * variance) / error


@pytest.mark.parametrize("size", [1, 2, 4, 9, 20])
def test_growth_of_real_ginibre_matrices_is_newmans(size: int) -> None:
    study = rs.Study(size=size, horizon=60, lags=(40,), samples=4000, delta="independent", mode="fresh")
    mean, variance = rs.theory.lyapunov_exponents_fresh(size)[0], rs.theory.fresh_growth_variance(size)
    fourth = float(special.polygamma(3, size / 2)) / 16
    scores = z_scores(growth_at(study, 40), 40, mean, variance, fourth)
    assert max(np.abs(scores)) < Z


def test_growth_of_complex_ginibre_matrices() -> None:
    """A step multiplies |delta|^2 by g^2 / n times a Gamma(n) number."""
    study = rs.Study(
        ensemble=ensembles.ComplexGinibre(),
        size=3,
        horizon=30,
        samples=4000,
        delta="independent",
        mode="fresh",
    )
    mean = (special.digamma(3) - np.log(3)) / 2
    cumulants = special.polygamma(1, 3) / 4, special.polygamma(3, 3) / 16
    scores = z_scores(growth_at(study, 30), 30, mean, *map(float, cumulants))
    assert max(np.abs(scores)) < Z


def test_the_first_radius_foretells_nothing_of_other_steps() -> None:
    """At one gain A_1 and all that is drawn later are independent; in the fixed study they decide."""
    study = rs.Study(size=8, horizon=64, samples=4000, gain=1, delta="independent", mode="fresh")
    for mode, related in (("fresh", False), ("fixed", True)):
        found = columns(study.replace(mode=mode), threads=2)
        growth = found["log_gradient"][:, study.lags.index(48)] - found["log_error"]
        z = stats.spearmanr(found["spectral_radius"], growth)[0] * np.sqrt(study.samples - 1)
        assert (abs(z) > 10 * Z) if related else (abs(z) < Z)


def test_haar_matrices_keep_every_norm() -> None:
    study = rs.Study(
        ensemble=ensembles.HaarOrthogonal(),
        size=7,
        horizon=300,
        samples=30,
        delta="independent",
        mode="fresh",
    )
    found = columns(study)
    growth = found["log_gradient"] - found["log_error"][:, None]
    np.testing.assert_allclose(growth, np.log(found["gain"])[:, None] * study.lags, rtol=0, atol=1e-11)


@pytest.mark.parametrize("exponent", [-900, -30, 30, 900])
def test_a_power_of_two_as_gain_changes_no_mantissa(exponent: int) -> None:
    plain = rs.Study(size=6, horizon=100, samples=16, gain=1, delta="independent", mode="fresh")
    found, scaled = columns(plain), columns(plain.replace(gain=2.0**exponent))
    shift = exponent * np.log(2.0) * np.array(plain.lags)
    np.testing.assert_allclose(scaled["log_gradient"], found["log_gradient"] + shift, rtol=1e-15, atol=1e-12)


def test_gain_zero_leaves_the_error_and_nothing_before_it() -> None:
    study = rs.Study(size=4, horizon=5, samples=10, gain=0, mode="fresh")
    found = columns(study)
    assert np.isfinite(found["log_error"]).all()
    assert np.isfinite(found["log_gradient_B"]).all()
    np.testing.assert_array_equal(found["log_gradient"], -np.inf)


@pytest.mark.parametrize("flaw", [np.nan, np.inf])
@pytest.mark.parametrize("delta", ["error", "independent"])
def test_a_matrix_that_is_not_finite_at_any_step_is_an_outcome(flaw: float, delta: Any) -> None:
    study = rs.Study(ensemble=Flawed(flaw), size=3, horizon=20, samples=40, delta=delta, mode="fresh")
    found = columns(study)
    finite = np.array([np.isfinite(matrices(study, sample)).all() for sample in range(study.samples)])
    expected = np.where(finite, Outcome.OK, Outcome.NON_FINITE)
    np.testing.assert_array_equal(found["outcome"], expected)
    assert np.isnan(found["log_gradient"][~finite]).all()
    assert np.isfinite(found["log_gradient"][finite]).all()
    first = np.array([np.isfinite(matrices(study, sample)[0]).all() for sample in range(study.samples)])
    assert (first & ~finite).any()


def test_a_long_run_stops_between_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh_cpu, "TILE_ELEMENTS", 1)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 20

    with pytest.raises(Cancelled):
        CpuDevice(1).columns(
            rs.Study(size=2, horizon=1000, samples=8, mode="fresh"), 0, 8, cancelled=cancelled
        )
    assert asked == 21


def test_the_mode_is_part_of_the_question() -> None:
    study = rs.Study(mode="fresh")
    assert study.hash != rs.Study().hash
    assert rs.Study.from_toml(study.to_toml()) == study
    assert 'mode = "fresh"' in study.to_toml()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"samples": 2**40}, r'mode = "fresh", samples = 1099511627776, horizon = 1000: .* 2\*\*40 samples'),
        ({"horizon": 2**23}, r"samples = 50000, horizon = 8388608: .* 2\*\*23 steps"),
        (
            {"ensemble": ensembles.Given(np.ones((3, 2, 2))), "size": 2, "samples": 3},
            r'mode = "fresh": an ensemble Given has no law .* mode = "fixed", or .* would do',
        ),
    ],
)
def test_a_study_without_fresh_matrices_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(StudyError, match=message):
        rs.Study(mode="fresh", **fields)
    assert rs.Study(mode="fixed", **fields).mode == "fixed"


def test_the_last_matrix_has_a_number() -> None:
    study = rs.Study(mode="fresh", samples=2**40 - 1, horizon=2**23 - 1, size=2)
    last = drawing.matrix_number(np.array([study.samples - 1]), np.array([study.horizon]))
    assert last[0] == 2**40 - 2 + (2**23 - 2) * 2**40
    assert study.ensemble.sample(2, 1, seed=1, start=int(last[0])).shape == (1, 2, 2)


def test_missing_gradients_are_explained() -> None:
    fresh = rs.run(rs.Study(size=2, horizon=4, samples=8, mode="fresh"))
    assert fresh.log_gradient_B.shape == (8,)
    with pytest.raises(AttributeError, match='the study has mode = "fresh", so each step has an A'):
        _ = fresh.log_gradient_A
    apart = rs.run(rs.Study(size=2, horizon=4, samples=8, mode="fresh", delta="independent"))
    for name in ("log_gradient_A", "log_gradient_B"):
        with pytest.raises(AttributeError, match='with delta = "independent" no states are run'):
            getattr(apart, name)


def test_the_estimate_knows_what_is_drawn() -> None:
    fixed = rs.Study(size=16, horizon=1000)
    fresh = fixed.replace(mode="fresh")
    assert sample_seconds(fresh) > 3 * sample_seconds(fixed)
    once = sample_seconds(fresh.replace(horizon=1))
    both, back = sample_seconds(fresh) - once, sample_seconds(fresh.replace(delta="independent")) - once
    assert both == pytest.approx(2 * back, rel=0.01)
    assert sample_seconds(fresh.replace(ensemble=Wild())) > 5 * sample_seconds(fresh)


def test_verdict_and_figures_say_which_matrix_they_speak_of() -> None:
    study = rs.Study(size=4, horizon=32, samples=400, gain=1, delta="independent", mode="fresh")
    result = rs.run(study)
    text = " ".join(str(rs.criterion(result)).split())
    assert "a fresh A each step, ρ of A₁" in text
    assert "The predictors are of A₁, the matrix of the first step" in text
    fixed = rs.run(study.replace(mode="fixed"))
    assert "fresh" not in str(rs.criterion(fixed))
    assert not any("theory" in str(line.get_label()) for line in rs.plots.growth_fan(fixed).axes[0].lines)
    (axes,) = rs.plots.growth_fan(result).axes
    (line,) = (line for line in axes.lines if "theory" in str(line.get_label()))
    exponent = rs.theory.lyapunov_exponents_fresh(4)[0]
    np.testing.assert_allclose(np.asarray(line.get_ydata()), exponent * result.lags)
    for name, figure in rs.plots.all_figures(result).items():
        figure.draw_without_rendering()
        assert "ρ of A₁" in " ".join(figure.get_suptitle().split()), name
