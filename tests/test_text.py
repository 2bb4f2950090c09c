"""Text on its way to the server and back."""

from __future__ import annotations

import pytest

from popoto_recall import ArgumentError
from popoto_recall.structures.text import decoded, utf8


@pytest.mark.parametrize("text", ["", "tea", "naïve", "日本語", "🦉", "nul\0inside", "\u2028"])
def test_text_comes_back_as_it_went(text: str) -> None:
    assert decoded(utf8(text, "token")) == text


@pytest.mark.parametrize("text", ["\ud800", "tea \udc80 cup", "\udfff\ud800"])
def test_a_lone_surrogate_is_refused_by_name(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"^token '.*\\ud.*' holds a lone surrogate"):
        utf8(text, "token")


def test_a_refusal_does_not_repeat_a_long_text() -> None:
    with pytest.raises(ArgumentError) as refused:
        utf8("x" * 10_000 + "\ud800", "token")
    assert len(str(refused.value)) < 200


def test_a_client_that_decodes_replies_gives_the_same_text() -> None:
    assert decoded("naïve") == decoded("naïve".encode()) == "naïve"
