"""Matrices whose eigenvalues are known, and the distance of computed eigenvalues from them.

One list, for every device. Eigenvalues come from a closed form, or are certified by python-flint for exactly
the float64 matrix at hand; `Known.closed` keeps a closed form beside a certificate, to check one another.
"""

from dataclasses import dataclass
from typing import Any

import flint  # pyright: ignore[reportMissingImports]  # it has no type hints
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

EPSILON = float(np.finfo(float).eps)


@dataclass(frozen=True, eq=False)
class Known:
    """A matrix, its eigenvalues, and how far a backward stable method may stray from them.

    To first order an eigenvalue moves by at most kappa times the perturbation of the matrix; in a Jordan
    block of size m by the m-th root of it.

    Attributes
    ----------
    name
        What it is called.
    matrix
        (n, n), float64 or complex128.
    eigenvalues
        (n,), exact but for rounding to complex128.
    kappa
        (n,), condition number of each: |l| |r| / |l^H r|; of a multiple one, the norm of its projector.
    norm
        Spectral norm of the matrix, or of what balancing makes of it.
    block
        Size of the largest Jordan block.
    closed
        The closed form where `eigenvalues` are certified.
    """

    name: str
    matrix: NDArray[Any]
    eigenvalues: NDArray[np.complex128]
    kappa: NDArray[np.float64]
    norm: float
    block: int = 1
    closed: NDArray[np.complex128] | None = None

    def unit(self, scale: float = 1.0) -> NDArray[np.float64]:
        """(n ε ‖A‖ κ)^(1/block), LAPACK's measure of a forward error, for the matrix times `scale`."""
        return scale * (len(self.matrix) * EPSILON * self.norm * self.kappa) ** (1.0 / self.block)


def certified_eigenvalues(matrix: NDArray[Any], vectors: bool = False) -> tuple[Any, Any]:
    """Eigenvalues enclosed by interval arithmetic; with `vectors`, for simple ones, kappa of each too."""
    with flint.ctx.workprec(1000):
        exact = flint.acb_mat(matrix.tolist())
        if not vectors:
            balls, kappa = exact.eig(multiple=True), None
        else:
            balls, left, right = exact.eig(left=True, right=True)
            rows = np.array([[complex(x) for x in row] for row in left.tolist()])
            columns = np.array([[complex(x) for x in row] for row in right.tolist()])
            kappa = np.linalg.norm(rows, axis=1) * np.linalg.norm(columns, axis=0)  # left times right is 1
        if not all(float(ball.rad()) <= 1e-25 * (1.0 + abs(complex(ball))) for ball in balls):
            raise ArithmeticError("the enclosures are too wide")
        return np.array([complex(ball) for ball in balls]), kappa


def smallest_ratio(computed: NDArray[Any], exact: NDArray[np.complex128], unit: NDArray[np.float64]) -> float:
    """The smallest c that leaves each exact eigenvalue a computed one of its own within c times its unit."""
    distance = np.abs(computed[:, None] - exact[None, :])
    # Where the unit is 0, as for a zero matrix, only the exact value will do.
    ratio = np.divide(distance, unit, out=np.full(distance.shape, np.inf), where=unit > 0.0)
    ratio[distance == 0.0] = 0.0
    candidates = np.unique(ratio)
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high) // 2
        if _all_matched(ratio <= candidates[middle]):
            high = middle
        else:
            low = middle + 1
    return float(candidates[low])


def _all_matched(allowed: NDArray[np.bool_]) -> bool:
    return bool((maximum_bipartite_matching(csr_array(allowed)) >= 0).all())


def simple(name: str, matrix: Any, closed: Any = None) -> Known:
    """A matrix with simple eigenvalues: certified, with certified condition numbers."""
    matrix = np.asarray(matrix, dtype=complex if np.iscomplexobj(matrix) else float)
    values, kappa = certified_eigenvalues(matrix, vectors=True)
    closed = None if closed is None else np.asarray(closed, dtype=complex)
    return Known(name, matrix, values, kappa, float(np.linalg.norm(matrix, 2)), closed=closed)


