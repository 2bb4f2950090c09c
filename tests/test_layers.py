"""The architecture, held to: who imports whom, and what an import costs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name

import pytest
import redis

import popoto_recall

ROOT = Path(popoto_recall.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in ROOT.rglob("*.py")
}
"""Every module by its name within the package; the package itself is ''."""

RANKS = {
    "errors": 0,
    "refusals": 0,
    "engine": 1,
    "structures": 2,
    "fields": 3,
    "embedded": 3,
    "tokenizers": 4,
    "recipes": 4,
    "": 4,
    "cli": 5,
}
"""A module imports its own rank and lower ones."""

LIMIT = 0.05
"""Seconds of importing that the library may add to Popoto's."""


def imports(name: str) -> Iterator[str]:
    """What a module imports at run time, names included; what is ours begins with a dot."""
    tree = ast.parse(MODULES[name].read_text("utf-8"))
    hidden = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for statement in node.body
        for child in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (absolute(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = source_of(name, node)
            yield from (f"{base.rstrip('.')}.{alias.name}" for alias in node.names)


def source_of(name: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return absolute(node.module or "")
    package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    above = package[: len(package) - node.level + 1]
    return "." + ".".join([*above, *filter(None, [node.module])])


def absolute(module: str) -> str:
    ours = module.partition(".")[0] == "popoto_recall"
    return module.removeprefix("popoto_recall") or "." if ours else module


def layer(name: str) -> str:
    """The layer of a module, or of a name in one; that of the package itself is ''."""
    top = name.partition(".")[0]
    return top if top in RANKS else ""


def importers(top: str) -> set[str]:
    """Modules of this package that import another package at run time."""
    return {name for name in MODULES for what in imports(name) if what.partition(".")[0] == top}


def test_what_is_found_is_the_package() -> None:
    assert {name.partition(".")[0] for name in MODULES} == set(RANKS)
    assert ".engine.Command" in set(imports("structures.graph"))
    assert "popoto.models.base.Model" in set(imports("fields._base"))
    assert ".errors" in set(imports("engine.runner"))
    assert "redis.client.Pipeline" not in set(imports("fields._calls"))


@pytest.mark.parametrize("name", sorted(MODULES))
def test_nothing_imports_upwards(name: str) -> None:
    upwards = {
        what
        for what in imports(name)
        if what.startswith(".") and RANKS[layer(what[1:])] > RANKS[layer(name)]
    }
    assert not upwards


@pytest.mark.parametrize("package", ["redis", "popoto", "fakeredis"])
def test_structures_know_neither_redis_nor_popoto(package: str) -> None:
    assert not {name for name in importers(package) if layer(name) == "structures"}


def test_only_the_engine_imports_more_of_redis_than_types_of_errors() -> None:
    others = {name for name in importers("redis") if layer(name) != "engine"}
    taken = {what for name in others for what in imports(name) if what.startswith("redis")}
    assert "redis.exceptions" in taken
    assert not {what for what in taken if not is_error(resolve_name(what))}


def is_error(thing: object) -> bool:
    if isinstance(thing, type):
        return issubclass(thing, Exception)
    return thing is redis.exceptions


def test_only_fields_know_popoto() -> None:
    # errors.py too, for the type that a wrong option derives from; embedded.py binds its client
    assert {layer(name) for name in importers("popoto")} <= {
        "fields",
        "errors",
        "embedded",
        "cli",
        "recipes",
    }


def run(code: str, **environment: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    ).stdout


def test_importing_the_library_imports_no_extra() -> None:
    loaded = set(run("import popoto_recall, sys; print(*sys.modules)").split())
    assert "popoto_recall.engine" in loaded
    assert not loaded & {"typer", "click", "rich", "fakeredis", "lupa", "popoto_recall.cli"}


def test_importing_the_library_adds_little_to_importing_popoto(tmp_path: Path) -> None:
    # time of the processor, in a process that has Popoto already: the machine may be busy
    code = (
        "import popoto, time; start = time.process_time(); import popoto_recall; "
        "print(time.process_time() - start)"
    )
    # compiled beforehand, as pip does when it installs
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    run(code, **compiled)
    assert min(float(run(code, **compiled)) for _ in range(7)) < LIMIT  # others only add
