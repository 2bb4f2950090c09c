"""The filters and sketches of a model of the user's, made anew."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from popoto.models.base import Model
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .. import ExistenceFilter, FrequencySketch


def load_model(path: str) -> type[Model]:
    """The model that ``module:Model`` names; modules of the current folder count.

    Raises:
        ValueError: There is no such module, or no such model in it.
    """
    module, _, name = path.partition(":")
    if not module or not name:
        raise ValueError(f"{path!r} is not of the form module:Model")
    sys.path.insert(0, "")
    try:
        found = getattr(import_module(module), name, None)
    except Exception as error:  # whatever a module of the user's does
        raise ValueError(f"cannot import {module!r}: {type(error).__name__}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise ValueError(f"{module} has no Popoto model {name!r}")
    if not hasattr(found, "_meta"):
        raise ValueError(f"{path!r} is the base class of models: name a model of yours")
    return found


def rebuilt_fields(model: type[Model], wanted: list[str]) -> list[Any]:
    """The model's filters and sketches, or those of them that are wanted.

    Raises:
        ValueError: It has none, or not one that is wanted.
    """
    kinds = (ExistenceFilter, FrequencySketch)
    fields = {name: field for name, field in model._meta.fields.items() if isinstance(field, kinds)}
    if not fields:
        raise ValueError(
            f"{model.__name__} has no filter or sketch of popoto_recall; is its import changed?"
        )
    for name in wanted:
        if name not in fields:
            there = ", ".join(fields)
            raise ValueError(f"{model.__name__} has no field {name!r} to rebuild; it has {there}")
    return [fields[name] for name in wanted or fields]


def run(console: Console, model: type[Model], fields: list[Any]) -> None:
    """Rebuild each field, in all its partitions, with a progress bar for each."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("records"),
        TimeRemainingColumn(),
        console=console,
    ) as bars:
        for field in fields:
            for partition in field.partitions():
                values = ", ".join(f"{name}={value}" for name, value in partition.items())
                bar = bars.add_task(f"{model.__name__}.{field.name} {values}".rstrip(), total=None)

                def advance(done: int, total: int, bar: Any = bar) -> None:
                    bars.update(bar, completed=done, total=total)

                count = field.at(**partition).rebuild(progress=advance)
                bars.update(bar, completed=count, total=count)