def semisimple(name: str, matrix: Any, values: Any, kappa: float = 1.0) -> Known:
    """A matrix with a basis of eigenvectors, by default orthonormal; eigenvalues in closed form."""
    matrix = np.asarray(matrix, dtype=complex if np.iscomplexobj(matrix) else float)
    n = len(matrix)
    values = np.asarray(values, dtype=complex)
    return Known(name, matrix, values, np.full(n, kappa), float(np.linalg.norm(matrix, 2)))


def defective(name: str, matrix: Any, values: Any, kappa: float, block: int) -> Known:
    """A matrix with a Jordan block, |E| kappa being what the block-th root is taken of."""
    matrix = np.asarray(matrix, dtype=float)
    values = np.asarray(values, dtype=complex)
    return Known(name, matrix, values, np.full(len(matrix), kappa), float(np.linalg.norm(matrix, 2)), block)


def badly_scaled(known: Known, spread: float, graded: bool = False) -> Known:
    """D A D^-1 with powers of two from 1 to `spread` in D: same spectrum, and the same A once balanced.

    They stand in a random order; in ascending order a matrix with few entries takes many sweeps to balance.
    """
    exponents = np.linspace(0.0, np.log2(spread), len(known.matrix)).round()
    d = np.exp2(exponents if graded else np.random.default_rng(8).permutation(exponents))
    return Known(
        f"{known.name}, {'graded' if graded else 'badly scaled'} by {spread:g}",
        known.matrix * d[:, None] / d,
        known.eigenvalues,
        known.kappa,
        known.norm,
    )


def frank(n: int) -> NDArray[np.float64]:
    """Upper Hessenberg with n - max(i, j) in place (i, j) from 0; eigenvalues in reciprocal pairs."""
    i, j = np.indices((n, n))
    return np.where(j >= i - 1, n - np.maximum(i, j), 0).astype(float)


def kac(n: int) -> NDArray[np.float64]:
    """Kac or Clement: eigenvalues n-1, n-3, ..., 1-n."""
    k = np.arange(1.0, n)
    return np.diag(k, 1) + np.diag(k[::-1], -1)


def grcar(n: int) -> NDArray[np.float64]:
    """-1 below the diagonal, 1 on it and on the three above: a banded Toeplitz matrix, far from normal."""
    return np.eye(n) - np.eye(n, k=-1) + sum(np.eye(n, k=k) for k in (1, 2, 3))


def toeplitz(n: int, d: float, c: float, e: float) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Tridiagonal with c below, d on and e above the diagonal: d + 2 sqrt(c e) cos(j π / (n + 1))."""
    matrix = d * np.eye(n) + c * np.eye(n, k=-1) + e * np.eye(n, k=1)
    return matrix, d + 2.0 * np.emath.sqrt(c * e) * np.cos(np.arange(1, n + 1) * np.pi / (n + 1))


def companion(roots: Any) -> NDArray[np.float64]:
    """The companion matrix of the monic polynomial with these roots."""
    coefficients = np.poly(roots)
    n = len(coefficients) - 1
    matrix = np.eye(n, k=-1)
    matrix[0] = -coefficients[1:].real
    return matrix


def circulant(row: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Each row is the one above it, moved on by one; eigenvalues are the Fourier transform of the first."""
    row = np.asarray(row)
    return np.array([np.roll(row, i) for i in range(len(row))]), np.fft.fft(row)


def forsythe(n: int, corner: float) -> NDArray[np.float64]:
    """The shift with one more entry in the corner: λ^n = corner."""
    matrix = np.eye(n, k=1)
    matrix[-1, 0] = corner
    return matrix


def kahan(n: int, s: float) -> NDArray[np.float64]:
    """Upper triangular: s^i on the diagonal, -s^i sqrt(1 - s²) to its right."""
    return np.diag(s ** np.arange(n)) @ (np.eye(n) - np.sqrt(1.0 - s * s) * np.triu(np.ones((n, n)), 1))


def cesaro(n: int) -> NDArray[np.float64]:
    """Averages of the first i entries: 1/i in row i up to the diagonal."""
    return np.tril(np.ones((n, n))) / np.arange(1.0, n + 1)[:, None]


