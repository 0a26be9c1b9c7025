"""A folder with a finished run of every task, and with everything that a person can give it by mistake."""

import random
import shutil
from pathlib import Path

import numpy as np
import polars as pl

TEXT = "The cat sat on the mat.\nThe dog sat on the log.\n" * 20

CLASSIFY = ("--id", "who", "--order", "t", "--label", "class", "--group", "house")
CLASSIFY_SMALL = ("--hidden-size", "4", "--steps", "6", "--batch-size", "8", "--quiet")
TAG = ("--label", "up", "--sequence", "id", "--order", "at", "--features", "x")
TAG_SMALL = ("--hidden-size", "6", "--steps", "6", "--quiet")
TEXT_SMALL = ("--hidden-size", "8", "--segment", "8", "--batch-size", "4", "--threads", "1", "--quiet")

FITS = {
    "classified": ("fit", "classify", "sequences.csv", *CLASSIFY, *CLASSIFY_SMALL),
    "tagged": ("fit", "tag", "names.conll", *TAG_SMALL),
    "written": ("fit", "text", "book.txt", *TEXT_SMALL, "--steps", "12"),
}
"""Run -> the arguments that fit it, in half a second or so."""


def sequences(number: int = 40) -> pl.DataFrame:
    """Rise or fall: one row a step, two sequences a house."""
    draw = np.random.default_rng(0)
    rows = [
        (f"s{at}", at // 2, t, float(draw.normal() + t * (at % 2)), ("flat", "steep")[at % 2])
        for at in range(number)
        for t in range(2 + at % 7)
    ]
    return pl.DataFrame(rows, schema=["who", "house", "t", "x", "class"], orient="row")


def steps() -> pl.DataFrame:
    """Twelve sequences of five steps, each labelled by the sign of a number."""
    draw = random.Random(1)
    rows = [(s, t, draw.gauss(0, 1)) for s in range(12) for t in range(5)]
    return pl.DataFrame(rows, schema=["id", "at", "x"], orient="row").with_columns(up=pl.col("x") > 0)


def names(number: int = 40) -> str:
    """A column file: names among other words."""
    draw = random.Random(0)
    lines = [f"{draw.choice(['Anna', 'Bert'])} B-PER\nwent O\nto O\nOslo B-LOC\n\n" for _ in range(number)]
    return "".join(lines)


def _only(name: str, column: str, value: object, other: object) -> pl.Expr:
    """Return a column that is another one where `column` is `value`."""
    return pl.when(pl.col(column) == value).then(pl.lit(other)).otherwise(pl.col(name)).alias(name)


def _tables() -> dict[str, pl.DataFrame]:
    whole, tagged = sequences(), steps()
    return {
        "sequences": whole,
        "classify twice": pl.concat([whole, whole]),
        "classify no id": whole.with_columns(_only("who", "who", "s3", None)),
        "classify two labels": whole.with_columns(
            pl.when(pl.col("t") == 1).then(pl.lit("odd")).otherwise("class").alias("class")
        ),
        "classify texts": whole.with_columns(x=pl.lit("much")),
        "classify nothing": whole.with_columns(x=pl.lit(None, dtype=pl.Float64)),
        "classify huge": whole.with_columns(x=pl.col("x") * 1e300),
        "classify two": whole.filter(pl.col("who").is_in(["s0", "s1"])).with_columns(house=pl.lit(None)),
        "classify part": whole.with_columns(part=pl.lit("trian")),
        "classify no part": whole.with_columns(part=pl.lit("train")).with_columns(
            _only("part", "who", "s7", None)
        ),
        "classify moving": whole.with_columns(house=pl.col("t")),
        "classify renamed": whole.with_columns(pl.col("class").replace("steep", "gentle")),
        "classify header": whole.head(0),
        "tag": tagged,
        "tag twice": pl.concat([tagged, tagged]),
        "tag no id": tagged.with_columns(_only("id", "id", 3, None)),
        "tag no order": tagged.with_columns(pl.when(pl.col("id") > 0).then("at").alias("at")),
        "tag texts": tagged.with_columns(x=pl.lit("much")),
        "tag huge": tagged.with_columns(x=pl.col("x") * 1e300),
        "tag all labels": tagged.with_columns(up=pl.col("x")),
        "tag no label": tagged.with_columns(up=pl.lit(None, dtype=pl.String)),
        "labels": pl.DataFrame({"file": ["a"], "class": ["flat"]}),
        "labels twice": pl.DataFrame({"file": ["a", "a", "b"], "class": ["flat", "flat", "steep"]}),
        "folder/flat/a": pl.DataFrame({"x": [1.0, 2.0]}),
        "folder/steep/b": pl.DataFrame({"x": [2.0, 1.0]}),
        "other channels/flat/a": pl.DataFrame({"x": [1.0, 2.0]}),
        "other channels/steep/b": pl.DataFrame({"y": [2.0, 1.0]}),
        "no class/a": pl.DataFrame({"x": [1.0, 2.0]}),
    }


_TS = "@problemName toy\n@classLabel true 1 2\n@data\n"

FILES: dict[str, bytes] = {
    "ragged.csv": b"who,t,x,class,house\ns0,0,1,flat,1\ns0,1,2,flat\n",
    "binary.csv": bytes(range(256)),
    "latin1.csv": "who,t,x,class,house\ns\xf6,0,1,flat,1\n".encode("latin-1"),
    "sheet.csv": b"PK\x03\x04" + b"x" * 99,
    "no array/flat/c.npy": b"xx",
    "empty.ts": b"",
    "no sequences.ts": _TS.encode(),
    "no header.ts": b"1,2,3:1\n",
    "word.ts": f"{_TS}1,two,3:1\n".encode(),
    "no class.ts": f"{_TS}1,2,3\n".encode(),
    "channels.ts": f"{_TS}1,2:3,4:1\n1,2:2\n".encode(),
    "names.conll": names().encode(),
    "one column.conll": b"a\nb\n\nc\n",
    "three columns.conll": b"a N X\nb N Y\n\n" * 9,
    "one sentence.conll": names().replace("\n\n", "\n").encode(),
    "latin1.conll": "Zo\xeb B-PER\n".encode("latin-1"),
    "blank.conll": b"\n\n\n",
    "cut.parquet": b"PAR1" + b"\0" * 99,
    "book.txt": TEXT.encode(),
    "empty.txt": b"",
    "mark.txt": b"\xef\xbb\xbf",
    "spaces.txt": b" " * 99,
    "picture.txt": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "zeros.txt": b"a\0b" * 99,
    "a file": b"",
    "folder.csv/inside": b"",
}


def write_inputs(folder: Path) -> None:
    """Write all the files into a folder."""
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    for name, table in _tables().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        table.write_csv(folder / f"{name}.csv")


def copy_run(folder: Path, name: str, copy: str) -> Path:
    """Copy a run within a folder, and return the copy."""
    return shutil.copytree(folder / name, folder / copy)
