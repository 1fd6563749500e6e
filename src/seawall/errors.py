"""Everything that Seawall raises.

    SeawallError
    ├── UserError            the asker's mistake or the machine's state: one line, exit status 2
    │   ├── ConfigError        a scenario, a composition or an option
    │   ├── DataError          a price, book or markets file
    │   ├── JournalCorrupt     a journal whose bytes are not what was written
    │   └── StorageError       a full disk, a failing sync, a folder that cannot be written
    ├── AdapterError         an outside thing failed: one line, exit status 2
    │   └── ProviderUnavailable
    └── Defect               a bug of ours: exit status 1
        ├── InvariantViolation
        └── ReplayDiverged

What may happen to a request (a healthy account, a stale price) is a value: a `Refusal`, in `ledger/order.py`.
"""


class SeawallError(Exception):
    """The root of everything raised on purpose."""


class UserError(SeawallError):
    """Something the asker can mend; the message says the fact, the value, the limit and the place."""


class ConfigError(UserError):
    """A scenario, a composition or an option that cannot be met."""


class DataError(UserError):
    """A file whose content is not what its format promises."""


class JournalCorrupt(UserError):
    """A journal whose bytes are not the ones that were written."""


class StorageError(UserError):
    """The disk refused: it is full, a sync failed, or the place cannot be written."""


class AdapterError(SeawallError):
    """An outside thing did not do what was asked."""


class ProviderUnavailable(AdapterError):
    """A server did not answer, or answered with something that is not an answer."""


class Defect(SeawallError):
    """A bug of ours; the process stops rather than goes on from a state that nobody understands."""


class InvariantViolation(Defect):
    """A named invariant does not hold."""


class ReplayDiverged(Defect):
    """The same journal gave other orders than the ones that stand in it."""