def wilkinson(n: int) -> NDArray[np.float64]:
    """Symmetric tridiagonal |i - (n-1)/2| with ones beside it: the largest eigenvalues agree to 14 digits."""
    return np.diag(np.abs(np.arange(n) - (n - 1) / 2)) + np.eye(n, k=1) + np.eye(n, k=-1)


def chosen_schur_form() -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
    """Q T Qᵀ with a rotation Q and a quasi-triangular T of real and complex eigenvalues."""
    rng = np.random.default_rng(9)
    real, pairs = [-1.25, 0.5, 0.75, 2.0], [0.9 + 0.3j, -0.2 + 1.1j, 0.5 + 0.01j]
    n = len(real) + 2 * len(pairs)
    T = np.triu(rng.standard_normal((n, n)), 1)
    np.fill_diagonal(T, real + [pair.real for pair in pairs for _ in range(2)])
    for k, pair in enumerate(pairs):
        i = len(real) + 2 * k
        T[i, i + 1], T[i + 1, i] = pair.imag, -pair.imag
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return Q @ T @ Q.T, np.array([*real, *pairs, *np.conj(pairs)])


def oblique_involution() -> tuple[NDArray[np.float64], float]:
    """I - 2 u vᵀ with vᵀu = 1: its own inverse, -1 once and 1 else; and the norm of the projector u vᵀ."""
    u, v = np.array([1.0, 2.0, 3.0, 4.0, -2.0]), np.array([2.0, 0.0, 1.0, -1.0, 0.0])
    return np.eye(5) - 2.0 * np.outer(u, v), float(np.linalg.norm(u) * np.linalg.norm(v))


def two_by_two() -> list[Known]:
    """Every sign and size of the discriminant (a - d)²/4 + b c."""
    return [
        simple("2x2, positive", [[1.0, 2.0], [3.0, 4.0]]),
        simple("2x2, positive and symmetric", [[2.0, -1.5], [-1.5, -3.0]]),
        simple("2x2, positive, singular", [[1.0, 2.0], [2.0, 4.0]], [0.0, 5.0]),
        simple("2x2, positive, trace 0", [[3.0, 4.0], [4.0, -3.0]], [5.0, -5.0]),
        simple("2x2, positive, equal diagonal", [[1.0, 4.0], [9.0, 1.0]], [7.0, -5.0]),
        simple("2x2, positive, upper triangular", [[1.0, 1e3], [0.0, 2.0]], [1.0, 2.0]),
        simple("2x2, positive, lower triangular", [[1.0, 0.0], [1e3, 2.0]], [1.0, 2.0]),
        simple("2x2, tiny and positive", [[1.0, 2.0**-60], [1.0, 1.0]], [1.0 + 2.0**-30, 1.0 - 2.0**-30]),
        simple("2x2, huge diagonal beside small rest", [[1e8, 1.0], [1.0, -1e-8]]),
        simple("2x2, negative", [[1.0, -5.0], [2.0, 3.0]], [2.0 + 3.0j, 2.0 - 3.0j]),
        simple("2x2, negative, rotation", [[0.0, -1.0], [1.0, 0.0]], [1j, -1j]),
        simple("2x2, negative, skewed", [[0.0, 1e6], [-1e-6, 0.0]]),
        simple(
            "2x2, tiny and negative",
            [[1.0, 2.0**-60], [-1.0, 1.0]],
            [1.0 + 2.0**-30 * 1j, 1.0 - 2.0**-30 * 1j],
        ),
        semisimple("2x2, zero, diagonal", [[3.0, 0.0], [0.0, 3.0]], [3.0, 3.0]),
        # A = λ + N with N² = 0 and |N| = 5: a perturbation E moves λ by sqrt(|N| |E|).
        defective("2x2, zero, defective", [[3.0, -1.0], [4.0, -1.0]], [1.0, 1.0], kappa=5.0, block=2),
        defective("2x2, zero, nilpotent", [[6.0, -4.0], [9.0, -6.0]], [0.0, 0.0], kappa=13.0, block=2),
        simple("2x2, complex", [[1.0 + 1j, 2.0], [-3.0j, 4.0]]),
    ]


def random_matrix(n: int, seed: int, complex_valued: bool = False) -> NDArray[Any]:
    rng = np.random.default_rng(seed)
    real = rng.standard_normal((n, n))
    return real + 1j * rng.standard_normal((n, n)) if complex_valued else real


