"""Sums over products of two variables (N,), each in one pass where NumPy takes one for every product.

u and v are standardised: of mean 0 and mean square 1.
"""

from rhoscope.kernels.caching import jit_sums


@jit_sums
def power_sums(f):
    """Σ f², Σ f³, Σ f⁴."""
    two, three, four = 0.0, 0.0, 0.0
    for i in range(f.size):
        square = f[i] * f[i]
        two += square
        three += square * f[i]
        four += square * square
    return two, three, four


@jit_sums
def product_sums(u, v):
    """Σ u v, Σ u² v², Σ u v (u² + v²)."""
    one, squares, cross = 0.0, 0.0, 0.0
    for i in range(u.size):
        product = u[i] * v[i]
        one += product
        squares += product * product
        cross += product * (u[i] * u[i] + v[i] * v[i])
    return one, squares, cross


@jit_sums
def correlation_influence(u, v, r, influence):
    """Influence u v − r (u² + v²)/2 of each sample on the correlation r."""
    for i in range(u.size):
        influence[i] = u[i] * v[i] - 0.5 * r * (u[i] * u[i] + v[i] * v[i])


@jit_sums
def moments_along(u, v, direction):
    """Sums of u, v, u², v² and u v, each times the direction."""
    a, b, p, q, c = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(u.size):
        du, dv = direction[i] * u[i], direction[i] * v[i]
        a += du
        b += dv
        p += du * u[i]
        q += dv * v[i]
        c += du * v[i]
    return a, b, p, q, c


@jit_sums
def slope_sums(x, y, slope, freed):
    """Σ w² and Σ w⁴ of w = (y − slope·x)·freed."""
    two, four = 0.0, 0.0
    for i in range(x.size):
        term = (y[i] - slope * x[i]) * freed[i]
        square = term * term
        two += square
        four += square * square
    return two, four
