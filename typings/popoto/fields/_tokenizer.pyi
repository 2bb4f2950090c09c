MIN_TOKEN_LENGTH: int
STOP_WORDS: frozenset[str]

def tokenize(text: str) -> list[str]: ...
