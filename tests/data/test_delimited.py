"""CSV files of all sorts."""

import codecs
import re

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.data.delimited import parse_delimited
from elman.errors import DataError, OptionError


def parsed(text: str | bytes) -> pl.DataFrame:
    return parse_delimited(text.encode() if isinstance(text, str) else text, "t.csv")


def column(*cells: str) -> pl.Series:
    """The column of a file with these cells beside another, separated by tabs."""
    return parsed("\n".join(["n\tx", *(f"1\t{cell}" for cell in cells)]))["x"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_found(delimiter: str):
    frame = parsed("t,a,b\n1,2,3\n4,5,6\n".replace(",", delimiter))
    assert frame.rows() == [(1, 2, 3), (4, 5, 6)]
    assert frame.columns == ["t", "a", "b"]


def test_rows_decide_between_two_delimiters():
    assert parsed('name;price, EUR;x\n"a,b";2;1\nc;3;1\n').columns == ["name", "price, EUR", "x"]


def test_one_column():
    assert parsed("x\n1\n2\n").to_dict(as_series=False) == {"x": [1, 2]}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_blank_lines_and_byte_order_mark(end: str):
    text = "\ufeffa,b\n\n1,2\n\n\n3,4".replace("\n", end)
    assert parsed(text).to_dict(as_series=False) == {"a": [1, 3], "b": [2, 4]}


def test_long_first_row():
    names = [f"a column with quite a long name and number {at}" for at in range(2000)]
    frame = parsed(";".join(names) + "\n" + ";".join(["1,5"] * 2000))
    assert frame.columns == names
    assert frame.row(0) == (1.5,) * 2000


def test_quotes_hide_delimiters_newlines_and_quotes():
    frame = parsed('a,b\n"x, ""y""\n\nz",1\n"",2\n')
    assert frame.rows() == [('x, "y"\n\nz', 1), (None, 2)]


def test_names_are_stripped_and_given():
    assert parsed(' a ,"b ",\n1,2,3\n').columns == ["a", "b", "column_3"]


@pytest.mark.parametrize(
    ("cells", "values", "dtype"),
    [
        (["1", "", "-3", "+4"], [1, None, -3, 4], pl.Int64),
        (["1", "2.5", "1e3", " 4 "], [1.0, 2.5, 1000.0, 4.0], pl.Float64),
        (["NA", "1", "NaN", "null", "?", "N/A", "None"], [None, 1, *[None] * 5], pl.Int64),
        (["TRUE", "FALSE", "", "NA"], [True, False, None, None], pl.Boolean),
        (["true", "False"], [True, False], pl.Boolean),
        (["NA", ""], [None, None], pl.Float64),
        (["NA", "x", " "], ["NA", "x", None], pl.String),
        (["12", "12 kW"], ["12", "12 kW"], pl.String),
        (["99999999999999999999", "1"], [1e20, 1.0], pl.Float64),
        (["1,5", "2,25"], [1.5, 2.25], pl.Float64),
        (["1.234,5", "2"], [1234.5, 2.0], pl.Float64),
        (["1,234,567", "2.5"], [1234567.0, 2.5], pl.Float64),
        (["1,234.5", "NA"], [1234.5, None], pl.Float64),
        (["a,b", "1,5"], ["a,b", "1,5"], pl.String),
    ],
)
def test_type_of_a_column(cells: list[str], values: list, dtype: pl.DataType):
    assert column(*cells).dtype == dtype
    assert column(*cells).to_list() == values


def test_infinity_is_a_number():
    assert column("inf", "-inf", "1").to_list() == [float("inf"), float("-inf"), 1.0]


def test_one_column_tells_how_commas_stand_in_another():
    assert parsed("a;b\n1,234;0,5\n2,345;1,5\n").rows() == [(1.234, 0.5), (2.345, 1.5)]
    assert parsed("a;b\n1,234;1,000.5\n2,345;1.5\n").rows() == [(1234.0, 1000.5), (2345.0, 1.5)]


@pytest.mark.parametrize(
    ("text", "mark", "example"),
    [("a;b\n1,234;x\n2,345;x\n", ",", "1,234"), ("a;b\n1.234;0,5\n2.345;0,5\n", ".", "1.234")],
)
def test_number_that_can_be_read_in_two_ways(text: str, mark: str, example: str):
    message = (
        f"t.csv: column 'a' holds numbers such as '{example}', where '{mark}' may be a decimal sign or a "
        "thousands mark; write the numbers with a decimal point and without thousands marks."
    )
    with pytest.raises(DataError, match=re.escape(message)):
        parsed(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"a,b\n1,2\n3\n4,5\n6,7,8\n",
            "t.csv, line 3: expected 2 fields as in the header, got 1 (2 such rows",
        ),
        (b"a,b\n1,2,3\n", "t.csv, line 2: expected 2 fields as in the header, got 3."),
        (b'a,b\n"x\ny",2\n\n3\n', "t.csv, line 5: expected 2 fields as in the header, got 1."),
        (b'a,b\n"1,2\n3,4\n', "t.csv has a quote that is never closed."),
        (b"a,a\n1,2\n", "t.csv has 2 columns named 'a'; rename all but one."),
        (b"1,2.5\n3,4\n", "t.csv has no header: its first row is 1,2.5; name the columns."),
        (b"a,b\n1,caf\xe9\n", "t.csv is not UTF-8: byte 0xe9 in line 2. Name its encoding, often"),
        (b"\xef\xbb\xbfa,b\n1,caf\xe9\n", "t.csv is not UTF-8: byte 0xe9 in line 2."),
        (codecs.BOM_UTF16_LE, "t.csv is empty."),
        ("a,b\n1,2".encode("utf-16-le"), "t.csv is no text: it holds zero bytes."),
        ("a,b\n1,2".encode("utf-16")[:-1], "t.csv is not utf-16: byte 0x32 in line 2; name another"),
        (b"x" * 200_000 + b"\n1\n", "t.csv has no header that can be read: field larger than field limit"),
        (b"\x00\x01\x02", "t.csv is no text: it holds zero bytes."),
        (b"\x1f\x8b\x08", "t.csv is compressed with gzip; unpack it first."),
        (b"PK\x03\x04", "t.csv is a ZIP archive or an Excel workbook; save the sheet as CSV."),
    ],
)
def test_bad_bytes(data: bytes, message: str):
    with pytest.raises(DataError, match=re.escape(message)):
        parsed(data)


