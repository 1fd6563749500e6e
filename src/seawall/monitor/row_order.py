"""Many distinct rows in ascending order: each is a bit, row % 32 of word row // 32, and the words are looked at in turn."""

import numpy as np
from numba.extending import register_jitable

from seawall.monitor.account_terms import Array

ROWS_PER_WORD = 32


@register_jitable(forceinline=True)
def put_in_order(rows: Array, words: Array) -> None:
    """Sort distinct rows; `words` (uint32) are zero before and after and have a bit for each row that there is."""
    for nth in range(rows.size):
        # Of a number without sign the compiler need not ask whether it counts from the end.
        row = np.uint32(rows[nth])
        words[row >> 5] |= np.uint32(1) << (row & 31)
    nth = 0
    for word in range(words.size):
        left = np.int64(words[word])
        words[word] = 0
        while left:
            # The exponent of a float says which is the least bit.
            least = (int(np.float64(left & -left).view(np.int64)) >> 52) - 1023
            rows[nth] = word * ROWS_PER_WORD + least
            nth += 1
            left &= left - 1
