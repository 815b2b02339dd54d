"""Compilation of the kernels: one place for every jit option, and a disk cache that notices every edit.

Numba's own cache looks at the file of the function alone; a kernel whose callee in another file changed would be
taken from disk unchanged. Here the stamp is a digest of the whole `kernels` folder.
"""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import numba
from numba.core import event
from numba.core.caching import CompileResultCacheImpl, FunctionCache, _CacheLocator
from numba.core.runtime import rtsys
from numba.misc.appdirs import AppDirs

from rhoscope.kernels.callees import Callee


@cache
def digest() -> str:
    """SHA-256 over the sources of all kernels."""
    sha = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        sha.update(path.name.encode() + b"\0" + path.read_bytes())
    return sha.hexdigest()


@cache
def folder() -> str:
    """Where compiled kernels are kept: NUMBA_CACHE_DIR, else the user's cache folder, else a temporary one."""
    chosen = os.environ.get("NUMBA_CACHE_DIR") or AppDirs("rhoscope", appauthor=False).user_cache_dir
    try:
        os.makedirs(chosen, exist_ok=True)
        tempfile.TemporaryFile(dir=chosen).close()
    except OSError:
        chosen = tempfile.mkdtemp(prefix="rhoscope-kernels-")
    return chosen


class Locator(_CacheLocator):
    """Keeps kernels in `folder()` and stamps them with `digest()`."""

    def __init__(self, py_func: Any) -> None:
        self._line = py_func.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return folder()

    def get_source_stamp(self) -> str:
        return digest()

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, py_func: Any, py_file: str) -> "Locator":
        return cls(py_func)


class _CacheImpl(CompileResultCacheImpl):
    _locator_classes = [Locator]


class Forgiving:
    """What a cache does, before any other class of its own, where the disk does not serve it."""

    def load_overload(self: Any, sig: Any, target_context: Any) -> Any:
        """A file cut short, as by a crash of the machine, is made anew."""
        try:
            return super().load_overload(sig, target_context)
        except (EOFError, pickle.UnpicklingError):
            with suppress(OSError):
                self.flush()
            return None

    def save_overload(self: Any, sig: Any, data: Any) -> None:
        """What cannot be kept, as on a full disk, is compiled again by the next process."""
        with suppress(OSError):
            super().save_overload(sig, data)


class _Quick(FunctionCache):
    _impl_class = _CacheImpl

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Numba would first load all that it knows of NumPy, which only compiling needs and then does."""
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)


class _Cache(Forgiving, _Quick):
    pass


def jit(function: Callable[..., Any], inline: bool = False, reorder: bool = False) -> Any:
    """Compile on first call, without the GIL, with IEEE division, and keep the result on disk.

    With `reorder` the compiler may add up in another order, as vectors do.
    """
    if numba.config.DISABLE_JIT:
        return function
    _name_by_closure(function)
    options = {
        "nogil": True,
        "error_model": "numpy",
        "forceinline": inline,
        "no_cfunc_wrapper": True,
        "_nrt": False,
        "fastmath": {"reassoc", "nsz", "contract"} if reorder else False,
    }
    dispatcher: Any = numba.njit(**options)(function)
    dispatcher._cache = _Cache(function)
    callee = Callee(function, dispatcher, options)
    dispatcher.get_call_template = callee.get_call_template
    dispatcher.get_overload = callee.get_overload
    return dispatcher


def _name_by_closure(function: Callable[..., Any]) -> None:
    """Add what a kernel closes over to its name, so that no other one is built from the same source under it.

    Compiled code is linked by name. Numba numbers the names, but anew in each process: of two kernels of one name
    and number that come from disk, the callers of both get the one that was loaded first.
    """
    for cell in function.__closure__ or ():
        value = cell.cell_contents
        function.__qualname__ += "." + getattr(value, "__name__", str(value)).rpartition(".")[2]


def inlined(function: Callable[..., Any]) -> Any:
    """`jit` for small functions: made part of every caller, where their values then stay in registers."""
    return jit(function, inline=True)


def jit_sums(function: Callable[..., Any]) -> Any:
    """`jit` for loops whose sums may be taken in any order: compiled to vectors."""
    return jit(function, reorder=True)


class _Listener(event.Listener):
    def __init__(self, callback: Callable[[str], None]) -> None:
        self._callback = callback

    def on_start(self, event: Any) -> None:
        name = event.data["dispatcher"].__module__
        if name.startswith(__package__ or ""):
            self._callback(name.rpartition(".")[2])

    def on_end(self, event: Any) -> None:
        """Nothing to tell."""


@contextmanager
def on_compile(callback: Callable[[str], None]) -> Iterator[None]:
    """Call `callback(name of the kernel file)` each time a kernel is compiled rather than read from disk."""
    with event.install_listener("numba:compile", _Listener(callback)):
        yield
