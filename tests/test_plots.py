"""Figures: the numbers they carry, what they draw at the edges, and that they are written whole."""

import csv
import io
import math
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from synthetic import ginibre, result_of

from rhoscope import plots, theory
from rhoscope.ensembles import ComplexGinibre, Diagonal, Given, RealGinibre, Symmetric
from rhoscope.errors import ArgumentError, ArgumentTypeError, StoreError
from rhoscope.intervals import share
from rhoscope.result import Result
from rhoscope.study import Study
from rhoscope.verdict import Verdict, criterion


@pytest.fixture(scope="module")
def result() -> Result:
    return ginibre()


@pytest.fixture(scope="module")
def verdict(result: Result) -> Verdict:
    return criterion(result)


def xs(line: Line2D) -> np.ndarray:
    return np.asarray(line.get_xdata(), float)


def words(title: str) -> str:
    """A title on one line."""
    return " ".join(title.split())


def text_of(figure: Figure) -> str:
    """Every title, label and legend entry."""
    found = [words(figure.get_suptitle())]
    for axes in figure.axes:
        found += [axes.get_xlabel(), axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
    for legend in figure.legends:
        found += [text.get_text() for text in legend.get_texts()]
    return "\n".join(found)


def test_few_samples_are_drawn_as_points(result):
    figure = plots.gradient_vs_radius(result, lag=24)
    place = result.study.lags.index(24)
    np.testing.assert_allclose(figure.table["spectral_radius"], result.spectral_radius)
    np.testing.assert_array_equal(figure.table["log_growth"], result.log_growth[:, place])
    upper, lower = figure.axes
    excess = np.asarray(lower.lines[0].get_ydata(), float)
    np.testing.assert_allclose(
        excess, result.log_growth[:, place] - 24 * np.log(result.spectral_radius), atol=1e-9
    )
    line = next(line for line in upper.lines if line.get_label() == "k log ρ")
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), 24 * np.log(xs(line)))
    assert "lag k = 24" in text_of(figure)


def test_many_samples_are_counted_in_cells():
    result = ginibre(samples=6000, size=2, horizon=4)
    figure = plots.gradient_vs_radius(result)
    assert figure.table["samples"].sum() == 6000
    meshes = [item for axes in figure.axes[:2] for item in axes.collections if isinstance(item, QuadMesh)]
    assert len(meshes) == 2
    assert all(mesh.get_rasterized() for mesh in meshes)


def test_exact_zeros_are_told_where_they_cannot_be_drawn():
    study = Study(size=4, horizon=1, samples=50, gain=1.0)
    generator = np.random.default_rng(1)
    growth = generator.standard_normal((50, 1))
    growth[:4] = -np.inf
    radius = np.ones(50)
    radius[3:6] = 0
    figure = plots.gradient_vs_radius(result_of(study, spectral_radius=radius, log_gradient=growth))
    assert figure.table["log_growth"].size == 44
    assert "6 with ρ or gradient exactly 0 not shown" in text_of(figure)


def test_fan_holds_the_quantiles_of_five_groups(result):
    table = plots.growth_fan(result).table
    assert table["samples"].tolist() == [400] * (5 * len(result.lags))
    order = np.argsort(result.spectral_radius)
    row = (table["lag"] == 64) & (table["radius_from"] == np.sort(result.spectral_radius)[400])
    growth = result.log_growth[order[400:800], result.study.lags.index(64)]
    assert table["quantile_50"][row] == np.quantile(growth, 0.5, method="inverted_cdf")
    assert table["quantile_5"][row] == np.quantile(growth, 0.05, method="inverted_cdf")
    assert table["quantile_95"][row] == np.quantile(growth, 0.95, method="inverted_cdf")


def test_fans_of_several_results_stand_side_by_side(result):
    other = ginibre(samples=300, gain=1.0)
    figure = plots.growth_fan([result, other])
    assert [words(axes.get_title("left")) for axes in figure.axes] == [
        "RealGinibre, n = 8, gain 0.6 to 1.4, T = 256, N = 2,000",
        "RealGinibre, n = 8, gain 1, T = 256, N = 300",
    ]
    for place, single in enumerate((result, other)):
        rows = figure.table["result"] == place
        for name, column in plots.growth_fan(single).table.items():
            if name != "result":
                np.testing.assert_array_equal(figure.table[name][rows], column)
    with pytest.raises(ArgumentError, match="results: got none"):
        plots.growth_fan([])


