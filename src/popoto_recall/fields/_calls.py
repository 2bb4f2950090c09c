"""How the calls of an operation look to a type checker; at run time `Bound` takes them all.

P are the operation's own parameters, without the field, the model and ``pipeline``; R is its
result and Q what it gives in a pipeline. ``pipeline=`` and ``field_name=`` stand beside any
parameters, so in a call that has one of them the others are not checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeAlias, TypeVar, overload

from popoto.models.base import Model

if TYPE_CHECKING:
    from redis.client import Pipeline

P = ParamSpec("P")
R = TypeVar("R", covariant=True)
Q = TypeVar("Q", covariant=True)

ModelRef: TypeAlias = "type[Model]"
"""What names a model. An instance never does: it is a record."""


class ReadOnField(Protocol[P, R]):
    """A read, on a field."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...


class ReadOnClass(Protocol[P, R]):
    """A read, on the class of a field."""

    @overload
    def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, model: ModelRef, /, *args: Any, field_name: str, **kwargs: Any) -> R: ...


class WriteOnField(Protocol[P, R, Q]):
    """A write, on a field."""

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, pipeline: None, **kwargs: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, pipeline: Pipeline, **kwargs: Any) -> Q: ...


class WriteOnClass(Protocol[P, R, Q]):
    """A write, on the class of a field."""

    @overload
    def __call__(self, model: ModelRef, /, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(
        self, model: ModelRef, /, *args: Any, field_name: str, pipeline: None = None, **kwargs: Any
    ) -> R: ...
    @overload
    def __call__(self, model: ModelRef, /, *args: Any, pipeline: None, **kwargs: Any) -> R: ...
    @overload
    def __call__(self, model: ModelRef, /, *args: Any, pipeline: Pipeline, **kwargs: Any) -> Q: ...
