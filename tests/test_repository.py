"""The repository keeps its own rules: rooms, sizes, imports, locks, and a wheel that works away from the clone."""

from __future__ import annotations

import ast
import functools
import graphlib
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "prevalence"
SOURCES = sorted(PACKAGE.rglob("*.py"))
LOCKS = sorted(ROOT.glob("requirements*.lock"))
NEVER_AT_IMPORT = ("statsmodels", "matplotlib", "scipy.stats")

# A row of the table of rooms in ARCHITECTURE.md: | `direct` | 2 | ... |
ROOM = re.compile(r"^\|\s*`([a-z_]+)/?`\s*\|\s*(\d+)\s*\|", re.MULTILINE)

relative = pytest.mark.parametrize(
    "source", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)


def rooms() -> list[tuple[str, int]]:
    """Return the rooms of ARCHITECTURE.md with their layers, in the order of its table."""
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    return [(name, int(layer)) for name, layer in ROOM.findall(text)]


def existing_rooms() -> set[str]:
    modules = {path.stem for path in PACKAGE.glob("*.py")}
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    return {name for name in modules | packages if not name.startswith("__")}


@functools.cache
def parsed(source: Path) -> ast.Module:
    return ast.parse(source.read_text(encoding="utf-8"))


@functools.cache
def nodes(source: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(parsed(source)))


def room_of(source: Path) -> str:
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command without the caller's PYTHON... settings, and show what it printed if it fails."""
    left_out = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in left_out},
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=600,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done


# Rooms and layers


def test_architecture_lists_the_modules_that_exist() -> None:
    names = [name for name, _ in rooms()]
    assert sorted(names) == sorted(set(names)), "a room stands twice in ARCHITECTURE.md"
    assert set(names) == existing_rooms()


def test_the_table_of_rooms_goes_down_the_layers() -> None:
    layers = [layer for _, layer in rooms()]
    assert layers == sorted(layers)