def test_transition_counts_every_sample_once_a_lag(result):
    table = plots.transition(result, lags=[16, 256]).table
    for lag in (16, 256):
        rows = table["lag"] == lag
        exploding = result.log_growth[:, result.study.lags.index(lag)] > math.log(10)
        assert table["samples"][rows].sum() == 2000
        assert table["explode"][rows].sum() == exploding.sum()
        assert (np.diff(table["spectral_radius"][rows]) > 0).all()
    assert table["samples"].min() >= 50
    found = share(int(table["explode"][0]), int(table["samples"][0]))
    assert (table["share"][0], table["low"][0], table["high"][0]) == (found.value, found.low, found.high)


def test_transition_of_a_sweep_has_a_curve_for_each_study():
    sweep = [ginibre(samples=300, size=size, horizon=16) for size in (2, 4)]
    figure = plots.transition(sweep)
    assert sorted(set(zip(figure.table["size"].tolist(), figure.table["lag"].tolist(), strict=True))) == [
        (2, 16),
        (4, 16),
    ]
    assert "n = 4, k = 16" in text_of(figure)
    assert "2 studies" in text_of(figure)


def test_transition_against_gain_tends_to_the_share_above_one(result):
    """The limit against the radii themselves, at 4.5 standard errors: false alarms 7e-6."""
    table = plots.transition_vs_gain(result, lags=[16, 256]).table
    for lag in (16, 256):
        rows = table["lag"] == lag
        exploding = result.log_growth[:, result.study.lags.index(lag)] > math.log(10)
        assert table["samples"][rows].sum() == 2000
        assert table["explode"][rows].sum() == exploding.sum()
        assert (np.diff(table["gain"][rows]) > 0).all()
    limit, samples = table["limit"][rows], table["samples"][rows]
    above = (result.spectral_radius > 1).sum()
    assert abs(above - limit @ samples) < 4.5 * math.sqrt(samples @ (limit * (1 - limit)))
    assert (np.diff(limit) > 0).all()


def test_transition_against_gain_of_complex_matrices_has_the_exact_limit():
    study = Study(ensemble=ComplexGinibre(), size=4, horizon=1, samples=200, gain=(0.5, 1.5))
    gain = np.linspace(0.5, 1.5, 200)
    figure = plots.transition_vs_gain(result_of(study, gain=gain, log_gradient=np.zeros((200, 1))))
    expected = [1 - theory.kostlan_cdf(1.0, 4, g) for g in figure.table["gain"]]
    np.testing.assert_allclose(figure.table["limit"], expected, rtol=1e-12)
    assert "P(ρ > 1)" in text_of(figure)


@pytest.mark.parametrize(("ensemble", "size"), [(Symmetric(), 4), (RealGinibre(), 129)])
def test_transition_against_gain_draws_no_limit_that_is_not_known(ensemble, size):
    study = Study(ensemble=ensemble, size=size, horizon=1, samples=100, gain=(0.5, 1.5))
    figure = plots.transition_vs_gain(
        result_of(study, gain=np.linspace(0.5, 1.5, 100), log_gradient=np.zeros((100, 1)))
    )
    assert np.isnan(figure.table["limit"]).all()
    assert "P(ρ > 1)" not in text_of(figure)


def test_transition_against_one_gain():
    study = Study(size=4, horizon=1, samples=50, gain=1.0)
    with pytest.raises(ArgumentError, match="result: got the gain 1 alone; one over a range would do"):
        plots.transition_vs_gain(result_of(study, log_gradient=np.zeros((50, 1))))


def test_predictors_carry_the_numbers_of_the_verdict(verdict):
    table = plots.predictors_vs_lag(verdict).table
    row = (table["predictor"] == "frobenius_norm") & (table["lag"] == 24)
    found = verdict[24]["frobenius_norm"]
    assert found.rate.unit_gain is not None
    assert table["spearman_unit_gain_low"][row] == found.rate.unit_gain.spearman.low
    assert table["accuracy_high"][row] == found.table.accuracy.high
    assert set(table["predictor"]) == {"spectral_radius", "frobenius_norm", "spectral_norm", "gain"}


