"""Random lives of a filter and a sketch, against a set and a Counter that know the truth.

``RECALL_LONG=1`` takes ten times as many steps.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import Any

import popoto
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from popoto import Model, StringField, UniqueKeyField

from popoto_recall import ExistenceFilter, FrequencySketch, IncompleteError
from popoto_recall.fields._tokens import DEFAULT_TOKENIZER

LONG = bool(os.environ.get("RECALL_LONG"))
EXAMPLES = 850 if LONG else 85
STEPS = 50

MOST = 2**32 - 1
FILTER, SKETCH = "$EF:Living:seen", "$FS:Living:count"


def living(capacity: int, error_rate: float, width: int, depth: int, top: int) -> Any:
    """The model `Living` with these options."""
    fields: dict[str, Any] = {
        "name": UniqueKeyField(),
        "text": StringField(),
        "seen": ExistenceFilter(
            capacity=capacity, error_rate=error_rate, fingerprint_fn=lambda living: living.text
        ),
        "count": FrequencySketch(
            width=width, depth=depth, top=top, fingerprint_fn=lambda living: living.text
        ),
    }
    return type(Model)("Living", (Model,), {"__module__": __name__, **fields})


DEPLOYED = [living(60, 0.01, 20, 5, 0), living(1, 0.3, 7, 2, 0), living(20, 0.001, 50, 9, 4)]
"""The same model as processes know it that were started before and after a change of options."""


WORDS = [f"word{number}" for number in range(40)]
ODD = ["", "?!", "The one", "is", "naïve tea", "日本語", "a\nb", "tea\0cup"]
TEXTS = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
    st.sampled_from(ODD),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
NAMES = [f"{letter}:{letter}" for letter in "abcde"]
NAME = st.sampled_from(NAMES)
BY = st.one_of(st.just(1), st.integers(1, 5), st.sampled_from([MOST - 1, MOST]))

ASKED = [*WORDS, *ODD, "word1 word2", "word3 never"]


def tokens(text: str) -> list[bytes]:
    return DEFAULT_TOKENIZER.tokens(text)


class Plain:
    """What a filter or a sketch should know: how often each token was added, and of whom."""

    def __init__(self) -> None:
        self.counts: Counter[bytes] = Counter()
        self.exists = False
        self.whole = True

    def complete(self, records: int) -> bool:
        return self.whole if self.exists else records == 0

    def add(self, text: str, others: int, by: int = 1) -> None:
        """Add a text while so many other records than its own exist."""
        if not self.exists:
            self.exists, self.whole = True, others == 0
        for token in tokens(text):
            self.counts[token] += by

    def evict(self) -> None:
        self.__init__()  # type: ignore[misc]

    def refill(self, texts: list[str]) -> None:
        """What a rebuild or, without texts, a clear does."""
        self.counts = Counter(token for text in texts for token in tokens(text))
        self.exists = self.whole = True

    def least(self, text: str) -> int:
        return min(self.counts[token] for token in tokens(text))


def machine(client: Any) -> type[RuleBasedStateMachine]:
    class Lives(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            for key in client.keys("*"):
                client.delete(key)
            self.records: dict[str, Any] = {}
            self.model = DEPLOYED[0]
            self.seen, self.count = Plain(), Plain()

        def added(self, text: str, others: int) -> None:
            self.seen.add(text, others)
            self.count.add(text, others)

        @rule(model=st.sampled_from(DEPLOYED))
        def go_on_in_another_process(self, model: Any) -> None:
            self.model = model
            self.records = {
                name: model(name=name, text=record.text) for name, record in self.records.items()
            }

        @rule(name=NAME, text=TEXTS)
        def save(self, name: str, text: str) -> None:
            record = self.records.setdefault(name, self.model(name=name))
            record.text = text
            record.save()
            self.added(text, len(self.records) - 1)

        @rule(names=st.lists(NAME, unique=True, min_size=1), text=TEXTS)
        def save_together(self, names: list[str], text: str) -> None:
            pipeline = popoto.batch()
            for name in names:
                record = self.records.setdefault(name, self.model(name=name))
                record.text = text
                record.save(pipeline=pipeline)
                self.added(text, len(self.records) - 1)
            pipeline.execute()

        @precondition(lambda self: self.records)
        @rule(data=st.data(), text=TEXTS)
        def save_partially(self, data: st.DataObject, text: str) -> None:
            record = self.records[data.draw(st.sampled_from(sorted(self.records)))]
            record.text = text
            record.save(update_fields=["text"])
            self.added(text, len(self.records) - 1)

        @precondition(lambda self: self.records)
        @rule(data=st.data(), name=NAME)
        def rename(self, data: st.DataObject, name: str) -> None:
            if name in self.records:
                return
            record = self.records.pop(data.draw(st.sampled_from(sorted(self.records))))
            record.name = name
            record.save(migrate_key=True)
            self.records[name] = record
            self.added(record.text, len(self.records) - 1)

        @precondition(lambda self: self.records)
        @rule(data=st.data())
        def delete(self, data: st.DataObject) -> None:
            self.records.pop(data.draw(st.sampled_from(sorted(self.records)))).delete()

        @rule(text=TEXTS, by=BY)
        def increment(self, text: str, by: int) -> None:
            self.model.count.increment(text, by=by)
            self.count.add(text, len(self.records), by)

        @rule()
        def evict_filter(self) -> None:
            client.delete(FILTER)
            self.seen.evict()

        @rule()
        def evict_sketch(self) -> None:
            client.delete(SKETCH)
            self.count.evict()

        @rule()
        def clear(self) -> None:
            self.model.seen.clear()
            self.model.count.clear()
            self.seen.refill([])
            self.count.refill([])

        @rule()
        def rebuild(self) -> None:
            assert self.model.seen.rebuild() == self.model.count.rebuild() == len(self.records)
            texts = [record.text for record in self.records.values()]
            for plain in (self.seen, self.count):
                if texts:
                    plain.refill(texts)
                else:  # an empty value would only take room
                    plain.evict()

        @invariant()
        def nothing_added_is_denied(self) -> None:
            complete = self.seen.complete(len(self.records))
            found = self.model.seen.might_exist_batch(ASKED)
            every = self.model.seen.might_exist_batch(ASKED, match="all")
            for text in ASKED:
                known = [token in self.seen.counts for token in tokens(text)]
                assert found[text] >= (any(known) or not complete)
                assert every[text] >= (all(known) or not complete)
                if complete and not self.seen.counts:
                    assert not found[text]

        @invariant()
        def nothing_is_counted_under(self) -> None:
            if not self.count.complete(len(self.records)):
                with pytest.raises(IncompleteError):
                    self.model.count.get_frequency_batch(ASKED)
                return
            total = sum(self.count.counts.values())
            for text, found in self.model.count.get_frequency_batch(ASKED).items():
                assert min(self.count.least(text), MOST) <= found <= min(total, MOST)

        @invariant()
        def the_state_is_true(self) -> None:
            seen, count = self.model.seen.info(), self.model.count.info()
            assert seen.complete == self.seen.complete(len(self.records))
            assert count.complete == self.count.complete(len(self.records))
            assert (seen.exists, count.exists) == (self.seen.exists, self.count.exists)
            assert seen.items <= len(self.seen.counts)
            assert count.items == sum(self.count.counts.values())

    return Lives


@pytest.mark.timeout(0 if LONG else 300)
def test_random_lives_agree_with_the_truth(client: Any) -> None:
    run_state_machine_as_test(
        machine(client),
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not LONG,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        ),
    )