def import_time_statements(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the imports that run when the module is imported, without those for type checkers."""
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        elif isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from import_time_statements(statement.orelse)
        elif not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody"):
                yield from import_time_statements(getattr(statement, field, []))
            for handler in getattr(statement, "handlers", []):
                yield from import_time_statements(handler.body)


def imported(source: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the line and the dotted parts of each import from the package itself."""
    package = ["prevalence", *source.relative_to(PACKAGE).parent.parts]
    for statement in import_time_statements(parsed(source).body):
        if isinstance(statement, ast.Import):
            targets = [alias.name.split(".") for alias in statement.names]
        else:
            above = package[: len(package) - statement.level + 1] if statement.level else []
            base = above + (statement.module.split(".") if statement.module else [])
            targets = [[*base, alias.name] for alias in statement.names]
        for target in targets:
            if target[0] == "prevalence":
                yield statement.lineno, target


def imported_rooms(source: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the room of each import from the package itself ("" is its face)."""
    for line, target in imported(source):
        yield line, target[1] if len(target) > 1 else ""


def test_module_level_imports_go_down_only() -> None:
    place = {name: position for position, (name, _) in enumerate(rooms())}
    wrong = []
    for source in SOURCES:
        here = room_of(source)
        if here in {"__init__", "__main__"}:
            continue
        for line, there in imported_rooms(source):
            if there != here and not place.get(there, len(place)) < place[here]:
                wrong.append(f"{source.relative_to(ROOT)}:{line}: {here} imports {there or 'face'}")
    assert not wrong, "\n".join(wrong)


def test_modules_can_be_put_in_an_order() -> None:
    modules = {
        ".".join(("prevalence", *source.relative_to(PACKAGE).with_suffix("").parts)): source
        for source in SOURCES
    }
    needs: dict[str, set[str]] = {}
    for name, source in modules.items():
        targets = [".".join(target) for _, target in imported(source)]
        needs[name] = {
            found
            for target in targets
            for found in (target, f"{target}.__init__", target.rpartition(".")[0])
            if found in modules and found != name
        }
    list(graphlib.TopologicalSorter(needs).static_order())  # a CycleError names the modules


# Sizes and style


@relative
def test_no_file_over_600_lines_and_no_function_over_60(source: Path) -> None:
    assert len(source.read_text(encoding="utf-8").splitlines()) <= 600
    for node in nodes(source):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            documented = ast.get_docstring(node, clean=False) is not None and len(node.body) > 1
            first = node.body[1 if documented else 0]
            lines = (node.end_lineno or first.lineno) - first.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines of code (line {node.lineno})"


@relative
def test_nothing_prints_but_the_command_line(source: Path) -> None:
    if source == PACKAGE / "cli.py":
        return
    lines = [
        node.lineno
        for node in nodes(source)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "pprint"}
    ]
    assert not lines, f"print on lines {lines}"


# Import


def test_import_leaves_heavy_libraries_alone() -> None:
    code = (
        f"import prevalence.nsum, sys; print([n for n in {NEVER_AT_IMPORT!r} if n in sys.modules])"
    )
    assert run(sys.executable, "-c", code, cwd=ROOT / "src").stdout.strip() == "[]"


def import_seconds(module: str) -> float:
    """Return the CPU seconds that one import takes in a new interpreter."""
    code = f"import time; t = time.process_time(); import {module}; print(time.process_time() - t)"
    return float(run(sys.executable, "-c", code, cwd=ROOT / "src").stdout)


def test_import_costs_little_more_than_pandas() -> None:
    # The least of several alternating runs: other work on the machine only ever adds to a run.
    pairs = [(import_seconds("prevalence"), import_seconds("pandas")) for _ in range(5)]
    ours, theirs = (min(seconds) for seconds in zip(*pairs, strict=True))
    assert ours <= 1.3 * theirs, f"{ours:.2f} s against {theirs:.2f} s for pandas"


# Dependencies


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_locks_have_hashes_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "http" not in text
    assert "--index" not in text
    pins = re.findall(r"^\S+==", text, re.MULTILINE)
    assert pins
    assert text.count("--hash=sha256:") >= len(pins)


def declared_dependencies() -> set[str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    project = settings["project"]
    extras = project["optional-dependencies"].values()
    groups = settings["dependency-groups"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
    wanted += [item for group in groups for item in group if isinstance(item, str)]
    return {re.split(r"[^\w.-]", item)[0].lower() for item in wanted}


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "reference" / "dependencies.md").read_text(encoding="utf-8")
    explained = {name.lower() for name in re.findall(r"^\| `([\w.-]+)`", text, re.MULTILINE)}
    assert declared_dependencies() == explained


def test_required_dependencies_are_locked() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted = tomllib.load(file)["project"]["dependencies"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^(\S+?)==", lock, re.MULTILINE))
    assert {re.split(r"[^\w.-]", item)[0] for item in wanted} <= locked


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet")
    run(sys.executable, "-m", "pip", "wheel", *offline, "-w", folder, ROOT, cwd=folder)
    (built,) = folder.glob("prevalence-*.whl")
    return built


@pytest.mark.slow
def test_wheel_carries_types_templates_and_studies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    data = {
        f"prevalence/_studies/data/{path.relative_to(ROOT / 'data/synthetic').as_posix()}"
        for path in (ROOT / "data" / "synthetic").rglob("*")
        if path.is_file()
    }
    notebooks = {
        f"prevalence/_studies/notebooks/{path.name}"
        for pattern in ("*.py", "*.results.json")
        for path in (ROOT / "notebooks").glob(pattern)
    }
    templates = {
        f"prevalence/templates/{path.name}" for path in (PACKAGE / "templates").glob("*.html")
    }
    assert data
    assert notebooks
    assert templates
    assert {"prevalence/py.typed"} | data | notebooks | templates <= names
    assert not [name for name in names if name.endswith(".ipynb") or name.startswith("tests")]


@pytest.mark.slow
def test_wheel_reproduces_every_study_away_from_the_clone(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=tmp_path)
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    offline = ("--no-deps", "--no-index", "--quiet")
    pip = (sys.executable, "-m", "pip", "--python", python)
    run(*pip, "install", "--no-compile", *offline, wheel, cwd=tmp_path)
    # The libraries come from this environment, so that no registry is asked; the editable
    # install of the clone is left out, since a .pth file named by a .pth file is not read.
    where = run(
        python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path
    ).stdout.strip()
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    Path(where, "borrowed.pth").write_text("\n".join(sorted(borrowed)), encoding="utf-8")

    work = tmp_path / "work"
    work.mkdir()
    found = run(python, "-c", "import prevalence; print(prevalence.__file__)", cwd=work).stdout
    assert Path(found.strip()).is_relative_to(environment)
    done = run(python, "-m", "prevalence", "reproduce", "--all", cwd=work)
    said = [line for line in done.stdout.splitlines() if line.startswith("PASS ")]
    assert len(said) == len(list((ROOT / "notebooks").glob("*.py")))
