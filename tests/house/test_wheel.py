"""The wheel that people install holds everything, and runs away from its source."""

import os
import subprocess
import sys
import tomllib
import venv
from email.message import Message
from email.parser import Parser
from pathlib import Path
from sysconfig import get_path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def run(*command: str | Path) -> str:
    """Run a command away from the source, and return what it printed."""
    away = {"cwd": Path.home(), "env": os.environ | {"PYTHONPATH": ""}}
    done = subprocess.run(command, capture_output=True, text=True, **away)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    return next(folder.glob("elman-*.whl"))


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Parser().parsestr(archive.read(name).decode())


def test_every_file_of_the_package_is_inside(wheel: Path):
    source = ROOT / "src"
    files = {path for path in (source / "elman").rglob("*") if path.is_file() and path.suffix != ".pyc"}
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if name.startswith("elman/")}
    assert packed == {path.relative_to(source).as_posix() for path in files}
    assert "elman/py.typed" in packed


def test_requirements_are_the_declared_ones(metadata: Message):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {Requirement(line) for line in metadata.get_all("Requires-Dist", [])}
    assert required == {Requirement(line) for line in project["dependencies"]}


def test_licence_is_named_and_inside(wheel: Path, metadata: Message):
    assert metadata["License-Expression"] == "Apache-2.0"
    with ZipFile(wheel) as archive:
        assert any(name.endswith("licenses/LICENSE") for name in archive.namelist())


def test_installed_wheel_runs(wheel: Path, metadata: Message, tmp_path: Path):
    """An empty environment that borrows the dependencies of this one, but not its elman."""
    home = tmp_path / "venv"
    venv.create(home)
    python = home / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"))
    (packages / "borrowed.pth").write_text(get_path("purelib"), encoding="utf-8")

    where = Path(run(python, "-c", "import elman; print(elman.__file__)"))
    assert where == packages / "elman" / "__init__.py"
    assert run(python, "-c", "import elman; print(elman.__version__)") == metadata["Version"]
    assert run(python, "-c", "import elman; print(elman.LSTM(3, 5))")
    assert "fit" in run(home / "bin" / "elman", "--help")
