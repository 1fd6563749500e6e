"""Asking for memory ahead of its use, for kernels that go through rows far apart: it changes no answer, only its time.

In plain Python it does nothing; compiled it is one instruction, which never fails, whatever the index.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload, register_jitable
from numpy.typing import NDArray

# What numba hands out here has no types.
_types: Any = types
_intrinsic: Any = intrinsic
_insert_function: Any = cgutils.get_or_insert_function

_TO_READ, _KEEP, _DATA = 0, 3, 1
_AHEAD = 8


def prefetch(column: NDArray[Any], at: int) -> None:
    """Ask for the cache line of an entry."""


@_intrinsic  # type: ignore[untyped-decorator]
def _ask(_context: Any, column: Any, at: Any) -> Any:
    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, arguments[0])
        index = context.cast(builder, arguments[1], signature.args[1], _types.intp)
        pointer, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        instruction = _insert_function(builder.module, kind, "llvm.prefetch.p0")
        address = builder.bitcast(builder.gep(array.data, [index]), pointer)
        builder.call(instruction, [address, *(ir.Constant(number, hint) for hint in (_TO_READ, _KEEP, _DATA))])
        return context.get_dummy_value()

    return _types.void(column, at), code


@overload(prefetch)
def _choose_prefetch(column: Any, at: Any) -> Any:  # noqa: ARG001 - numba compares the names
    def call(column: Any, at: Any) -> None:
        _ask(column, at)

    return call


@register_jitable(forceinline=True)
def prefetch_ahead(
    rows: NDArray[Any], nth: int, first: NDArray[Any], slot: NDArray[Any], low: NDArray[Any], high: NDArray[Any]
) -> None:
    """Ask for the positions of the row some places after the nth; `first` says where they begin."""
    if nth + 2 * _AHEAD < rows.size:
        prefetch(first, rows[nth + 2 * _AHEAD])
        at = first[rows[nth + _AHEAD]]
        prefetch(slot, at)
        prefetch(low, at)
        prefetch(high, at)
