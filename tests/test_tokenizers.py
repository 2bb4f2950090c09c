"""The tokenizers beside the default: what becomes of a text, and that it is found again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from random import Random
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from popoto import Model, StringField, UniqueKeyField
from popoto.fields.existence_filter import tokenize
from servers import Server, binaries
from token_families import LIMIT, popoto_on

from popoto_recall import ArgumentError, ExistenceFilter, FrequencySketch, tokenizers
from popoto_recall.tokenizers import cjk, technical

TERMS = {
    "AI on 5G, k8s and IT": "ai 5g k8s",
    "Go, C, R and C++": "go c r c++",
    "C# F# Notepad++ C++17": "c# f# notepad++ notepad c++17 c++",
    "Notepad++7, libstdc++6": "notepad++7 notepad++ notepad libstdc++6 libstdc++ libstdc",
    "C/C++ c+++ x++y a+b 50+": "c/c++ c c++ x y b 50",
    ".NET, node.js and ASP.NET.": ".net net node.js node js asp.net asp",
    "wait...what? no.5 ..env": "wait no.5 env",
    "TCP/IP over I/O": "tcp/ip tcp ip over i/o o",
    "R&D, AT&T's": "r&d r d at&t t",
    "x86-64 utf-8 state-of-the-art": "x86-64 x86 utf-8 utf state-of-the-art state art",
    "Python 3.11.4, 2024-01-15": "python 3.11.4 2024-01-15 2024",
    "https://redis.io/docs a/.env": "https redis.io/docs redis.io redis io docs a/.env .env env",
    "it's don't we'll O\u2019Reilly rock'n'roll": "don o reilly rock n roll",
    "--verbose #5 @me $5.50 100%": "verbose 5 5.50 100",
    "snake_case __init__ std::vector<int>": "snake_case __init__ std vector int",
    "Straße STRASSE ΟΔΟΣ οδος": "strasse οδοσ",
    "naïve cafe\u0301": "naïve café",
    "\uff21\uff29\u3000\uff23\uff0b\uff0b ﬁle": "ai c++ file",
    "H\u2082O ½ \u2013 Redis™ 10€ °C": "h2o 1/2 1 2 redis 10 c",
    "co\u00adoperate e\u2010mail don\u00b4t a\u200bb": "cooperate e-mail mail don t b",
    "हिन्दी में": "हिन्दी में",
    "ship🚀 👍\U0001f3fd \u2764\ufe0f 1\ufe0f\u20e3": "ship 🚀 👍 \u2764 1",
    "👩\u200d💻 🇩🇪🇫🇷": "👩 💻 🇩🇪 🇫🇷",
    "東京 C++言語": "東京 c++ 言語",
}
"""Texts, and their tokens by `technical`, a space between each two."""

PAIRS = {
    "東京タワー": "東京 京タ タワ ワー",
    "AI搭載のC++言語": "ai 搭載 載の c++ 言語",
    "犬、猫。第3回 Tシャツ": "犬 猫 第 3 回 t シャ ャツ",
    "ｶﾞｷﾞ ㍿ 時々": "ガギ 株式 式会 会社 時々",
    "한국어 처리": "한국 국어 처리",
    "ソナタ・ニ": "ソナ ナタ ニ",
    "𠮷野 葛\U000e0100城": "𠮷野 葛城",
    "ㄅㄆㄇ": "ㄅㄆ ㄆㄇ",
    "Node.js is up": "node.js node js",
    "naïve": "naïve",
}
"""The same for `cjk`."""

ALONE = {"": "", "   ": "   ", "The": "the", "is it": "is it", "?!?": "?!?", "®": "®"}
"""Texts that no term is left of, and the one token that they are."""

both = pytest.mark.parametrize("split", [technical, cjk])

Split = Callable[[str], list[str]]

ASCII = st.text([chr(code) for code in range(128)], max_size=40)
LETTERS = st.one_of(st.text(max_size=30), st.text("eéßΐİ각がﾞ\u0301\u0327\u0345 .+", max_size=12))

RUNS = st.text(
    st.one_of(
        st.sampled_from("東京々〇のゞタワーヴ한국어ㄅㄆ𠮷\U00031350"),
        st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
        st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3),
        st.characters(min_codepoint=0x3042, max_codepoint=0x3093),
    ),
    min_size=2,
    max_size=20,
).map(lambda text: normalize("NFKC", text))
"""Han, kana and Hangul, normalised."""


def widened(text: str) -> str:
    """ASCII at full width."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text).replace(" ", "　")


# What becomes of a text


@pytest.mark.parametrize("text", TERMS)
def test_a_text_has_these_terms(text: str) -> None:
    assert technical(text) == TERMS[text].split(" ")


@pytest.mark.parametrize("text", PAIRS)
def test_a_text_has_these_pairs(text: str) -> None:
    assert cjk(text) == PAIRS[text].split(" ")


@both
@pytest.mark.parametrize("text", ALONE)
def test_a_text_that_nothing_is_left_of_is_one_token(split: Split, text: str) -> None:
    assert split(text) == [ALONE[text]]


@both
@given(LETTERS)
def test_tokens_are_distinct_and_the_same_every_time(split: Split, text: str) -> None:
    found = split(text)
    assert found
    assert len(set(found)) == len(found)
    tokenizers._LETTERS.clear()
    assert split(text) == found


@both
@given(ASCII)
@example("state-of-the-art can't've X.509/abc&d 2019-covid, o'll_x a++b")
def test_nothing_is_lost_that_the_default_finds(split: Split, text: str) -> None:
    assert set(tokenize(text)) <= set(split(text))


