import gzip
import json
from pathlib import Path

import pytest

from seawall.adapters.data_folder import MANIFEST, Entry, Rows, check_range, keep_or_fetch
from seawall.adapters.file_digest import file_digest
from seawall.errors import ConfigError, DataError, StorageError

ROWS = Rows(("symbol", "ts", "price"), [("ETH", 100, "1.50"), ("ETH", 200, "2")])
QUERY = {"symbol": "ETH"}


def bring(folder: Path, calls: list[str], *, name: str = "eth.csv.gz", query: dict[str, str] = QUERY, force: bool = False) -> Entry:  # fmt: skip
    def fetch() -> Rows:
        calls.append(name)
        return ROWS

    return keep_or_fetch(folder, name, "https://source.example", query, fetch, force=force)


def test_a_file_comes_with_an_entry_that_says_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    entry = bring(folder, [])
    path = folder / "eth.csv.gz"
    assert gzip.decompress(path.read_bytes()) == b"symbol,ts,price\nETH,100,1.50\nETH,200,2\n"
    assert entry == Entry("eth.csv.gz", "https://source.example", QUERY, 2, file_digest(path), 100, 200)
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["schema"] == 1
    assert [one["name"] for one in manifest["files"]] == ["eth.csv.gz"]
    assert sorted(one.name for one in folder.iterdir()) == ["eth.csv.gz", MANIFEST]


def test_the_same_rows_make_the_same_bytes(tmp_path: Path) -> None:
    assert bring(tmp_path / "one", []) == bring(tmp_path / "other", [])


def test_a_file_that_stands_is_kept_and_a_missing_one_is_fetched_beside_it(tmp_path: Path) -> None:
    calls: list[str] = []
    first = bring(tmp_path, calls)
    bring(tmp_path, calls, name="another.csv.gz")
    assert bring(tmp_path, calls) == first
    assert calls == ["eth.csv.gz", "another.csv.gz"]
    (tmp_path / "eth.csv.gz").unlink()
    assert bring(tmp_path, calls) == first
    assert calls == ["eth.csv.gz", "another.csv.gz", "eth.csv.gz"]


def test_another_file_of_the_name_is_refused_unless_forced(tmp_path: Path) -> None:
    calls: list[str] = []
    bring(tmp_path, calls)
    path = tmp_path / "eth.csv.gz"
    for change, message in [
        (lambda: path.write_bytes(b"mine"), "has changed since it was fetched; --force fetches it again"),
        ((tmp_path / MANIFEST).unlink, "is there and manifest.json does not name it with this query"),
    ]:
        change()
        content = path.read_bytes()
        with pytest.raises(DataError, match=message):
            bring(tmp_path, calls)
        assert path.read_bytes() == content
        bring(tmp_path, calls, force=True)
    with pytest.raises(DataError, match="does not name it with this query"):
        bring(tmp_path, calls, query={"symbol": "BTC"})
    assert len(calls) == 3


def test_a_fetch_that_fails_leaves_what_stood(tmp_path: Path) -> None:
    bring(tmp_path, [])
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def fail() -> Rows:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_or_fetch(tmp_path, "eth.csv.gz", "https://source.example", QUERY, fail, force=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is not a manifest"), ('{"files": 1}', "is not a manifest"), ('{"schema": 2, "files": []}', "schema 2 of .* is not 1")],
)  # fmt: skip
def test_a_manifest_that_is_none_is_refused(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(DataError, match=message):
        bring(tmp_path, [])


def test_a_folder_that_cannot_be_made_is_a_fault_of_storage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((StorageError, DataError), match="cannot"):
        bring(tmp_path / "file" / "below", [])


@pytest.mark.parametrize(("since", "until"), [(0, 10), (10, 10), (11, 10), (-5, 10)])
def test_an_empty_range_is_refused(since: int, until: int) -> None:
    with pytest.raises(ConfigError, match=f"the range from {since} to {until} is empty"):
        check_range(since, until)


def test_a_range_that_is_not_over_is_refused() -> None:
    with pytest.raises(ConfigError, match="which is after now"):
        check_range(1, 10**11)
