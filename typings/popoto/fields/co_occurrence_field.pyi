from popoto.models.base import Model

def _strengthen_event(
    model_class: type[Model], source_pk: str, target_pk: str, delta: float
) -> tuple[str, dict[str, str], int]: ...
