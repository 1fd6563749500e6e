"""The SHA-256 of a file, by which a run knows that its inputs are still the same."""

import hashlib
from pathlib import Path

from seawall.errors import DataError


def file_digest(path: Path) -> str:
    """Return the SHA-256 of the file's bytes in hexadecimal; raises DataError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
