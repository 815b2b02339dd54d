"""The counterexamples against closed forms, high precision and plain simulation.

One simulation is compared, from a fixed seed, at 4.5 standard errors: it fails with probability 7e-6 where all is
right.
"""

import json
import math
import re
from pathlib import Path

import flint  # pyright: ignore[reportMissingImports]  # it has no type hints
import mpmath
import naive
import numpy as np
import pytest
from matplotlib.figure import Figure

import rhoscope as rs
from rhoscope import theory
from rhoscope.falsification import BAND, Falsification, judge
from rhoscope.falsification_system import System
from rhoscope.falsification_systems import SYSTEMS, complex_pair, orthogonal

PAGE = Path(__file__).parents[1] / "docs" / "counterexamples.md"
FIXED = [
    "negative",
    "transient",
    "jordan",
    "jordan-complex",
    "orthogonal",
    "complex-pair",
    "unreached",
    "unseen",
    "nilpotent",
]
NAMES = [*FIXED[:5], "orthogonal-twin", *FIXED[5:], "nilpotent-twin", "fresh"]


@pytest.fixture(scope="module")
def found() -> Falsification:
    return rs.counterexamples()


@pytest.fixture(scope="module")
def figure(found: Falsification) -> Figure:
    return rs.plots.counterexamples(found)


def growth_mp(system: System, gradient: str | None = None, digits: int = 60) -> np.ndarray:
    """log|(A^T)^k δ| or log|B^T (A^T)^k δ| less its value at k = 0, of the stored numbers, by stepping in mpmath.

    Digits are enough for the exactly built systems, whose modes never meet.
    """
    with mpmath.workdps(digits):
        adjoint, reads = mpmath.matrix(system.A.T.tolist()), mpmath.matrix(system.B.T.tolist() or [[0]])
        vector, logs = mpmath.matrix(system.delta.tolist()), []
        kind = gradient or system.gradient
        for _ in range(system.horizon + (kind == "h")):
            norm = mpmath.norm(vector if kind == "h" else reads * vector)
            logs.append(float(mpmath.log(norm)) if norm else -math.inf)
            vector = adjoint * vector
    return np.array(logs) - logs[0]


def sign_agreement(growth: np.ndarray, radius: float) -> int | None:
    """The first lag from which on the sign of the growth is that of log ρ, looked for from the far end."""
    sign = (radius > 1) - (radius < 1)
    lag = len(growth)
    while lag > 1 and np.sign(growth[lag - 1]) == sign:
        lag -= 1
    return lag if lag < len(growth) else None


def wrong_lags(growth: np.ndarray, reading: str) -> list[int]:
    """The lags at which a growth by more than the band, or a loss by more, is not what was read."""
    outcomes = ["explodes" if G > BAND else "vanishes" if G < -BAND else "open" for G in growth]
    return [lag for lag, outcome in enumerate(outcomes) if outcome not in (reading, "open")]


def test_every_system_of_the_suite_is_there(found):
    assert [case.name for case in found] == NAMES
    assert len(found) == len(SYSTEMS)


@pytest.mark.parametrize("name", FIXED)
def test_growth_and_its_sign_are_those_of_high_precision(found, name):
    case = found[name]
    expected = growth_mp(case.system)
    np.testing.assert_allclose(case.log_growth, expected, rtol=1e-11, atol=1e-11)
    assert case.agrees_from == sign_agreement(expected, case.system.exact_radius)
    assert case.wrong.tolist() == wrong_lags(expected, case.reading)


