"""The verdict on many samples, whose lags threads share."""

import threading

import pytest
from synthetic import ginibre
from threadpoolctl import threadpool_limits

from rhoscope import verdict
from rhoscope.lag_verdict import LagVerdict, judge
from rhoscope.observations import Observations


@pytest.mark.parametrize(("samples", "threads"), [(verdict._FEW - 1, 1), (verdict._FEW, 3)])
def test_lags_are_judged_as_one_by_one(monkeypatch, samples, threads):
    judges: set[int] = set()
    together = threading.Barrier(threads)

    def watched(seen: Observations, lag: int, band: float) -> LagVerdict:
        judges.add(threading.get_ident())
        if lag in first:  # as many at once as there are threads, or the barrier breaks
            together.wait(timeout=30)
        return judge(seen, lag, band)

    result = ginibre(samples=samples, size=2, horizon=12)
    first = result.study.lags[:threads]
    monkeypatch.setattr(verdict, "available_cores", lambda: 3)
    monkeypatch.setattr(verdict, "judge", watched)
    seen = Observations(result)
    with threadpool_limits(1, user_api="blas"):  # whose own threads would round otherwise
        alone = tuple(judge(seen, lag, 1.0) for lag in seen.lags)
    assert repr(verdict.criterion(result, 1.0).lags) == repr(alone)  # as text, where NaN is NaN
    assert len(judges) == threads
