"""rhoscope: when do gradients of a recurrent system vanish or explode, and how well does rho(A) foretell it?

    import rhoscope as rs

    result = rs.run(rs.Study())
    print(rs.criterion(result))

Names are resolved when they are first used, so that importing the package costs little.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rhoscope import ensembles, errors, plots, theory
    from rhoscope.backprop import Gradients, bptt
    from rhoscope.environment import info
    from rhoscope.falsification import Falsification, counterexamples
    from rhoscope.growth import gradient_norms
    from rhoscope.outcome import Outcome
    from rhoscope.result import Result
    from rhoscope.runner import load, resume, run, sweep
    from rhoscope.spectra import eigvals, spectral_radius
    from rhoscope.study import Study
    from rhoscope.verdict import Verdict, criterion
    from rhoscope.verification import verify

__all__ = [
    "Falsification",
    "Gradients",
    "Outcome",
    "Result",
    "Study",
    "Verdict",
    "bptt",
    "counterexamples",
    "criterion",
    "eigvals",
    "ensembles",
    "errors",
    "gradient_norms",
    "info",
    "load",
    "plots",
    "resume",
    "run",
    "spectral_radius",
    "sweep",
    "theory",
    "verify",
]

_HOME = {
    "Falsification": "falsification",
    "Gradients": "backprop",
    "Outcome": "outcome",
    "Result": "result",
    "Study": "study",
    "Verdict": "verdict",
    "bptt": "backprop",
    "counterexamples": "falsification",
    "criterion": "verdict",
    "eigvals": "spectra",
    "gradient_norms": "growth",
    "info": "environment",
    "load": "runner",
    "resume": "runner",
    "run": "runner",
    "spectral_radius": "spectra",
    "sweep": "runner",
    "verify": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in _HOME:  # a public module
        return import_module(f"{__name__}.{name}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
