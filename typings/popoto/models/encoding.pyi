from typing import Any

from .base import Model

def decode_popoto_model_hashmap(
    model_class: type[Model], redis_hash: dict[Any, Any], *, source_redis_key: str | None = ...
) -> Model | None: ...
