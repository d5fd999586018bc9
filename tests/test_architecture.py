"""The rooms of the house: who may import whom, what is loaded when, and what every public name brings along."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest

import adkit as ad

PACKAGE = Path(ad.__file__).parent

# Room by room, from the ground up: what each may import of adkit besides itself.
BASE = {"errors", "tracing", "views", "primitives"}
INTERPRETERS = BASE | {"forward", "reverse", "containers", "graph", "costs"}
METHODS = INTERPRETERS | {
    "plugins",
    "vectors",
    "numerical",
    "symbolic",
    "codegen",
    "engines",
    "calls",
    "blocks",
    "snapshots",
    "staging",
    "compiling",
}
CLIENTS = METHODS | {"methods", "transforms", "problems"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "plugins": {"errors"},
    "refusals": {"errors"},
    "containers": set(),
    "lending": {"tracing"},
    "tracing": {"errors", "refusals"},
    "views": {"errors", "tracing"},
    "asking": {"tracing"},
    "primitives": {"errors", "refusals", "tracing", "views"},
    "forward": BASE,
    "reverse": BASE | {"lending"},
    "custom": BASE | {"containers", "lending", "reverse"},
    "checkpointing": BASE | {"containers", "costs", "custom", "forward", "lending", "refusals", "reverse"},
    "graph": BASE | {"containers"},
    "costs": {"primitives", "tracing"},
    "staging": BASE | {"containers", "forward", "graph", "lending", "reverse"},
    "symbolic": BASE | {"containers", "costs", "graph"},
    "vectors": {"tracing"},
    "numerical": {"errors", "tracing"},
    "codegen": BASE | {"containers", "graph"},
    "engines": BASE | {"containers", "graph"},
    "calls": BASE | {"asking", "containers", "lending", "refusals"},
    "blocks": BASE | {"calls"},
    "snapshots": {"errors"},
    "compiling": BASE | {"codegen", "containers", "graph", "snapshots", "staging"},
    "methods": METHODS,
    "transforms": METHODS | {"methods"},
    "problems": {"errors", "plugins", "records"},
    "testing": CLIENTS | {"checking", "report"},
    "records": set(),
    "stats": set(),
    "harness": CLIENTS | {"records", "stats"},
    "explain": CLIENTS,
    "report": {"errors", "records", "stats"},
    "checking": CLIENTS | {"explain", "records", "report"},
    "trials": CLIENTS | {"checking", "records"},
    "selfcheck": CLIENTS | {"checking", "harness", "records", "report"},
    "comparing": CLIENTS | {"harness", "records", "report"},
    "loading": CLIENTS | {"harness", "records", "report"},
    "writing": {"errors"},
    "journal": {"errors"},
    "cli": CLIENTS
    | {
        "harness",
        "journal",
        "explain",
        "records",
        "report",
        "checking",
        "comparing",
        "loading",
        "selfcheck",
        "trials",
        "writing",
        "__init__",
    },
    "__main__": {"cli"},
}
HEAVY = {
    "sympy",
    "mpmath",
    "pandas",
    "matplotlib",
    "scipy",
    "tabulate",
    "autograd",
    "jax",
    "torch",
    "casadi",
    "llvmlite",
    "rich",
    "typer",
}
# Modules that are themselves only loaded on first use.
AT_HOME = {"symbolic": {"sympy", "mpmath"}, "engines": {"autograd", "jax", "torch", "casadi"}, "cli": {"typer", "rich"}}
AT_HOME |= {"trials": {"mpmath"}}
AT_HOME |= {name: {"scipy"} for name in ("special", "special_integrals", "special_python")}


def sources():
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


ROOMS = {room_of(path) for path in sources()} - {"__init__"}


def imported(node, path):
    """The full dotted names that an import statement may mean; relative ones begin with "adkit"."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not node.level:
        return [f"{node.module}.{alias.name}" for alias in node.names]
    package = ("adkit", *path.relative_to(PACKAGE).parts[:-1])
    home = package[: len(package) - node.level + 1]
    base = ".".join((*home, *([node.module] if node.module else [])))
    return [f"{base}.{alias.name}" for alias in node.names]


def rooms_imported(path):
    """Every room that a file imports, at any depth: direction is about dependence, not about time."""
    names = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in imported(node, path)
    ]
    parts = [name.split(".") for name in names if name.split(".")[0] == "adkit"]
    return {p[1] if p[1] in ROOMS else "__init__" for p in parts if len(p) > 1}


def at_module_level(tree):
    """The import statements that run when a module is loaded."""
    waiting = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            continue
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            waiting += node.orelse
        else:
            waiting += [
                child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.ExceptHandler))
            ]


# -- imports ---------------------------------------------------------------------------------------
def test_every_module_has_its_room():
    assert not ROOMS - set(MAY_IMPORT)


