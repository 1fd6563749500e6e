import hashlib
from pathlib import Path

import pytest

from seawall.adapters.file_digest import file_digest
from seawall.errors import DataError


def test_the_digest_is_the_sha256_of_the_bytes(tmp_path: Path) -> None:
    content = bytes(range(256)) * 5_000
    (tmp_path / "prices.csv").write_bytes(content)
    assert file_digest(tmp_path / "prices.csv") == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_absent_has_no_digest(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*absent\.csv: No such file or directory"):
        file_digest(tmp_path / "absent.csv")