# What the definitions and the closed forms say of each system, not what the program printed.
@pytest.mark.parametrize(
    ("name", "reading", "predicted", "observed"),
    [
        ("negative", "vanishes", "explodes", "explodes"),
        ("transient", "vanishes", "vanishes", "vanishes"),
        ("jordan", "indeterminate", "indeterminate", "explodes"),
        ("jordan-complex", "indeterminate", "indeterminate", "explodes"),
        ("orthogonal", "explodes", "explodes", "vanishes"),
        ("orthogonal-twin", "explodes", "explodes", "explodes"),
        ("complex-pair", "vanishes", "vanishes", "vanishes"),
        ("unreached", "explodes", "explodes", "vanishes"),
        ("unseen", "explodes", "explodes", "vanishes"),
        ("nilpotent", "vanishes", "indeterminate", "vanishes"),
        ("nilpotent-twin", "explodes", "indeterminate", "explodes"),
        ("fresh", "explodes", "explodes", "vanishes"),
    ],
)
def test_foretold_and_observed(found, name, reading, predicted, observed):
    case = found[name]
    assert (case.reading, case.predicted, case.observed) == (reading, predicted, observed)
    assert case.asymptotic == predicted  # every horizon is long enough for the bounds of ρ to decide
    exact = case.log_growth if case.system.exact is None else case.system.exact
    assert case.wrong.tolist() == wrong_lags(exact, reading)
    assert case.wrong.size > 10


@pytest.mark.parametrize("name", [name for name in NAMES if name != "fresh"])
def test_bounds_of_the_radius_come_from_the_condition_of_the_leading_eigenvalues(found, name):
    case, A = found[name], found[name].system.A
    values, kappa = naive.eigenvalue_conditions(A)
    error = 8 * len(A) * np.finfo(float).eps * np.linalg.norm(A) * kappa
    leads = np.abs(values) >= 0.9 * np.abs(values).max()
    assert case.radius_high == pytest.approx((np.abs(values) + error)[leads].max(), rel=1e-9)
    assert case.radius_low == pytest.approx(max(0.0, (np.abs(values) - error)[leads].max()), rel=1e-9)
    assert case.radius_low <= case.system.exact_radius <= case.radius_high


def test_the_scalar_doubles_from_the_first_lag(found):
    case = found["negative"]
    np.testing.assert_allclose(case.log_growth, np.arange(101) * math.log(2), rtol=1e-14)
    assert case.agrees_from == 1
    assert case.transient == rs.falsification.Transient(height=0.0, lag=0, length=0)


def test_the_transient_passes_a_million(found):
    case = found["transient"]
    A = case.system.A
    assert (np.tril(A, -1) == 0).all()
    assert np.abs(A).max() <= 2
    exact = growth_mp(case.system)
    assert case.transient.height == pytest.approx(exact.max(), rel=1e-12)
    assert case.transient.height > math.log(1e6)
    assert case.transient.lag == exact.argmax()
    assert case.transient.length == (exact[1:] > 0).sum()
    assert case.agrees_from == case.transient.length + 1


@pytest.mark.parametrize(("name", "size"), [("jordan", 4), ("jordan-complex", 3)])
def test_jordan_blocks_on_the_circle_grow_like_a_power(found, name, size):
    # The blocks at ±i are those at 1, each entry turned; δ is the first unit vector.
    case = found[name]
    expected = [math.log(np.linalg.norm(theory.jordan_power(1.0, size, lag)[0])) for lag in range(1001)]
    np.testing.assert_allclose(case.log_growth, expected, rtol=1e-12, atol=1e-12)
    assert case.agrees_from is None
    assert case.transient.length == 1000
    assert case.transient.height == case.log_growth[-1]


def test_exact_zeros_keep_the_gradient_from_the_leading_modes_for_ever():
    system = orthogonal()
    A, delta, T = system.A, system.delta, 6_000
    assert A.T[2:, :2].any()  # the modes are coupled, one way
    assert not A.T[:2, 2:].any()
    assert not delta[:2].any()
    growth = rs.bptt(A, system.B, np.zeros((T, 0)), np.zeros(4), -delta).log_norm_dh[::-1]
    # The rate of the next eigenvalue: from lag 60 on the one of −1/4 is lost in rounding.
    assert growth[T] - growth[60] == pytest.approx((T - 60) * math.log(0.5), rel=1e-13)


