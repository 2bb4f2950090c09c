"""Row 10: one tenant asks about another's data, and learns nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, permutations
from math import sqrt
from typing import Any

import pytest
from harness import check, sized
from popoto import KeyField, Model, StringField
from support import emptied

import popoto_recall
from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch

NAMES = [
    *(":", "{", "}", "{a}", "}{", ",", "%", "*", "?", "[", "]", "[a-z]", "\0", "\n", " ", "", "a"),
    *("a:b", "a,b", "a b", "a\nb", "a\0b", "%2C", "%2c", "%3A", "{&#58;}", "/", "..", "\\"),
    *("naïve 日本 \U0001f600", "e\u0301", "\u00e9", "A", "a}:{a", "staging", "top", "'", '"'),
]
PAIRS = [
    *(("a,b", "c"), ("a", "b,c"), ("a%2Cb", "c"), ("a,", "b,c"), ("a,b,", "c"), (",", "c")),
    *(("a}:x", "c"), ("a", "c}:x"), ("{a", "c}"), ("a:b", "c"), ("a", "b:c"), ("a\0b", "c")),
    *(("", "c"), ("c", ""), ("", ",c"), ("%", "c"), ("c", "a"), ("a", "c"), ("a c", "")),
]
"""Some would be the same if they were joined, or escaped, without care."""

WORDS = 30
"""Of each tenant; as many as its filter is made for."""

QUESTIONS = sized(500, 5000)
"""Of one word each, to each of the fields of each of the two models."""

Tenant = dict[str, str]


def declared(name: str, by: Any) -> Any:
    def text(fact: Any) -> str:
        return str(fact.text)

    return type(
        name,
        (Model,),
        {
            "__module__": __name__,
            "name": KeyField(),
            "agent": KeyField(),
            "project": KeyField(),
            "text": StringField(),
            "near": CoOccurrenceField(partition_by=by),
            "cites": CoOccurrenceField(symmetric=False, partition_by=by),
            "seen": ExistenceFilter(capacity=WORDS, partition_by=by, fingerprint_fn=text),
            "often": FrequencySketch(
                width=200, depth=4, top=WORDS, partition_by=by, fingerprint_fn=text
            ),
        },
    )


OneName = declared("OneName", "agent")
TwoNames = declared("TwoNames", ("agent", "project"))

TENANTS: dict[Any, list[Tenant]] = {
    OneName: [{"agent": name} for name in dict.fromkeys(NAMES)],
    TwoNames: [{"agent": agent, "project": project} for agent, project in PAIRS],
}
BOTH = pytest.mark.parametrize("model", TENANTS, ids=["one name", "two names"])


def words(owner: object, number: int = WORDS) -> list[str]:
    """What only this one saves."""
    return [f"word{owner}x{i}" for i in range(number)]


def work(model: Any, me: int) -> None:
    """All that a tenant writes; the names of the nodes are the same for all of them."""
    tenant, mine = TENANTS[model][me], words(me)
    records = [
        model.create(**{"project": "p", **tenant}, name=f"n{i}", text=" ".join(mine[i::4]))
        for i in range(4)
    ]
    model.often.at(**tenant).increment(" ".join(mine), by=50)
    for field in (model.near, model.cites):
        field.co_occur(records)
        field.at(**tenant).link_many([("hub", f"t{me}"), (f"t{me}", f"end{me}")], 0.5)


def own_keys(client: Any) -> set[bytes]:
    """Keys of the fields; Popoto's set of all records is everyone's."""
    families = (b"$CoOcF", b"$CoOcR", b"$CoOcN", b"$EF", b"$FS")
    return {key for key in client.keys("*") if key.startswith(families)}


@BOTH
def test_no_key_is_shared(real_client: Any, model: Any) -> None:
    written = []
    for me in range(len(TENANTS[model])):
        emptied(real_client)
        work(model, me)
        written.append(own_keys(real_client))
    assert min(map(len, written)) > 15
    pairs = list(combinations(written, 2))
    check(10, len(pairs), [key for one, other in pairs for key in one & other])


@pytest.fixture(params=TENANTS, ids=["one name", "two names"])
def shared(request: pytest.FixtureRequest, real_client: Any) -> Any:
    """A model whose tenants have done their work on one server, but for the last, who is new."""
    model = request.param
    for me in range(len(TENANTS[model]) - 1):
        work(model, me)
    return model


def encounters(model: Any) -> Iterator[tuple[int, int]]:
    """Who asks, and about whom."""
    return permutations(range(len(TENANTS[model])), 2)


def beyond(hits: Sequence[str], unrelated: Sequence[str]) -> list[str]:
    """The hits, if they are more than chance explains, going by as many words that nobody saved."""
    usual = len(unrelated) + 4 * sqrt(len(hits) + len(unrelated) + 1)
    return list(hits) if len(hits) > usual else []


Asked = Callable[[list[str], Tenant], list[str]]


def learned(model: Any, ask: Asked) -> tuple[int, list[str]]:
    """How many words were asked about, and those that were known more often than chance has it."""
    hits: list[str] = []
    unrelated: list[str] = []
    found: list[str] = []
    for me, other in encounters(model):
        theirs = ask(words(other), TENANTS[model][me])
        nobodys = ask(words(f"of{me}no{other}body"), TENANTS[model][me])
        found += beyond(theirs, nobodys)
        hits += theirs
        unrelated += nobodys
    return len(list(encounters(model))) * WORDS, found + beyond(hits, unrelated)


def in_filter(model: Any) -> Asked:
    def ask(asked: list[str], tenant: Tenant) -> list[str]:
        return [w for w, hit in model.seen.at(**tenant).might_exist_batch(asked).items() if hit]

    return ask


def in_sketch(model: Any) -> Asked:
    def ask(asked: list[str], tenant: Tenant) -> list[str]:
        return [w for w, n in model.often.at(**tenant).get_frequency_batch(asked).items() if n]

    return ask


def test_words_of_another_are_as_unknown_as_those_that_nobody_saved(shared: Any) -> None:
    check(10, *learned(shared, in_filter(shared)))
    check(10, *learned(shared, in_sketch(shared)))
    found: list[Any] = []
    for me, tenant in enumerate(TENANTS[shared]):
        heaviest = {word for word, _ in shared.often.at(**tenant).top(WORDS)}
        found += heaviest - set(words(me))
    check(10, len(TENANTS[shared]), found)


def known(model: Any, word: str) -> list[str]:
    """The word, once for each field that says it was saved."""
    return [word] * (model.seen.might_exist(word) + (model.often.get_frequency(word) > 0))


def test_so_they_are_when_asked_one_by_one(shared: Any) -> None:
    pairs = list(encounters(shared))
    hits: list[str] = []
    unrelated: list[str] = []
    for i in range(QUESTIONS):
        me, other = pairs[i * 7 % len(pairs)]
        with popoto_recall.partition(**TENANTS[shared][me]):
            hits += known(shared, words(other)[i % WORDS])
            unrelated += known(shared, f"nobody{i}")
    check(10, QUESTIONS * 2, beyond(hits, unrelated))


def test_a_graph_shows_ones_own_edges_alone(shared: Any) -> None:
    found: list[Any] = []
    asked = 0
    last = len(TENANTS[shared]) - 1
    for me, tenant in enumerate(TENANTS[shared]):
        mine = {"hub": [(f"t{me}", 0.5)] if me < last else []}
        theirs = [f"t{other}" for other in range(last) if other != me]
        for field in (shared.near, shared.cites):
            linked = field.at(**tenant).get_linked_many(["hub", *theirs])
            found += [one for one in linked.items() if one[1] != mine.get(one[0], [])]
            reached = field.at(**tenant).propagate(["hub", *theirs], depth=4, threshold=0)
            found += [one for one in reached if one not in (f"t{me}", f"end{me}")]
            asked += 2 * len(linked)
    check(10, asked, found)
    check(10, QUESTIONS * 2, linked_singly(shared))


def linked_singly(model: Any) -> list[Any]:
    """What is found at nodes of others, asked about one by one."""
    last = len(TENANTS[model]) - 1
    pairs = [(me, other) for me, other in encounters(model) if other < last]
    found: list[Any] = []
    for i in range(QUESTIONS):
        me, other = pairs[i * 7 % len(pairs)]
        field = model.near if i % 2 else model.cites
        with popoto_recall.partition(**TENANTS[model][me]):
            found += field.get_linked(f"t{other}", min_weight=0)
            found += field.propagate([f"t{other}"], threshold=0)
    return found
