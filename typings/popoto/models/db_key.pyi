from typing import Any

from typing_extensions import Self

class DB_key(list[Any]):
    def __init__(self, *parts: Any) -> None: ...
    @classmethod
    def from_redis_key(cls, redis_key: str | bytes) -> Self: ...
    @property
    def redis_key(self) -> str: ...
