"""Ensembles of random matrices; `Ensemble` is the class to subclass for one of your own."""

from rhoscope.ensembles.base import Ensemble
from rhoscope.ensembles.complex_ginibre import ComplexGinibre
from rhoscope.ensembles.diagonal import Diagonal
from rhoscope.ensembles.elliptic import Elliptic
from rhoscope.ensembles.given import Given
from rhoscope.ensembles.haar_orthogonal import HaarOrthogonal
from rhoscope.ensembles.kinds import by_kind, from_table
from rhoscope.ensembles.low_rank_plus_noise import LowRankPlusNoise
from rhoscope.ensembles.real_ginibre import RealGinibre
from rhoscope.ensembles.sparse import Sparse
from rhoscope.ensembles.support import Support
from rhoscope.ensembles.symmetric import Symmetric
from rhoscope.ensembles.triangular import Triangular

__all__ = [
    "ComplexGinibre",
    "Diagonal",
    "Elliptic",
    "Ensemble",
    "Given",
    "HaarOrthogonal",
    "LowRankPlusNoise",
    "RealGinibre",
    "Sparse",
    "Support",
    "Symmetric",
    "Triangular",
    "by_kind",
    "from_table",
]