def test_cloud_redraws_the_very_matrices(result):
    figure = plots.eigenvalue_cloud(result, samples=30)
    matrices = result.study.ensemble.sample(8, 30, seed=result.study.seed, gain=result.study.gain)
    expected = np.linalg.eigvals(matrices)
    np.testing.assert_allclose(figure.table["real"], expected.real.ravel(), atol=1e-12)
    assert figure.table["sample"].tolist() == np.repeat(np.arange(30), 8).tolist()
    assert "samples 0 to 29" in text_of(figure)


def test_cloud_draws_the_predicted_ring():
    study = Study(ensemble=Diagonal(inner=0.5, outer=0.9), size=4, horizon=1, samples=5, gain=1.0)
    figure = plots.eigenvalue_cloud(result_of(study, log_gradient=np.zeros((5, 1))))
    radii = {round(float(xs(line).max()), 6) for line in figure.axes[0].lines if xs(line).size == 361}
    assert radii == {1.0, 0.9, 0.5}


def test_cloud_leaves_out_given_matrices_that_are_not_finite():
    matrices = np.stack([np.eye(2), np.full((2, 2), np.nan), 2 * np.eye(2)])
    study = Study(ensemble=Given(matrices), size=2, horizon=1, samples=3, gain=1.0)
    figure = plots.eigenvalue_cloud(result_of(study, log_gradient=np.zeros((3, 1))))
    assert figure.table["sample"].tolist() == [0, 0, 2, 2]
    assert figure.table["real"].tolist() == [1, 1, 2, 2]


def test_all_figures_tell_what_they_show(result, verdict):
    figures = plots.all_figures(result, verdict)
    for name, figure in figures.items():
        assert name in plots.__all__
        assert "RealGinibre, n = 8, gain 0.6 to 1.4, T = 256, N = 2,000" in words(figure.get_suptitle())
        assert len({column.size for column in figure.table.values()}) == 1
        assert all(axes.get_ylabel() for axes in figure.axes)


def test_all_figures_take_the_lag_and_the_band(result):
    figures = plots.all_figures(result, criterion(result, band=1.0), lag=24)
    assert "lag k = 24" in text_of(figures["gradient_vs_radius"])
    assert "> 1" in figures["transition"].axes[0].get_ylabel()
    assert "±1" in text_of(figures["gradient_vs_radius"])


@pytest.mark.parametrize("samples", [1, 7])
def test_degenerate_results_still_draw(samples, tmp_path):
    study = Study(size=4, horizon=2, samples=samples, gain=1.0)
    result = result_of(study, log_gradient=np.zeros((samples, 2)))
    for name, figure in plots.all_figures(result).items():
        plots.save(figure, tmp_path / name)


def test_one_sample_of_a_range_of_gains_draws_what_there_is(tmp_path):
    result = result_of(Study(size=4, horizon=2, samples=1, gain=(0.6, 1.4)), log_gradient=np.zeros((1, 2)))
    assert "transition_vs_gain" not in plots.all_figures(result)
    with pytest.raises(ArgumentError, match="result: got the gain 1 alone"):
        plots.transition_vs_gain(result)


@pytest.mark.parametrize("radius", [0.0, 5e-324, 1e-308, 1e300])
def test_radii_at_the_ends_of_the_range_still_draw(radius, tmp_path):
    study = Study(size=4, horizon=2, samples=60, gain=1.0)
    growth = np.full((60, 2), -np.inf) if radius == 0 else np.log(radius) * np.arange(1, 3) * np.ones((60, 1))
    result = result_of(study, spectral_radius=np.full(60, radius), log_gradient=growth)
    for name, figure in plots.all_figures(result).items():
        plots.save(figure, tmp_path / name)