def test_in_the_rotated_twin_rounding_brings_the_mode_back_within_tens_of_steps(found):
    plain, twin = found["orthogonal"], found["orthogonal-twin"]
    np.testing.assert_allclose(twin.system.exact, growth_mp(plain.system), rtol=1e-11, atol=1e-11)
    stored = growth_mp(twin.system)
    for growth in (twin.log_growth, stored):
        apart = int(np.flatnonzero(np.abs(growth - twin.system.exact) > BAND)[0])
        assert 20 <= apart <= 50  # log(1/ε)/log 3 = 33
        # The leading pair is ±1.5i: over whole turns of 4 steps its rate is exact.
        assert growth[200] - growth[100] == pytest.approx(100 * math.log(1.5), rel=1e-9)
    assert twin.agrees_from == sign_agreement(twin.log_growth, 1.5)
    assert twin.agrees_from is not None
    assert 70 <= twin.agrees_from <= 110  # log(1/ε)/log 1.5 = 89
    assert plain.agrees_from is None


def test_the_rate_of_one_step_never_settles_for_a_complex_pair(found):
    case, system = found["complex-pair"], complex_pair()
    lags = np.arange(401)
    # (Aᵀ)^k e₁ = r^k (cos kθ, −32 sin kθ).
    expected = lags * math.log(0.98) + np.log(np.hypot(np.cos(0.15 * lags), 32 * np.sin(0.15 * lags)))
    np.testing.assert_allclose(case.log_growth, expected, rtol=1e-11, atol=1e-11)
    rates = np.diff(case.log_growth)[200:]
    assert case.step_rate == (rates.min(), rates.max())
    assert 0.3 < (rates > 0).mean() < 0.6
    assert min(-rates.min(), rates.max()) > 50 * abs(math.log(0.98))
    assert case.transient.length < case.agrees_from - 1  # in between the sign is right and wrong again
    assert system.exact_radius == 0.98


def test_inputs_do_not_reach_the_unstable_mode(found):
    case = found["unreached"]
    summed = [theory.triangular2_power(0.6, 0.3, 0.5, lag).sum() for lag in range(201)]
    np.testing.assert_allclose(case.log_growth, np.log(summed) - math.log(2), rtol=1e-12, atol=1e-12)
    exploding = growth_mp(case.system, gradient="h")
    assert exploding[200] == pytest.approx(200 * math.log(1.2), abs=3)
    assert case.wrong.tolist() == wrong_lags(case.log_growth, "explodes")


def test_the_error_does_not_see_the_unstable_mode(found):
    system = found["unseen"].system
    # B reaches both modes and the error sees one: the observability matrix has rank 1, exactly.
    reached = np.column_stack([system.B, system.A @ system.B])
    seen = np.stack([system.delta, system.A.T @ system.delta])
    assert np.linalg.matrix_rank(reached) == 2
    assert np.linalg.det(seen) == 0
    np.testing.assert_allclose(found["unseen"].log_growth, np.arange(201) * math.log(0.5), rtol=1e-13)


def test_the_shift_grows_and_is_then_exactly_zero(found):
    case = found["nilpotent"]
    expected = theory.log_norm_shift(2.0, 64, range(201))
    np.testing.assert_allclose(case.log_growth, expected, rtol=1e-13)
    assert (case.agrees_from, case.transient.lag, case.transient.length) == (64, 63, 63)
    assert case.transient.height == pytest.approx(63 * math.log(2), rel=1e-13)


def test_the_disguised_shift_is_indeterminate_and_its_gradient_is_rounding(found):
    case = found["nilpotent-twin"]
    A = case.system.A
    assert case.radius_low == 0 < 1.05 < case.spectral_radius
    assert case.asymptotic == "indeterminate"
    np.testing.assert_array_equal(case.system.exact, theory.log_norm_shift(2.0, 64, range(201)))
    np.testing.assert_allclose(case.log_growth[:50], case.system.exact[:50], rtol=1e-4)
    assert np.isfinite(case.log_growth).all()
    # ρ is 0, so a gradient that does not end has the other sign for ever, whatever the computed ρ says.
    assert (case.agrees_from, case.transient.length) == (None, 200)
    # Not LAPACK's fault: the eigenvalues of the rounded entries lie near a circle of radius 1.1.
    with flint.ctx.workprec(300):
        values = flint.acb_mat(A.tolist()).eig(algorithm="approx")
    moduli = [abs(complex(value)) for value in values]
    assert len(moduli) == 64
    assert sum(1.05 < modulus < 1.2 for modulus in moduli) >= 62
    # At lag 64 what is left is 2^63 times rounding, and it grows again.
    assert case.log_growth[64] < case.log_growth[63] - 20
    assert case.log_growth[64:].max() > case.log_growth[63]


