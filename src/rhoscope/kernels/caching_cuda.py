"""Compiled CUDA kernels on disk, beside those of the CPU and under the same stamp."""

from typing import Any

from numba.core import event
from numba.cuda.dispatcher import CUDACache, CUDACacheImpl

from rhoscope.kernels.caching import Forgiving, Locator

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false


class _CacheImpl(CUDACacheImpl):
    _locator_classes = [Locator]


class _Cache(Forgiving, CUDACache):
    """Of a kernel for blocks of at most so many threads, which its code depends on, and its source does not tell."""

    _impl_class = _CacheImpl

    def __init__(self, py_func: Any, launch_bounds: Any) -> None:
        super().__init__(py_func)
        self._launch_bounds = launch_bounds

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return (*super()._index_key(sig, codegen), self._launch_bounds)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """What is not found is about to be compiled, of which numba-cuda tells nobody."""
        found = super().load_overload(sig, target_context)
        if found is None:
            with event.trigger_event("numba:compile", data={"dispatcher": self._py_func}):
                pass
        return found


def keep(dispatcher: Any) -> None:
    """Have a kernel that is launched read from disk, where it was compiled before for this device and these sources."""
    dispatcher._cache = _Cache(dispatcher.py_func, dispatcher.targetoptions.get("launch_bounds"))
