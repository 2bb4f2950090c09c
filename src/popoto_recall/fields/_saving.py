"""What Popoto's hooks cannot do: a watch on `save` and `delete`.

Popoto tells a field about a save through `on_save` and `on_delete`, but not whether an
`on_delete` means that a record goes or that it takes another key, and a partial save tells only
the fields it lists. So, once per model, `save` and `delete` are wrapped. The wrapper

- remembers the instance while it is being saved (`saving`);
- lets a partial save run the hooks of the fields that follow every save;
- turns what a script refused into a typed error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any

from popoto.models.base import Model

from ..engine import Command, check_buffering, typed_errors

_UPDATE_FIELDS = 3
"""Place of ``update_fields`` among the positional arguments of ``Model.save``."""


@dataclass
class Saving:
    """A save under way, and what its fields found to do before anything was written."""

    instance: Model
    prepared: list[Command[None]] = field(default_factory=list)

    @cached_property
    def key(self) -> str:
        """The record's key, which Popoto takes a while to put together."""
        key: str = self.instance.db_key.redis_key
        return key


_current: ContextVar[Saving | None] = ContextVar("popoto_recall_saving", default=None)


def saving(instance: Model) -> Saving | None:
    """The save under way of this very instance."""
    current = _current.get()
    return current if current is not None and current.instance is instance else None


def watch_saves(model: type[Model]) -> None:
    """Wrap the model's `save` and `delete`, unless an ancestor's are wrapped and inherited."""
    for name, watch in (
        ("save", _watched_save),
        ("delete", _watched_delete),
        ("_xadd_mutation", _watched_mutation),
    ):
        method = getattr(model, name, None)
        if method is not None and not hasattr(method, "_recall_watched"):
            watched = watch(method)
            watched._recall_watched = True  # type: ignore[attr-defined]
            setattr(model, name, watched)


def _watched_save(save: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(save)
    def watched(self: Model, *args: Any, **kwargs: Any) -> Any:
        check_buffering(args[0] if args else kwargs.get("pipeline"))
        known = set(getattr(self, "_saved_field_values", ()))
        args, kwargs, added = _with_followers(self, args, kwargs)
        token = _current.set(Saving(self))
        try:
            with typed_errors():
                return save(self, *args, **kwargs)
        finally:
            _current.reset(token)
            for name in added - known:
                self._saved_field_values.pop(name, None)

    return watched


def _watched_delete(delete: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(delete)
    def watched(self: Model, *args: Any, **kwargs: Any) -> Any:
        check_buffering(args[0] if args else kwargs.get("pipeline"))
        with typed_errors():
            return delete(self, *args, **kwargs)

    return watched


def _watched_mutation(log: Callable[..., Any]) -> Callable[..., Any]:
    """Keep the followers out of the ``changed_fields`` of an event stream."""

    @wraps(log)
    def watched(self: Model, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("update_fields"):
            kwargs["update_fields"] = _without_followers(kwargs["update_fields"])
        return log(self, *args, **kwargs)

    return watched


class _Follower(str):
    """Name of a field that a partial save tells of the save, but stores no value for.

    Popoto encodes the names it lists to find what to store; this one encodes to no field.
    """

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return b""


def _with_followers(
    instance: Model, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], set[str]]:
    """The arguments of a save, with the followers added to a partial one's fields."""
    positional = len(args) > _UPDATE_FIELDS
    given = args[_UPDATE_FIELDS] if positional else kwargs.get("update_fields")
    if given is None:
        return args, kwargs, set()
    listed = list(given)
    followers = {
        name
        for name, field in type(instance)._meta.fields.items()
        if listed and getattr(field, "follows_every_save", False) and name not in listed
    }
    names = [*listed, *map(_Follower, sorted(followers))]
    if positional:
        return (*args[:_UPDATE_FIELDS], names, *args[_UPDATE_FIELDS + 1 :]), kwargs, followers
    return args, {**kwargs, "update_fields": names}, followers


def _without_followers(names: Iterable[str]) -> list[str]:
    return [name for name in names if not isinstance(name, _Follower)]
