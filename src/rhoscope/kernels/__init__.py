"""Numba kernels, each written once over a lane module."""
