import gzip
from pathlib import Path

import polars as pl
import pytest

from seawall.adapters.table_file import open_table
from seawall.errors import DataError

TEXT = "a,b\n1,x\n2,y\n"


def write(folder: Path, content: bytes) -> Path:
    path = folder / "table"
    path.write_bytes(content)
    return path


def test_plain_gzipped_and_parquet_tables_read_alike_whatever_their_name(tmp_path: Path) -> None:
    parquet = tmp_path / "parquet"
    pl.DataFrame({"a": [1, 2], "b": ["x", "y"]}).write_parquet(parquet)
    contents = [
        TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        gzip.compress(TEXT.encode(), mtime=0),
        parquet.read_bytes(),
    ]
    for content in contents:
        rows = open_table(write(tmp_path, content)).rows(("b", "a"))
        assert rows.select("a", "b").rows() == [("1", "x"), ("2", "y")]


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    table = open_table(write(tmp_path, b"\xef\xbb\xbf" + TEXT.encode()))
    assert table.columns == ("a", "b")
    assert table.rows(("a",))["a"].to_list() == ["1", "2"]


def test_rows_are_numbered_as_an_editor_numbers_them_and_blank_lines_count(tmp_path: Path) -> None:
    rows = open_table(write(tmp_path, b"a,b\n1,x\n\n2,y\n\n")).rows(("a",))
    assert rows.select("row", "a").rows() == [(2, "1"), (4, "2")]


def test_a_float_becomes_its_shortest_text(tmp_path: Path) -> None:
    path = tmp_path / "table"
    pl.DataFrame({"a": [0.1, 1e-7, 1e21, float("nan")]}).write_parquet(path)
    assert open_table(path).rows(("a",))["a"].to_list() == ["0.1", "1e-7", "1e+21", "NaN"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"a,b\n", "has a header and no rows"),
        (b"a,b\n1,2\n1,2,3\n", r"3 fields under 2 columns, in .*table row 3"),
        (b"a,b\n1,\xff\n", "is not a readable table"),
        (b"\xff,b\n1,2\n", "the header of .*table is not text"),
        (b"a,a\n1,2\n", "column a stands twice, in .*table"),
        (gzip.compress(TEXT.encode() * 100, mtime=0)[:-12], "is a gzip that is cut short or damaged"),
        (gzip.compress(TEXT.encode(), mtime=0)[:12], "is a gzip that is cut short or damaged"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-8] + b"\0" * 8, "is a gzip that is cut short or damaged"),
        (b"\x1f\x8bnot a gzip", "is a gzip that is cut short or damaged"),
        (b"PAR1 cut short", "is not a readable Parquet file"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        open_table(write(tmp_path, content)).rows(("a",))
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*absent: No such file or directory"):
        open_table(tmp_path / "absent")
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory"):
        open_table(tmp_path)