@both
@given(LETTERS)
def test_normal_forms_have_the_same_tokens(split: Split, text: str) -> None:
    assert split(normalize("NFC", text)) == split(normalize("NFD", text)) == split(text)


@both
@given(ASCII)
def test_full_and_half_width_have_the_same_tokens(split: Split, text: str) -> None:
    assert split(widened(text)) == split(text)


@both
@given(ASCII)
def test_case_makes_no_difference(split: Split, text: str) -> None:
    assert split(text.upper()) == split(text.lower()) == split(text)


@given(RUNS, st.data())
def test_a_part_of_a_run_has_tokens_of_the_run_alone(run: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(run) - 2))
    end = data.draw(st.integers(start + 2, len(run)))
    asked = set(cjk(run[start:end]))
    for form in ("NFC", "NFD", "NFKD"):
        assert asked <= set(cjk(normalize(form, run)))
        assert asked <= set(cjk(f"see {run}, {form}"))


def test_half_width_kana_have_the_pairs_of_full_width_ones() -> None:
    assert cjk("ｶﾞｲﾄﾞﾗｲﾝ ﾊﾟｿｺﾝ") == cjk("ガイドライン パソコン")


@both
def test_characters_that_unicode_may_assign_one_day_are_letters(split: Split) -> None:
    letter, picture = "\U0001b2ff", "\U0001fadf"
    assert split(f"ab{letter}c") == [f"ab{letter}c"]
    assert split(f"ab{picture}c") == ["ab", picture, "c"]
    assert cjk("\U0003f000\U0003f001\U0003f002")[1] == "\U0003f001\U0003f002"


@both
@pytest.mark.parametrize(
    "part", ["a.", ".-", "a/", "c++", "'s", "é'", "a&.", "東", "\u0301 ", "_#", "\U0001f1e9"]
)
def test_time_grows_with_the_text_alone(split: Split, part: str) -> None:
    text = part * (200_000 // len(part))
    start = time.process_time()
    split(text)
    assert time.process_time() - start < 2


# In the fields


def declared(split: Any) -> Any:
    """A model with such a filter and such a sketch."""
    options: dict[str, Any] = {"tokenizer": split, "fingerprint_fn": lambda page: page.text}
    fields = {
        "title": UniqueKeyField(),
        "text": StringField(),
        "seen": ExistenceFilter(capacity=1000, **options),
        "often": FrequencySketch(top=3, **options),
    }
    return type(Model)("Page", (Model,), {"__module__": __name__, **fields})


def test_fields_take_them_and_remember_which(client: Any) -> None:
    for split in (technical, cjk):
        model = declared(split)
        model.seen.clear()
        model.often.clear()
        model.create(title="a", text="Vector search: AI in C++, not in C. 東京")
        assert model.seen.might_exist_batch(["ai", "c++", "C", "C#", "R", "東京"]) == {
            **{"ai": True, "c++": True, "C": True},
            **{"C#": False, "R": False, "東京": True},
        }
        assert model.seen.info().tokenizer == model.often.info().tokenizer == split.__name__
    assert not declared(technical).seen.info().complete


@both
@pytest.mark.parametrize("asked", ["cafe\u0301", "CAFÉ", "ｃａｆé", "Tea at the café"])
def test_what_was_saved_is_found_however_it_is_written(
    client: Any, split: Split, asked: str
) -> None:
    model = declared(split)
    model.create(title="a", text="café")
    model.create(title="b", text="the cafe\u0301 tea")
    assert model.seen.might_exist(asked, match="all")
    assert model.often.get_frequency("cafe\u0301") == 2
    assert model.often.top(1) == [("café", 2)]


def test_a_part_of_a_sentence_is_found(client: Any) -> None:
    model = declared(cjk)
    model.create(title="a", text="自然言語処理のﾃｷｽﾄ")
    for asked in ("言語", "然言語処", "処理のテキスト", "ｷｽ"):
        assert model.seen.might_exist(asked, match="all")
        assert model.often.get_frequency(asked) == 1
    for asked in ("言葉", "語言", "テス"):
        assert model.seen.definitely_missing(asked)


@both
def test_a_lone_surrogate_is_refused(client: Any, split: Split) -> None:
    with pytest.raises(ArgumentError, match="lone surrogate"):
        declared(split).seen.might_exist("é\udc80")


def pairs_of_characters() -> Iterator[str]:
    """Pairs of Chinese characters, each once, in no order."""
    characters = [chr(code) for code in range(0x4E00, 0x4E00 + 400)]
    found = ["".join(pair) for pair in product(characters, repeat=2)]
    Random(1).shuffle(found)
    return iter(found)


@pytest.mark.parametrize("server", [next(iter(binaries()), "real")], scope="session")
def test_a_filter_full_of_pairs_keeps_its_rate(running: Server) -> None:
    pairs = pairs_of_characters()
    added, absent = list(islice(pairs, 10_000)), list(islice(pairs, 50_000))
    seen = ExistenceFilter(capacity=10_000, tokenizer=cjk, fingerprint_fn=lambda page: page.text)
    fields = {"title": UniqueKeyField(), "text": StringField(), "seen": seen}
    model: Any = type(Model)("Pairs", (Model,), {"__module__": __name__, **fields})
    with popoto_on(running):
        model.create(title="a", text=" ".join(added))
        assert model.seen.might_exist_count(added) == len(added)
        assert model.seen.might_exist_count(absent) <= LIMIT * 0.01 * len(absent)


# The module


def test_the_public_names_are_these() -> None:
    assert tokenizers.__all__ == ["cjk", "technical"]


def test_importing_the_library_does_not_import_them() -> None:
    code = "import popoto_recall, sys; print('popoto_recall.tokenizers' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said.stdout.strip() == "False"
