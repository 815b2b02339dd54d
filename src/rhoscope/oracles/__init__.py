"""Numbers that mathematics knows, family by family, each beside what the program finds for it."""

from collections.abc import Callable, Mapping

from rhoscope.oracles.backpropagation import backpropagation
from rhoscope.oracles.base import Oracle, Oracles, Setting
from rhoscope.oracles.ensemble_laws import ensemble_laws
from rhoscope.oracles.fixed_growth import fixed_growth
from rhoscope.oracles.generator import generator
from rhoscope.oracles.known_spectra import known_spectra
from rhoscope.oracles.random_growth import random_growth
from rhoscope.oracles.random_spectra import random_spectra
from rhoscope.oracles.study_gradients import study_gradients
from rhoscope.oracles.study_spectra import study_spectra

__all__ = ["FAMILIES", "Oracle", "Setting"]

FAMILIES: Mapping[str, Callable[[Setting], Oracles]] = {
    "generator": generator,
    "ensembles": ensemble_laws,
    "eigenvalues": known_spectra,
    "random-spectra": random_spectra,
    "study-spectra": study_spectra,
    "growth": fixed_growth,
    "random-growth": random_growth,
    "backpropagation": backpropagation,
    "study-gradients": study_gradients,
}
"""Each family by its name, in the order in which one builds on another."""