def test_fresh_paths_are_those_of_plain_stepping(found):
    case = found["fresh"]
    A, vectors = case.system.A, np.tile(case.system.delta, (101, 1))
    assert A.shape == (101, 600, 4, 4)
    for lag in range(1, 601):  # at lag k the matrix of step T - k + 1 has been passed
        vectors = np.einsum("pij,pi->pj", A[:, 600 - lag], vectors)
        np.testing.assert_allclose(
            case.path_growth[:, lag], np.log(np.linalg.norm(vectors, axis=1)), rtol=1e-9, atol=1e-9
        )
    np.testing.assert_array_equal(case.log_growth, np.median(case.path_growth, axis=0))
    drawn = rs.ensembles.RealGinibre().sample(4, 600, seed=539, gain=1.05)
    np.testing.assert_array_equal(A[0], drawn)


def test_the_mean_of_fresh_matrices_explodes_and_the_typical_path_vanishes(found):
    case = found["fresh"]
    typical = theory.lyapunov_exponents_fresh(4, 1.05)[0]
    assert typical < 0 < math.log(case.spectral_radius)
    np.testing.assert_allclose(case.system.exact, np.arange(601) * typical, rtol=1e-14)
    error = math.sqrt(600 * theory.fresh_growth_variance(4) / 101)
    assert abs(case.path_growth[:, 600].mean() - 600 * typical) < 4.5 * error
    assert case.interval is not None
    assert case.interval.low < case.log_growth[-1] < case.interval.high < -BAND
    # The mean square is g^{2k}, which 101 paths show at a short lag: (1 + 2/n)^k − 1 is its relative variance.
    mean_square = np.exp(2 * case.path_growth[:, 2]).mean()
    assert abs(mean_square / 1.05**4 - 1) < 4.5 * math.sqrt((1.5**2 - 1) / 101)
    assert case.agrees_from is None


def test_arrays_of_a_system_make_the_gradients_it_reports(found):
    for name in FIXED:
        case, system = found[name], found[name].system
        gradients = rs.bptt(system.A, system.B, system.x, system.h0, system.y)
        np.testing.assert_array_equal(gradients.dh[-1], system.delta)
        if system.gradient == "h":
            np.testing.assert_array_equal(
                case.log_growth, gradients.log_norm_dh[::-1] - gradients.log_norm_dh[-1]
            )


def test_nothing_of_a_case_can_be_changed_by_accident(found):
    for case in found:
        for array in (case.system.A, case.system.B, case.system.delta, case.log_growth, case.path_growth):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 1.0


def test_each_judgement_starts_from_new_arrays():
    first, second = judge(complex_pair()), judge(complex_pair())
    assert first.system.A is not second.system.A
    np.testing.assert_array_equal(first.log_growth, second.log_growth)


def test_cases_are_found_by_name_and_an_unknown_one_names_the_nearest(found):
    assert found["jordan"].system.title == "Jordan block, λ = 1"
    with pytest.raises(KeyError, match="'jordan' would do"):
        found["jordon"]


def test_the_table_has_a_row_a_case_within_100_columns(found):
    lines = str(found).splitlines()
    assert max(map(len, lines)) <= 100
    header = lines[1].split()
    assert header[0] == "case"
    rows = lines[2 : 2 + len(NAMES)]
    assert [row.split()[0] for row in rows] == NAMES
    assert {len(row) for row in rows} == {len(lines[1])}
    assert rows[1].split() == [
        "transient",
        "400",
        "0.9",
        "vanishes",
        "vanishes",
        "−22.7",
        "185",
        "15.2",
        "184",
    ]
    assert rows[9].split()[-5:] == ["vanishes", "−∞", "64", "43.7", "63"]
    for case in found:
        assert f"\n{case.name}: " in str(found)
    text = " ".join(str(found).split())
    assert "Naive reading: vanishes, wrong at lags 3 to 54 (34 of them)." in text
    assert "In exact arithmetic G_T = −∞." in text


