"""Imports go down only; what is forbidden is imported nowhere; what is imported is declared."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "elman"

# From the roof to the ground: a package imports from the floors below its own.
FLOORS = [
    ["__main__"],
    ["cli"],
    ["report"],
    ["tasks", "experiments"],
    ["training", "diagnostics", "export", "benchmark"],
    ["layers"],
    ["compiler"],
    ["trace", "passes", "backends"],
    ["cells", "data"],
    ["ir"],
    ["errors"],
]
FLOOR = {package: number for number, packages in enumerate(FLOORS) for package in packages}
ANYWHERE = {"_lazy", "__version__"}
BACKENDS = {"eager", "reference", "llvm", "triton", "c", "onnx"}
WITHOUT = {"report": {"torch"}, "passes": {"torch"}, "data": {"torch"}, "ir": {"torch", "numpy"}}
NOWHERE = {"pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal", "lightning", "pytorch_lightning"}
PICKLING = {"torch.load", "torch.save"}

MODULES = {
    ".".join(path.relative_to(SOURCE.parent).with_suffix("").parts): path for path in SOURCE.rglob("*.py")
}


def imports(tree: ast.Module, module: str) -> Iterator[str]:
    """Yield the dotted names that a module imports, relative ones made absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            origin = [*above, *filter(None, [node.module])]
            yield from (".".join([*origin, alias.name]) for alias in node.names)


def may_import(module: str, name: str) -> bool:
    """Whether the module of that dotted name may import this dotted name."""
    _, own, *inside = module.split(".")
    top, *path = name.split(".")
    if top != "elman":
        return top not in NOWHERE | WITHOUT.get(own, set())
    match own, path:
        case "__init__", _:
            return True
        case _, [public, *_] if public in ANYWHERE:
            return True
        case "report", ["tasks" | "experiments", *rest]:
            return rest[:1] == ["results"]
        case "backends", ["backends", backend, *_] if {backend, inside[0]} <= BACKENDS:
            return backend == inside[0]
        case _, [package, *_]:
            return own == package or FLOOR[own] < FLOOR.get(package, -1)
    return False


def faults(text: str, module: str) -> list[str]:
    """Everything the source of a module imports or calls against the rules of the house."""
    tree = ast.parse(text)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        *(f"imports {name}" for name in imports(tree, module) if not may_import(module, name)),
        *(f"calls {ast.unparse(call.func)}" for call in calls if ast.unparse(call.func) in PICKLING),
        *("allows pickle" for call in calls for word in call.keywords if word.arg == "allow_pickle"),
    ]


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_the_rules(module: str):
    assert faults(MODULES[module].read_text(encoding="utf-8"), module) == []


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("elman.errors", "from elman.data import Finding"),
        ("elman.data.tables", "import torch"),
        ("elman.data.tables", "from ..cells import Cell"),
        ("elman.layers.rnn", "from elman import tasks"),
        ("elman.layers.rnn", "from elman import Forecaster"),
        ("elman.layers.rnn", "import elman"),
        ("elman.report.page", "from elman.tasks import Forecaster"),
        ("elman.report.page", "from elman.tasks.forecaster import Forecaster"),
        ("elman.report.page", "from elman.experiments import run_experiment"),
        ("elman.training.loop", "from elman.experiments import Problem"),
        ("elman.backends.llvm.build", "from elman.backends.eager import launch"),
        ("elman.backends.llvm.build", "from ..eager import launch"),
        ("elman.training.loop", "def f():\n    import pickle"),
        ("elman.training.loop", "from lightning.pytorch import Trainer"),
        ("elman.training.loop", "state = torch.load(path)"),
        ("elman.training.loop", "state = numpy.load(path, allow_pickle=True)"),
    ],
)
def test_fault_is_found(module: str, text: str):
    assert len(faults(text, module)) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("elman.report.page", "from elman.tasks.results import ForecastReport"),
        (
            "elman.layers.rnn",
            "import torch\nfrom elman.cells import Cell\nfrom elman.errors import ShapeError",
        ),
        ("elman.backends.llvm.build", "from .lower import lower\nfrom elman.ir import StepGraph"),
        ("elman.backends.__init__", "from elman.backends import eager, llvm"),
        ("elman.cli.__init__", "from elman import __version__"),
    ],
)
def test_rightful_import_is_no_fault(module: str, text: str):
    assert faults(text, module) == []


def test_every_package_has_a_floor():
    packages = {path.stem for path in SOURCE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert packages - {"__pycache__", "__init__", "_lazy"} <= FLOOR.keys()


def test_imported_packages_are_the_declared_ones():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {Requirement(line).name.replace("-", "_") for line in project["dependencies"]}
    trees = {module: ast.parse(path.read_text(encoding="utf-8")) for module, path in MODULES.items()}
    imported = {name.split(".")[0] for module, tree in trees.items() for name in imports(tree, module)}
    assert imported - sys.stdlib_module_names - {"elman"} == declared
