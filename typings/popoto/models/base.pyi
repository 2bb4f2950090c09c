from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, overload

from redis.client import Pipeline
from typing_extensions import Self

from .db_key import DB_key

class ModelOptions:
    model_name: str
    fields: dict[str, Any]
    key_field_names: set[str]
    auto_field_names: set[str]
    db_class_key: DB_key
    db_class_set_key: DB_key
    db_key_length: int
    def get_db_key_index_position(self, field_name: str) -> int: ...

class ModelBase(type): ...

class Model(metaclass=ModelBase):
    _meta: ClassVar[ModelOptions]
    query: ClassVar[Any]
    objects: ClassVar[Any]
    _saved_field_values: dict[str, Any]
    _is_persisted: bool
    _redis_key: str
    def __init__(self, **values: Any) -> None: ...
    @property
    def pk(self) -> str: ...
    @property
    def db_key(self) -> DB_key: ...
    def save(
        self,
        pipeline: Any = None,
        ignore_errors: bool = False,
        skip_auto_now: bool = False,
        update_fields: Sequence[str] | None = None,
        migrate_key: bool = False,
        skip_write_filter: bool = False,
        **options: Any,
    ) -> Any: ...
    async def async_save(self, *args: Any, **options: Any) -> Any: ...
    def delete(self, pipeline: Any = None, *args: Any, **options: Any) -> Any: ...
    async def async_delete(self, *args: Any, **options: Any) -> Any: ...
    @overload
    @classmethod
    def create(cls, pipeline: None = None, **values: Any) -> Self: ...
    @overload
    @classmethod
    def create(cls, pipeline: Pipeline, **values: Any) -> Pipeline: ...
    @overload
    @classmethod
    async def async_create(cls, pipeline: None = None, **values: Any) -> Self: ...
    @overload
    @classmethod
    async def async_create(cls, pipeline: Pipeline, **values: Any) -> Pipeline: ...
    @classmethod
    def load(cls, db_key: str | None = None, **values: Any) -> Self | None: ...
    @classmethod
    def bulk_create(cls, instances: Iterable[Self], batch_size: int = 1000) -> list[Self]: ...
    @classmethod
    def delete_all(cls, batch_size: int = 1000) -> int: ...
    @classmethod
    def rebuild_indexes(
        cls, batch_size: int = 1000, bloom_hash_version: int | None = None
    ) -> int: ...
    @classmethod
    def _rebuild_indexes_redis(cls, batch_size: int) -> tuple[int, list[str]]: ...
    @classmethod
    def check_indexes(cls, batch_size: int = 1000) -> dict[str, Any]: ...
