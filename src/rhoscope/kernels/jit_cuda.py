"""Compilation of the kernels for CUDA: one place for every option."""

from collections.abc import Callable
from typing import Any

from numba import config, cuda, types

SIMULATED: bool = bool(config.ENABLE_CUDASIM)
"""Whether kernels run as Python in Numba's simulator (NUMBA_ENABLE_CUDASIM=1), not on a GPU."""


# Kernels that stay functions of their own. In one piece, the longest grids would need more registers than a thread
# has, and more instructions than the cache holds.
APART = frozenset(
    (
        *("spectrum", "spectral_norm", "hessenberg_form", "francis", "place_matrix"),
        *("factor_shifted", "right_vector", "left_vector", "unit_largest"),
        *("advance", "outer_products", "draw_inputs", "copy_vector", "scale_vector", "vector_exponent"),
        *("norm_of", "log_of"),
    )
)


def jit(function: Callable[..., Any], inline: bool = False) -> Any:
    """A function that kernels call."""
    if SIMULATED:
        return function
    dispatcher: Any = cuda.jit(device=True, forceinline=inline)(function)
    # Numba would compile a callee, and all below it, once more for each constant that a caller passes to it.
    template = dispatcher.get_call_template
    dispatcher.get_call_template = lambda args, kws: template([types.unliteral(a) for a in args], kws)
    if function.__name__ in APART and not inline:
        _keep_apart(dispatcher)
    return dispatcher


def _keep_apart(dispatcher: Any) -> None:
    """Tell NVVM not to inline the function, for which numba-cuda has no option."""
    compile_device = dispatcher.compile_device

    def compile_apart(args: Any, return_type: Any = None) -> Any:
        compiled = compile_device(args, return_type)
        name = compiled.fndesc.llvm_func_name
        compiled.library.get_function(name).attributes.add("noinline")
        return compiled

    dispatcher.compile_device = compile_apart


def inlined(function: Callable[..., Any]) -> Any:
    """`jit` for small functions, made part of every caller."""
    return jit(function, inline=True)


def grid(function: Callable[..., Any]) -> Any:
    """A kernel, launched as `kernel[blocks, threads](...)`.

    Without link-time optimisation: what the offline check compiles is then what runs.
    """
    return _kept(function)


def grid_of(threads: int, blocks: int = 1) -> Any:
    """`grid` for blocks of at most so many threads, so many at once: that tells the compiler a thread's registers."""

    def decorate(function: Callable[..., Any]) -> Any:
        return _kept(function, launch_bounds=(threads, blocks))

    return decorate


def _kept(function: Callable[..., Any], **options: Any) -> Any:
    if SIMULATED:
        return cuda.jit(function)
    from rhoscope.kernels.caching_cuda import keep  # here, because the simulator has no such thing

    dispatcher: Any = cuda.jit(lto=False, **options)(function)
    keep(dispatcher)
    return dispatcher
