"""Kernels as other kernels call them: lowered once, then optimised and made machine code as a part of their callers.

Numba compiles every function as if Python called it: at each level of a tree of calls it unwraps the arguments,
optimises the function together with all below it, and makes machine code of that. Only the outermost kernel needs
any of it; leaving it out below takes two thirds off the time that an empty cache costs, and not a bit is changed.
"""

from collections.abc import Callable
from typing import Any

from numba.core import compiler, event, types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.typing import make_concrete_template
from numba.core.utils import pysignature


class _Library(JITCodeLibrary):
    """Code that waits, with the code of its own callees, to be linked into that of a caller."""

    def _optimize_final_module(self) -> None:
        """The caller does, once for all."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


class Callee:
    """What a caller finds in the place of a kernel.

    Args:
        function: the kernel.
        dispatcher: the kernel as Python calls it.
        options: those it was compiled with for Python.
    """

    def __init__(self, function: Callable[..., Any], dispatcher: Any, options: dict[str, Any]) -> None:
        self._function = function
        self._dispatcher = dispatcher
        self._options = {**options, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        self._lowered: dict[tuple[Any, ...], tuple[Any, object]] = {}  # signature and key by argument types

    def get_call_template(self, args: Any, kws: Any) -> tuple[Any, ...]:
        """The typed kernel, as Numba asks for it where a caller is typed."""
        pysig = pysignature(self._function)
        if kws:
            args = pysig.bind(*args, **kws).args
        # A kernel, and all below it, is otherwise lowered once more for each constant that a caller passes to it.
        args = tuple(types.unliteral(a) for a in args)
        with global_compiler_lock:
            if args not in self._lowered:
                self._lowered[args] = self._lower(args)
        name = self._function.__name__
        signature = self._lowered[args][0]
        template = make_concrete_template(f"CallTemplate({name})", key=name, signatures=[signature])
        return template, pysig, args, {}

    def get_overload(self, args: Any) -> object:
        """What the target knows the lowered kernel by."""
        return self._lowered[tuple(args)][1]

    def _lower(self, args: tuple[Any, ...]) -> tuple[Any, object]:
        flags = compiler.Flags()
        cpu_target.options.parse_as_flags(flags, self._options)
        flags.no_compile = True
        target = cpu_target.target_context
        library = _Library(target.codegen(), self._function.__qualname__)
        about = {"dispatcher": self._dispatcher, "args": args, "return_type": None}
        with event.trigger_event("numba:compile", data=about):
            lowered = compiler.compile_extra(
                cpu_target.typing_context,
                target,
                self._function,
                args=args,
                return_type=None,
                flags=flags,
                locals={},
                library=library,
            )
        key = object()
        target.insert_user_function(key, lowered.fndesc, [library])
        return lowered.signature, key
