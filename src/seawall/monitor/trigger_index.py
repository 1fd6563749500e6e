"""All columns of the trigger book as one value, and the same value sealed, which compiled code takes in at once.

Handing sixty arrays to a compiled function costs twelve microseconds, a fifth of a calm tick; a sealed index costs less than
one. It holds the addresses of the columns and owns none of them: it is good while they live, do not grow and are not
replaced, and whoever lets that happen drops it first. The plain twins of the kernels take the value as it is.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.experimental import structref
from numba.extending import intrinsic, overload

from seawall.monitor.account_blocks import BLOCK, NOWHERE, Array
from seawall.monitor.account_terms import BookColumns, PairColumns, Terms, no_terms
from seawall.monitor.banded_accounts import Banded, nobody_banded
from seawall.monitor.compilation import compiled
from seawall.monitor.pair_groups import Groups, no_groups
from seawall.monitor.pair_ratios import Paired, nobody_paired

# What numba hands out here has no types.
_structref: Any = structref
_intrinsic: Any = intrinsic
_StructRef: Any = types.StructRef
_Proxy: Any = structref.StructRefProxy
_Tuple: Any = types.BaseTuple
_unliteral: Any = types.unliteral
_overload: Any = overload


class TriggerIndex(NamedTuple):
    """Status bits and place by row, the book's columns, the pairs, everything that holds triggers, and scratch.

    `flagged` and `words` have room for every account, `flagged` for those of the front once more, `crossed` for as many as are worth a walk, `margin_f64` for a block.
    """

    status: Array
    place: Array
    book: BookColumns
    pairs: PairColumns
    groups: Groups
    paired: Paired
    banded: Banded
    terms: Terms
    margin_f64: Array
    crossed: Array
    flagged: Array
    words: Array


def empty_index(status: Array, book: BookColumns, pairs: PairColumns) -> TriggerIndex:
    """Return an index of accounts with these statuses, none of them placed."""
    return TriggerIndex(
        status=status,
        place=np.full(status.size, NOWHERE, np.int32),
        book=book,
        pairs=pairs,
        groups=no_groups(),
        paired=nobody_paired(),
        banded=nobody_banded(),
        terms=no_terms(),
        margin_f64=np.zeros(BLOCK),
        crossed=np.empty(0, np.int32),
        flagged=np.zeros(0, np.int32),
        words=np.zeros(0, np.uint32),
    )


def bytes_in(value: Any) -> int:
    """Return the bytes of all arrays in a tuple of arrays and tuples."""
    return int(value.nbytes) if isinstance(value, np.ndarray) else sum(bytes_in(each) for each in value)


@_structref.register
class SealedType(_StructRef):  # type: ignore[misc]
    """The type of a sealed index."""

    def preprocess_fields(self, fields: Any) -> Any:
        """Return the fields' types, without the values of literals."""
        return tuple((name, _unliteral(field)) for name, field in fields)


class SealedIndex(_Proxy):  # type: ignore[misc]
    """A trigger index as compiled code holds it."""


_structref.define_proxy(SealedIndex, SealedType, list(TriggerIndex._fields))


def _borrowed(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Return an array, or a tuple of arrays and tuples, as compiled code holds it, without its owners."""
    if isinstance(kind, _Tuple):
        for nth in range(kind.count):
            part = _borrowed(context, builder, kind[nth], builder.extract_value(value, nth))
            value = builder.insert_value(value, part, nth)
        return value
    array = context.make_array(kind)(context, builder, value)
    array.meminfo = ir.Constant(array.meminfo.type, None)
    array.parent = ir.Constant(array.parent.type, None)
    return array._getvalue()


@_intrinsic  # type: ignore[untyped-decorator]
def borrow(_context: Any, value: Any) -> Any:
    """Compile to the same arrays without an owner: counting references to sixty of them took two fifths of a build."""

    def code(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _borrowed(context, builder, value, arguments[0])

    return value(value), code


def bare(columns: Any) -> Any:
    """Return columns of an index as they are: compiled, without owners, so that no call of a step counts references to them.

    For a sealed index alone, whose columns have no owner: those of an array that was handed over would be counted wrongly.
    """
    return columns


@_overload(bare, inline="always")  # type: ignore[untyped-decorator]
def _bare(columns: Any) -> Any:  # noqa: ARG001 - the compiler asks by this name
    def code(columns: Any) -> Any:
        return borrow(columns)

    return code


@compiled
def seal(index: TriggerIndex) -> SealedIndex:
    """Return the index sealed. Compiled only: the plain twins take the index itself."""
    return SealedIndex(
        borrow(index.status), borrow(index.place), borrow(index.book), borrow(index.pairs), borrow(index.groups),
        borrow(index.paired), borrow(index.banded), borrow(index.terms), borrow(index.margin_f64),
        borrow(index.crossed), borrow(index.flagged), borrow(index.words),
    )  # fmt: skip