TEXT = "Straße,größe\nÄ€,1\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("said", [None, "windows-1252"])
def test_byte_order_mark_decides_over_the_encoding(encoding: str, said: str | None):
    frame = parse_delimited(TEXT.encode(encoding), "t.csv", encoding=said)
    assert frame.to_dict(as_series=False) == {"Straße": ["Ä€"], "größe": [1]}


def test_big_endian_mark():
    data = codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")
    assert parse_delimited(data, "t.csv").columns == ["Straße", "größe"]


@pytest.mark.parametrize("encoding", ["windows-1252", "cp1252", "iso-8859-15", "utf-16-le", "utf-8"])
def test_encoding_that_is_said(encoding: str):
    frame = parse_delimited(TEXT.encode(encoding), "t.csv", encoding=encoding)
    assert frame.to_dict(as_series=False) == {"Straße": ["Ä€"], "größe": [1]}


def test_utf8_is_read_so_whatever_is_said():
    assert parse_delimited(TEXT.encode(), "t.csv", encoding="windows-1252")["Straße"].to_list() == ["Ä€"]


def test_encoding_of_ascii_bytes():
    data = "a,b\nテスト,1\n".encode("iso-2022-jp")
    assert data.isascii()
    assert parse_delimited(data, "t.csv", encoding="iso-2022-jp")["a"].to_list() == ["テスト"]


@pytest.mark.parametrize(
    ("encoding", "error", "message"),
    [
        ("windows-1252", DataError, "t.csv is not windows-1252: byte 0x81 in line 2; name another encoding="),
        ("windows1253x", OptionError, "but it is 'windows1253x'. Did you mean 'windows-1253'?"),
        ("", OptionError, "`encoding` must be one that Python knows, such as 'windows-1252', but it is ''."),
        ("a\0b", OptionError, "`encoding` must be one that Python knows"),
        ("rot13", OptionError, "`encoding` must be one that Python knows"),
    ],
)
def test_encoding_that_cannot_be_used(encoding: str, error: type[Exception], message: str):
    with pytest.raises(error, match=re.escape(message)):
        parse_delimited(b"a,b\n\x81,1\n", "t.csv", encoding=encoding)


def as_texts(*cells: str) -> list[str | None]:
    """The cells of a column that stays as it is written."""
    text = "\n".join(["n\tx", *(f"1\t{cell}" for cell in cells)])
    return parse_delimited(text.encode(), "t.csv", texts=["x", "absent"])["x"].to_list()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["01", "1"], ["01", "1"]),
        (["1.0", "1"], ["1.0", "1"]),
        (["True", "false"], ["True", "false"]),
        (["NA", "DE", ""], ["NA", "DE", None]),
        (["None", "NA", "NaN"], ["None", "NA", "NaN"]),  # nothing else: they are the classes
        (["0", "NaN", "1"], ["0", None, "1"]),
        (["1,5", "1,500"], ["1,5", "1,500"]),
    ],
)
def test_columns_that_stay_as_written(cells: list[str], expected: list[str | None]):
    assert as_texts(*cells) == expected


FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="\ufeff"), min_size=1
)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), FINITE, WORDS.map("x".__add__), st.booleans()), min_size=1
    )
)
def test_what_polars_writes_is_read_back(rows: list[tuple]):
    frame = pl.DataFrame(
        rows, schema={"i": pl.Int64, "f": pl.Float64, "s": pl.String, "b": pl.Boolean}, orient="row"
    )
    read = parsed(frame.write_csv())
    assert read.equals(frame.with_columns(pl.col("f").cast(read["f"].dtype)))