def test_save_writes_every_format_and_the_numbers(result, tmp_path):
    figure = plots.transition(result)
    written = plots.save(figure, tmp_path / "new" / "shares.v2", formats=["pdf", "svg"])
    assert [path.name for path in written] == ["shares.v2.pdf", "shares.v2.svg", "shares.v2.csv"]
    assert written[0].read_bytes().startswith(b"%PDF")
    with open(written[2], newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["share"]) for row in rows] == figure.table["share"].tolist()


def test_save_writes_png_unless_told_otherwise(result, tmp_path):
    (picture, _) = plots.save(plots.growth_fan(result), tmp_path / "fan")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_points_are_rasterised_inside_vector_output(result, tmp_path):
    (vector, _) = plots.save(plots.gradient_vs_radius(result), tmp_path / "points", formats=["svg"])
    text = vector.read_text(encoding="utf-8")
    assert text.count("<use") < 500
    assert "<image" in text


def test_a_notebook_shows_a_figure(result):
    from matplotlib.image import imread

    picture = imread(io.BytesIO(plots.transition(result)._repr_png_()))
    assert picture.shape[:2] == (450, 510)
    assert picture.min() < picture.max()


def test_figures_leave_no_global_state(result):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    plots.growth_fan(result)
    assert pyplot.get_fignums() == []


def test_unknown_format(result, tmp_path):
    with pytest.raises(ArgumentError, match="formats: got 'bmp7'; give one of"):
        plots.save(plots.growth_fan(result), tmp_path / "fan", formats=["bmp7"])
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_written(result, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="path: cannot write"):
        plots.save(plots.growth_fan(result), tmp_path / "file" / "fan")


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_a_full_disk_is_told_in_words(result, suffix, tmp_path):
    if not Path("/dev/full").exists():
        pytest.skip("only Linux has a disk that is always full")
    (tmp_path / f"fan.{suffix}").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"path: cannot write .*No space left"):
        plots.save(plots.growth_fan(result), tmp_path / "fan", formats=[suffix])


def test_unknown_lag(result):
    for draw in (lambda: plots.gradient_vs_radius(result, lag=5), lambda: plots.transition(result, lags=[5])):
        with pytest.raises(ArgumentError, match="lag: got 5; the study recorded 1, 2, 3"):
            draw()


@pytest.mark.parametrize(
    "draw", [plots.gradient_vs_radius, plots.growth_fan, plots.transition, plots.transition_vs_gain]
)
def test_impossible_band(result, draw):
    with pytest.raises(ArgumentError, match="band: got -1; give a positive finite number"):
        draw(result, band=-1)


@pytest.mark.parametrize("draw", [plots.transition, plots.transition_vs_gain])
def test_no_lags(result, draw):
    with pytest.raises(ArgumentError, match=r"lags: got \[\]; give one lag or several, or None"):
        draw(result, lags=[])


def test_a_result_is_no_verdict(result):
    with pytest.raises(ArgumentTypeError, match=r"verdict: got a Result; give rhoscope.criterion\(result\)"):
        plots.predictors_vs_lag(result)


def test_no_results():
    with pytest.raises(ArgumentError, match="results: got none"):
        plots.transition([])


@pytest.mark.parametrize("samples", [0, 2001])
def test_cloud_of_samples_that_there_are_not(result, samples):
    with pytest.raises(ArgumentError, match=f"samples: got {samples}; give a number from 1 to 2000"):
        plots.eigenvalue_cloud(result, samples=samples)


def test_cloud_of_nothing_finite():
    study = Study(ensemble=Given(np.full((1, 2, 2), np.nan)), size=2, horizon=1, samples=1, gain=1.0)
    with pytest.raises(ArgumentError, match="all with NaN or Inf"):
        plots.eigenvalue_cloud(result_of(study, log_gradient=np.zeros((1, 1))))


def test_long_titles_are_broken_to_the_width_of_the_figure(tmp_path: Path):
    study = Study(
        ensemble=RealGinibre(), size=1024, horizon=10_000_000, samples=50, gain=(0.123, 1.456), lags=(1,)
    )
    figure = plots.growth_fan(result_of(study, log_gradient=np.zeros((50, 1))))
    lines = figure.get_suptitle().splitlines()
    assert max(map(len, lines)) <= 60
    assert any("T = 10,000,000" in words(line) for line in lines)
