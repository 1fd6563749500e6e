"""Compiled kernels: numba's compiler, with a cache that knows everything that a kernel is made of.

By itself numba looks at a kernel's own file only, and would go on running the machine code of a helper that was edited in
another file. Here the sources of all modules of ours that the kernel's module imports, directly or through others, are
part of the cache's stamp.
"""

import re
import sys
from collections.abc import Callable
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal

from numba import njit, typeof

# What numba hands out here has no types.
_typeof: Any = typeof

_IMPORTED: Final = re.compile(r"^from (seawall\.[\w.]+) import", re.MULTILINE)


def compiled(kernel: Callable[..., Any], *, error_model: Literal["python", "numpy"] = "python") -> Callable[..., Any]:
    """Return the kernel compiled, and cached for as long as nothing that it is made of changes.

    `error_model` is numba's: "numpy" makes a division by zero infinite instead of an error, and so costs no test.
    """
    dispatcher: Callable[..., Any] = njit(cache=True, error_model=error_model)(kernel)
    if dispatcher is not kernel:  # as it is where numba is told to compile nothing
        index = dispatcher._cache._cache_file  # type: ignore[attr-defined]
        index._source_stamp = (index._source_stamp, _stamp_of(kernel.__module__))
    return dispatcher


def entry_of(kernel: Callable[..., Any], *arguments: Any) -> Callable[..., Any]:
    """Return what the kernel runs for arguments of exactly these types; it trusts its caller and asks for no type.

    To ask for the type of a sealed index costs as much as some hundred cells of a screen.
    """
    if not hasattr(kernel, "overloads"):
        return kernel
    dispatcher: Any = kernel
    types = tuple(_typeof(argument) for argument in arguments)
    if types not in dispatcher.overloads:
        dispatcher.compile(types)
    entry: Callable[..., Any] = dispatcher.overloads[types].entry_point
    return entry


@cache
def _stamp_of(module: str) -> str:
    """Return a hash of the sources of a module and of all modules of ours that it needs."""
    sources: dict[str, str] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in sources:
            sources[name] = _source_of(name)
            waiting += _IMPORTED.findall(sources[name])
    return sha256("".join(sources[name] for name in sorted(sources)).encode()).hexdigest()


def _source_of(module: str) -> str:
    specification: Any = sys.modules[module].__spec__
    source = specification.loader.get_source(module)
    assert source is not None, module
    return str(source)
