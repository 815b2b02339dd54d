"""Sums over the ranks of two variables x and y over the same samples; `rhoscope.correlation` says what they are for.

`x_order` lists the samples by ascending x, `y_place` tells where each stands by ascending y. `x_rank` and `y_rank` are
middle ranks as `rhoscope.ranks` counts them, each in the order of its variable, both None where nothing is tied. All
other arrays are in the order of y, and `to_x[i]` is the place there of the sample at place i of the order of x. Weights
of those that rank below are added up as whole numbers: exactly, and without waiting for the sum before, as floats do.
"""

from rhoscope.kernels.caching import inlined, jit


@inlined
def group_end(rank, start):
    """End of the group of ties that begins at a place."""
    stop = start + 1
    if rank is not None:
        while stop < rank.size and rank[stop] == rank[start]:
            stop += 1
    return stop


@inlined
def rank_at(rank, place):
    """Rank of the sample at a place."""
    return 2 * place + 1 if rank is None else rank[place]


@jit
def rank_influence(x_order, y_place, x_rank, y_rank, scale, to_x, f, influence):
    """Fill to_x, the ranks f of x, and the influence on Σ F G, `scale` times and of mean 0; return Σ f g.

    A sample counts by its own ranks, and lifts the rank of all above it: Σ_j G_j [x_j > x_i] is a constant less
    Σ_j G_j [x_j < x_i], ties by half.
    """
    total = x_order.size
    start, below = 0, 0
    while start < total:
        stop = group_end(x_rank, start)
        mass = 0
        for i in range(start, stop):
            place = y_place[x_order[i]]
            to_x[i] = place
            f[place] = start + stop  # twice those below and once those equal
            mass += rank_at(y_rank, place)
        for i in range(start, stop):
            influence[to_x[i]] = -(2 * below + mass)
        below += mass
        start = stop
    products, lifts = 0.0, 0.0
    start, below = 0, 0
    while start < total:
        stop = group_end(y_rank, start)
        mass = 0
        for i in range(start, stop):
            mass += f[i]
        for i in range(start, stop):
            product = f[i] * (start + stop)
            products += product
            influence[i] += product - (2 * below + mass)
            lifts += influence[i]
        below += mass
        start = stop
    mean = lifts / total
    for i in range(total):
        influence[i] = (influence[i] - mean) * scale
    return products


@jit
def rank_sums_along(direction, units, x_rank, y_rank, to_x, f, influence, moved):
    """What a change of the weights by `direction` d does to Σ p F G, as sums over the samples.

    It moves the ranks by df and dg, twice the change of the weight below times `units`; `moved` is space for df.
    Returns Σ d·influence, Σ d·(f dg + g df), Σ df dg and Σ d df dg.
    """
    total = direction.size
    start, below = 0, 0
    while start < total:
        stop = group_end(x_rank, start)
        mass = 0
        for i in range(start, stop):
            mass += int(direction[to_x[i]] * units)
        for i in range(start, stop):
            moved[to_x[i]] = 2 * below + mass
        below += mass
        start = stop
    one, mixed, both, three = 0.0, 0.0, 0.0, 0.0
    start, below = 0, 0
    while start < total:
        stop = group_end(y_rank, start)
        mass = 0
        for i in range(start, stop):
            mass += int(direction[i] * units)
        dg = float(2 * below + mass)
        for i in range(start, stop):
            d, df = direction[i], moved[i]
            one += d * influence[i]
            mixed += d * (f[i] * dg + (start + stop) * df)
            both += df * dg
            three += d * df * dg
        below += mass
        start = stop
    return one, mixed, both, three


@jit
def concordance(x_rank, y_rank, to_x, cuts, starts):
    """Mean of sign(x_i − x_j)·sign(y_i − y_j) over all pairs, by strata of their distance in the order of x.

    The strata are cuts[0] to cuts[1] − 1 and so on; of each about `starts` pairs at the middle distance are compared.
    """
    total = to_x.size
    found = 0.0
    for stratum in range(cuts.size - 1):
        low, high = cuts[stratum], cuts[stratum + 1]
        middle = (low + high - 1) // 2
        step = 1 + (total - middle) // starts
        signs, compared = 0, 0
        for i in range(0, total - middle, step):
            compared += 1
            if rank_at(x_rank, i) != rank_at(x_rank, i + middle):
                near, far = rank_at(y_rank, to_x[i]), rank_at(y_rank, to_x[i + middle])
                signs += int(near < far) - int(near > far)
        found += signs / compared * (high - low) * (total - (low + high - 1) / 2)
    return found / (total * (total - 1) / 2)
