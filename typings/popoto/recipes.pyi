from typing import Any

import popoto.models.base
from popoto.models.base import Model

from . import AutoKeyField, Field, FloatField, KeyField, StringField

class DefaultMemory(popoto.models.base.Model):
    memory_id: AutoKeyField
    agent_id: KeyField
    content: StringField
    importance: FloatField
    relevance: Field
    confidence: Field
    content_bm25: Field
    _max_records_per_agent: int | None

class AssemblyResult:
    records: list[Any]
    proactive: list[Any]
    formatted: str
    metadata: dict[str, Any]

class SubconsciousMemory:
    model_class: type[Any]
    agent_id: Any
    co_occurrence_field: str | None
    def __init__(
        self, model_class: type[Model] | None = None, agent_id: Any = None, **options: Any
    ) -> None: ...
    def inject_context(
        self, messages: list[dict[str, Any]], **options: Any
    ) -> tuple[list[dict[str, Any]], AssemblyResult]: ...
    def extract_memories(self, response_text: str, **options: Any) -> list[Any]: ...
    def _seed_associations(self, instance: Any, fact: Any) -> None: ...