def _roots_of_unity(n: int) -> NDArray[np.complex128]:
    with flint.ctx.workprec(100):
        return np.array([complex(flint.acb(flint.fmpq(2 * k, n)).exp_pi_i()) for k in range(n)])


def all_known() -> list[Known]:
    """The list."""
    rng = np.random.default_rng(10)
    hermitian = random_matrix(9, 3, complex_valued=True)
    involution, projector = oblique_involution()
    schur, chosen = chosen_schur_form()
    h = 2.0**-20
    known = [
        semisimple("zero", np.zeros((5, 5)), np.zeros(5)),
        semisimple("1x1", [[-2.5]], [-2.5]),
        semisimple("1x1, zero", [[0.0]], [0.0]),
        semisimple("1x1, complex", [[3.0 - 4.0j]], [3.0 - 4.0j]),
        *two_by_two(),
        semisimple("identity", np.eye(6), np.ones(6)),
        semisimple("diagonal with repeats", np.diag([2.0, -2.0, 0.0, 2.0, 0.5]), [2.0, -2.0, 0.0, 2.0, 0.5]),
        simple("Frank", frank(12)),
        simple("Kac", kac(14), np.arange(-13, 14, 2)),
        simple("Grcar", grcar(20)),
        simple("Toeplitz, real spectrum", *toeplitz(10, 0.5, 4.0, 1.0)),
        simple("Toeplitz, complex spectrum", *toeplitz(11, -1.0, -2.0, 0.5)),
        semisimple("Toeplitz, symmetric", *toeplitz(100, 2.0, -1.0, -1.0)),
        semisimple("Toeplitz, symmetric, large", *toeplitz(260, 2.0, -1.0, -1.0)),
        simple("companion of 1 to 6", companion(np.arange(1, 7)), np.arange(1, 7)),
        simple("companion of complex roots", companion([1 + 2j, 1 - 2j, -3, 0.5]), [1 + 2j, 1 - 2j, -3, 0.5]),
        semisimple("circulant", *circulant([1.0, 2.0, -1.0, 0.5, 3.0, 0.0, -2.0, 4.0])),
        semisimple("circulant, large", *circulant(rng.standard_normal(130))),
        semisimple("circulant, complex", *circulant(rng.standard_normal(7) + 1j * rng.standard_normal(7))),
        *[
            semisimple(f"cyclic shift, {n}", np.roll(np.eye(n), 1, axis=1), _roots_of_unity(n))
            for n in (3, 4, 16, 63)
        ],
        semisimple("involution", involution, [-1.0, 1.0, 1.0, 1.0, 1.0], projector),
        simple("Forsythe", forsythe(8, 2.0**-24), 2.0**-3 * _roots_of_unity(8)),
        simple("Kahan", kahan(12, 0.9), 0.9 ** np.arange(12)),
        simple("Cesaro", cesaro(8), 1.0 / np.arange(1, 9)),
        defective("Jordan block", 0.9 * np.eye(6) + np.eye(6, k=1), np.full(6, 0.9), kappa=1.0, block=6),
        defective(
            "Jordan block, lower", 0.9 * np.eye(3) + np.eye(3, k=-1), np.full(3, 0.9), kappa=1.0, block=3
        ),
        defective("nilpotent shift", np.eye(8, k=1), np.zeros(8), kappa=1.0, block=8),
        simple("chosen Schur form", schur, chosen),
        simple("Wilkinson's pairs", wilkinson(21)),
        # Day, "How the QR algorithm fails to converge and how to fix it" (1996): h joins two blocks of ±1.
        simple("Day", [[0, 1, 0, 0], [1, 0, h, 0], [0, -h, 0, 1], [0, 0, 1, 0]]),
        simple("random", random_matrix(16, 1)),
        simple("random, complex", random_matrix(9, 2, complex_valued=True)),
        simple("Hermitian", hermitian + hermitian.conj().T),
    ]
    scaled = [badly_scaled(simple("random", random_matrix(n, 4)), 1e75) for n in (4, 8, 13)]
    graded = [badly_scaled(simple("Kac", kac(8)), 1e150, graded) for graded in (False, True)]
    return [*known, *scaled, *graded]
