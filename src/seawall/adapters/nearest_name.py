"""The names that a mistyped name may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest_names(name: str, known: Iterable[str]) -> str:
    """Return up to five known names for an error message, the likeliest first."""
    names = sorted(known)
    if not names:
        return "there are none"
    by_fold = {known_name.casefold(): known_name for known_name in names}
    folded = name.casefold()
    alike = [by_fold[match] for match in get_close_matches(folded, by_fold, n=5, cutoff=0.6)]
    alike += [known_name for known_name in names if folded and folded in known_name.casefold()]
    if alike:
        return "nearest: " + ", ".join(list(dict.fromkeys(alike))[:5])
    return "known: " + ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
