"""From a matrix of each lane to its eigenvalues and everything the columns of a study ask of them."""

from typing import Any

from rhoscope.kernels.layout import leading, spare

# Reflectors made in the small diagonal block before the rest of H takes them (measured: 16 best from n = 16 up).
RUN = 16

# Rows of the output of `spectrum`.
RADIUS, LOW, HIGH, LEAD_RE, LEAD_IM, REAL_COUNT, FROBENIUS, SPECTRAL, DEPARTURE, FAILED, FINITE = range(11)
ROWS = 11


def eigenvalues_work(n: int) -> int:
    """Elements of work space for `eigenvalues`: six vectors, one run of reflectors."""
    return 6 * n + 5 * RUN


def spectrum_work(n: int) -> int:
    """Elements of work space for `spectrum`: H kept, two triangles, eight vectors, and that of `eigenvalues`."""
    return spare(n) + 2 * n * leading(n) + 8 * n + eigenvalues_work(n)


def build(lane: Any, kit: Any, jit: Any) -> Any:
    @jit
    def hessenberg_form(a, work, n, ld):
        """Balance and reduce each lane's normalised a to Hessenberg form in place."""
        for i in range(n * ld, (n + 2) * ld):
            lane.store(a, i, lane.const(0.0))
        kit.balance_matrix(a, work, n, ld)
        for i in range(6 * n):
            lane.store(work, i, lane.const(0.0))
        vectors = (
            lane.part(work, 0),
            lane.part(work, n),
            lane.part(work, 2 * n),
            lane.part(work, 3 * n),
            lane.part(work, 4 * n),
            lane.part(work, 5 * n),
        )
        kit.reduce_hessenberg(a, vectors, n, ld)

    @jit
    def rescale(x, e, n):
        """Multiply n elements of each lane by 2^e."""
        s = kit.pow2(lane.to_int(e))
        for i in range(n):
            lane.store(x, i, lane.load(x, i) * s)

    @jit
    def eigenvalues(a, work, wr, wi, n, ld):
        """All eigenvalues of each lane's matrix a (destroyed, `spare(n)` elements) into wr, wi.

        Returns (1 where the iteration failed, 1 where the matrix was finite).
        """
        if n == 2:
            return kit.eigenvalues_two(a, wr, wi, ld)
        e, finite = kit.normalise(a, n, ld)
        kit.hessenberg_form(a, work, n, ld)
        failed = kit.francis_iterate(a, lane.part(work, 6 * n), wr, wi, n, ld, RUN)
        kit.rescale(wr, e, n)
        kit.rescale(wi, e, n)
        return failed, finite

    @jit
    def leading_eigenvalue(wr, wi, size, n):
        """The eigenvalue of largest modulus with Im >= 0: its real part, imaginary part; and the real ones' number."""
        zero = lane.const(0.0)
        best = lane.const(-1.0)
        re = zero
        im = zero
        count = zero
        for i in range(n):
            x = lane.load(wr, i)
            y = lane.load(wi, i)
            modulus = lane.load(size, i)
            better = (modulus > best) & (y >= 0.0)
            best = lane.where(better, modulus, best)
            re = lane.where(better, x, re)
            im = lane.where(better, y, im)
            count = lane.where(y == 0.0, count + 1.0, count)
        return re, im, count

    @jit
    def measure(a, work, n, ld):
        """Normalise each lane's a, kept; returns (exponent, 1 where finite, squared Frobenius norm, 2-norm)."""
        e, finite = kit.normalise(a, n, ld)
        square = lane.const(0.0)
        for i in range(n):
            for j in range(n):
                x = lane.load(a, i * ld + j)
                square = lane.fma(x, x, square)
        return e, finite, square, kit.spectral_norm(a, work, n, ld)

    @jit
    def finish_spectrum(held, work, wr, wi, out, n, ld, cutoff, measured, failed):
        """The rows named at the top of this file from the Hessenberg form, its eigenvalues and `measure`.

        The eigenvalues are rescaled at last. work: two triangles and eight vectors.
        """
        e, finite, square, largest = measured
        zero = lane.const(0.0)
        re = work
        im = lane.part(work, n * ld)
        vectors = lane.part(work, 2 * n * ld)
        size = lane.part(vectors, 7 * n)
        seven = (
            vectors,
            lane.part(vectors, n),
            lane.part(vectors, 2 * n),
            lane.part(vectors, 3 * n),
            lane.part(vectors, 4 * n),
            lane.part(vectors, 5 * n),
            lane.part(vectors, 6 * n),
        )
        radius, low, high = kit.radius_bounds(held, (re, im, seven), wr, wi, size, n, ld, cutoff)
        x, y, count = kit.leading_eigenvalue(wr, wi, size, n)
        moduli = zero
        for i in range(n):
            r = lane.load(size, i)
            moduli = lane.fma(r, r, moduli)
        lane.store(out, RADIUS, radius)
        lane.store(out, LOW, low)
        lane.store(out, HIGH, high)
        lane.store(out, LEAD_RE, x)
        lane.store(out, LEAD_IM, y)
        lane.store(out, FROBENIUS, lane.sqrt(square))
        lane.store(out, SPECTRAL, largest)
        lane.store(out, DEPARTURE, lane.sqrt(lane.maximum(square - moduli, zero)))
        s = kit.pow2(lane.to_int(e))
        for i in range(ROWS):
            if i != REAL_COUNT:
                lane.store(out, i, lane.load(out, i) * s)
        lane.store(out, REAL_COUNT, count)
        lane.store(out, FAILED, failed)
        lane.store(out, FINITE, finite)
        kit.rescale(wr, e, n)
        kit.rescale(wi, e, n)

    @jit
    def spectrum(a, work, wr, wi, out, n, ld, cutoff):
        """Eigenvalues into wr, wi, and the rows named at the top of this file into out, of each lane's a."""
        measured = kit.measure(a, work, n, ld)
        held = work
        rest = lane.part(work, (n + 2) * ld)
        scratch = lane.part(rest, 2 * n * ld + 8 * n)
        kit.hessenberg_form(a, scratch, n, ld)
        for i in range(n * ld):
            lane.store(held, i, lane.load(a, i))
        failed = kit.francis_iterate(a, lane.part(scratch, 6 * n), wr, wi, n, ld, RUN)
        kit.finish_spectrum(held, rest, wr, wi, out, n, ld, cutoff, measured, failed)

    return hessenberg_form, rescale, eigenvalues, leading_eigenvalue, measure, finish_spectrum, spectrum