def test_the_table_of_rooms_has_no_circles():
    done: set[str] = set()
    while ready := {room for room, below in MAY_IMPORT.items() if room not in done and below - {"__init__"} <= done}:
        done |= ready
    assert done == set(MAY_IMPORT)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_up_the_list_of_rooms(path):
    room = room_of(path)
    if room != "__init__":
        assert rooms_imported(path) - {room} <= MAY_IMPORT[room]


def rooms_of_contributing():
    """The rows of the table in CONTRIBUTING, from top to bottom, each the names of its rooms."""
    lines = (PACKAGE.parent / "CONTRIBUTING.md").read_text().splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
    return [[name.rstrip("/").removesuffix(".py") for name in re.findall("`(.+?)`", cell)] for cell in cells]


def test_contributing_lists_every_room_above_those_that_import_it():
    row = {room: i for i, rooms in enumerate(rooms_of_contributing()) for room in rooms}
    assert set(row) == ROOMS - {"__main__"}
    arrows = {(room_of(path), room) for path in sources() for room in rooms_imported(path) - {"__init__"}}
    assert not [arrow for arrow in arrows if arrow[0] in row and row[arrow[1]] > row[arrow[0]]]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_imports_wait_for_their_first_use(path):
    nodes = at_module_level(ast.parse(path.read_text()))
    names = {name.split(".")[0] for node in nodes for name in imported(node, path)}
    assert names & HEAVY <= AT_HOME.get(room_of(path), set()) | AT_HOME.get(path.stem, set())


def test_the_reader_of_imports_sees_what_it_should():
    path = PACKAGE / "harness" / "somewhere.py"
    found = [
        imported(node, path)
        for node in ast.walk(
            ast.parse("import os.path\nfrom .. import graph\nfrom ..calls import Call\nfrom .x import y")
        )
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert found == [["os.path"], ["adkit.graph"], ["adkit.calls.Call"], ["adkit.harness.x.y"]]
    tree = ast.parse(
        "if TYPE_CHECKING:\n    import a\nelse:\n    import b\n"
        "try:\n    import c\nexcept ImportError:\n    import d\ndef f():\n    import e\nclass C:\n    import g"
    )
    assert {node.names[0].name for node in at_module_level(tree)} == {"b", "c", "d", "g"}


def loaded_by(statement):
    """The modules that a fresh interpreter has after a statement."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    return set(result.stdout.split())


def test_importing_adkit_loads_nothing_heavy():
    loaded = loaded_by("import adkit")
    assert not {name.split(".")[0] for name in loaded} & HEAVY
    assert (
        not {f"adkit.{room}" for room in ("symbolic", "harness", "report", "cli", "comparing", "loading", "checking")}
        & loaded
    )


def test_gradients_load_nothing_heavy():
    loaded = loaded_by("import adkit; adkit.grad(lambda x: x**2)(1.0); adkit.hessian(lambda x: x**3)(2.0)")
    assert not {name.split(".")[0] for name in loaded} & HEAVY


# -- public names ----------------------------------------------------------------------------------
def public():
    names = getattr(ad, "__all__", None) or [name for name in dir(ad) if not name.startswith("_")]
    found = {name: getattr(ad, name) for name in names}
    return {name: x for name, x in found.items() if not isinstance(x, types.ModuleType) and name != "annotations"}


PUBLIC = public()


def test_no_module_bears_the_name_of_a_public_function():
    functions = {name for name, x in PUBLIC.items() if isinstance(x, types.FunctionType)}
    assert not ROOMS & functions


def test_the_contract_is_complete_as_far_as_it_is_built():
    wanted = "grad value_and_grad jacobian hessian jvp vjp hvp value compare check_grad problem problems methods"
    kinds = "Forward Reverse Symbolic Numerical Manual Method"
    errors = "AdkitError LostDerivative NoRule OutputError ArgumentError BadRequest ExpressionTooLarge EscapedValue"
    assert set(f"{wanted} {kinds} {errors}".split()) <= set(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_have_a_docstring_with_an_example(name):
    x = PUBLIC[name]
    documented = x if isinstance(x, (type, types.FunctionType)) else type(x)
    assert ">>>" in (documented.__doc__ or "")


def signatures():
    """Every public function, and every public method that a public class of adkit defines."""
    for name, x in PUBLIC.items():
        if isinstance(x, types.FunctionType):
            yield name, x
        kind = x if isinstance(x, type) else type(x)
        for part, method in vars(kind).items():
            if (
                isinstance(method, types.FunctionType)
                and not part.startswith("_")
                and method.__module__.startswith("adkit")
            ):
                yield f"{name}.{part}", method


@pytest.mark.parametrize(("name", "function"), sorted(signatures()))
def test_public_signatures_are_fully_annotated(name, function):
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name not in ("self", "cls")]
    assert signature.return_annotation is not inspect.Signature.empty
    assert [p.name for p in parameters if p.annotation is inspect.Parameter.empty] == []


def test_the_package_is_typed():
    assert (PACKAGE / "py.typed").exists()
