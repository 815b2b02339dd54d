"""How an n x n matrix of each lane lies in memory."""

WIDTH = 8  # lanes of a group on the CPU
WARP = 32  # lanes of a group on CUDA


def leading(n: int) -> int:
    """Leading dimension: odd from 16 up, since power-of-two strides hit few cache sets and cost up to 2x."""
    return n | 1 if n >= 16 else n


def spare(n: int) -> int:
    """Elements of one lane's matrix with two spare rows, which the last bulge of a sweep reads and writes back."""
    return (n + 2) * leading(n)