def test_the_notebook_shows_the_same_rows(found):
    page = found._repr_html_()
    assert page.count("<tr>") == len(NAMES) + 1
    assert page.count("<li>") == len(NAMES)
    assert "<td>−22.7</td>" in page


def test_json_is_strict_and_holds_every_number(found):
    shown = json.loads(found.to_json(), parse_constant=pytest.fail)
    assert shown["band"] == BAND
    by_name = {case["name"]: case for case in shown["cases"]}
    assert list(by_name) == NAMES
    shift = by_name["nilpotent"]
    assert shift["log_growth"][63:65] == [pytest.approx(63 * math.log(2)), "-inf"]
    assert by_name["jordan"]["agrees_from"] is None
    assert by_name["transient"]["transient"] == vars(found["transient"].transient)
    assert by_name["fresh"]["paths"] == 101
    assert by_name["fresh"]["interval"][0] < by_name["fresh"]["log_growth"][-1]
    assert by_name["complex-pair"]["wrong"] == found["complex-pair"].wrong.tolist()


def test_the_figure_has_a_panel_a_case_and_the_numbers_it_shows(found, figure):
    assert len(figure.axes) == len(NAMES)
    table = figure.table
    assert len({column.size for column in table.values()}) == 1
    for axes, case in zip(figure.axes, found, strict=True):
        assert axes.get_title("left") == f"{case.system.title}\nnaive: {case.reading}"
        rows = table["case"] == case.name
        np.testing.assert_array_equal(table["lag"][rows], np.arange(case.log_growth.size))
        np.testing.assert_array_equal(table["log_growth"][rows], case.log_growth)
        np.testing.assert_array_equal(table["other_sign"][rows], case.disagrees)
        line = {line.get_label(): line for line in axes.lines}
        drawn = np.asarray(line["gradient, computed"].get_ydata(), float)
        finite = np.isfinite(case.log_growth)
        np.testing.assert_array_equal(drawn[finite], case.log_growth[finite])
        assert np.isnan(drawn[~finite]).all()
        if case.spectral_radius > 0:
            foretold = np.asarray(line["k log ρ, ρ computed"].get_ydata(), float)
            np.testing.assert_allclose(foretold, table["lag"][rows] * math.log(case.spectral_radius))
    rows = table["case"] == "fresh"
    assert (table["quantile_5"][rows] <= table["log_growth"][rows]).all()
    assert (table["quantile_95"][rows] >= table["log_growth"][rows]).all()


def test_the_legend_is_shared(figure):
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "sign of $G_k$ is not that of log ρ",
        "gradient, computed",
        "k log ρ, ρ computed",
        "gradient, exact or typical",
        "90 % of paths",
    ]


def test_any_number_of_cases_can_be_drawn(found, tmp_path: Path):
    few = Falsification(found.cases[:6])
    drawn = rs.plots.counterexamples(few)
    assert len(drawn.axes) == 6
    assert [path.name for path in rs.plots.save(drawn, tmp_path / "few")] == ["few.png", "few.csv"]
    assert len((tmp_path / "few.csv").read_text().splitlines()) == 1 + drawn.table["lag"].size


def test_the_page_tells_of_every_case(found):
    text = PAGE.read_text("utf-8")
    headings = {
        name
        for names in re.findall(r"^\*\*([a-z, -]+)\.\*\*", text, re.MULTILINE)
        for name in names.split(", ")
    }
    assert headings == set(NAMES)


def test_figures_told_on_the_page(found):
    transient, pair, twin = found["transient"], found["complex-pair"], found["nilpotent-twin"]
    assert round(math.exp(transient.transient.height) / 1e6) == 4
    vectors = np.linalg.eig(transient.system.A)[1]
    assert 11.5 < math.log10(np.linalg.cond(vectors)) < 12.5
    assert pair.disagrees[[20, 21, 22]].tolist() == [True, False, True]
    assert [round(rate, 1) for rate in pair.step_rate] == [-1.6, 1.6]
    assert math.exp(found["nilpotent"].transient.height) == pytest.approx(9e18, rel=0.05)
    assert 1.05 < twin.spectral_radius < 1.2
