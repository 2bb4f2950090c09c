"""Every order of what can happen to a value, on a model; and the model held to the scripts."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from popoto import Model, StringField, UniqueKeyField
from rebuild_model import (
    ENDED,
    RECORDS,
    Graph,
    Kept,
    Label,
    Process,
    Rules,
    World,
    denials,
    endless,
    explored,
    idle,
)
from support import emptied

from popoto_recall import ExistenceFilter, StoredValueError
from popoto_recall.engine import run
from popoto_recall.fields import _rebuild
from popoto_recall.fields._scope import Scope
from popoto_recall.structures import reindex
from popoto_recall.structures.bloom import Bloom
from popoto_recall.structures.tokens import Tokenizer

LONG = os.environ.get("RECALL_LONG") == "1"

REBUILD, REINDEX = Process("begin"), Process("mark")
OF_RECORDS = {"save", "save_otherwise", "raw", "delete"}

CASES: dict[str, tuple[tuple[Process, ...], str]] = {
    "a rebuild": (
        (REBUILD,),
        "save save_otherwise raw delete evict evict_staged plant clear forget kill",
    ),
    "two, evictions": ((REBUILD, REBUILD), "save evict evict_staged"),
    "two, kills": ((REBUILD, REBUILD), "save evict_staged kill"),
    "two, clear": ((REBUILD, REBUILD), "save clear evict_staged"),
    "two, forget": ((REBUILD, REBUILD), "save forget"),
    "a re-index": ((REINDEX,), "save raw delete evict kill"),
    "a re-index and a rebuild": ((REINDEX, REBUILD), "save"),
}
"""Processes, and what else happens; each in a few thousand worlds."""

LONG_CASES: dict[str, tuple[tuple[Process, ...], str]] = {
    "two, and all": ((REBUILD, REBUILD), "save delete evict evict_staged clear forget kill"),
    "a re-index and a rebuild, raw": ((REINDEX, REBUILD), "save raw"),
    "two re-indexes": ((REINDEX, REINDEX), "save"),
}


def labels(events: str, processes: int) -> list[Label]:
    numbers: dict[str, tuple[int, ...]] = {"kill": tuple(range(processes))}
    numbers |= dict.fromkeys(OF_RECORDS, RECORDS)
    return [(name, number) for name in events.split() for number in numbers.get(name, (0,))]


def outcome(case: str, *without: str, filter: bool = True) -> list[str]:
    """What goes wrong in any order."""
    processes, events = (CASES | LONG_CASES)[case]
    rules = Rules(*without, filter=filter, looks=REINDEX in processes)
    graph = explored(rules, World(processes), labels(events, len(processes)))
    # of two re-indexes the later one takes the mark of the first away, which mends that at its end
    sure = case != "two re-indexes"
    wrong = [line for world in graph if sure or idle(world) for line in denials(world)]
    return wrong + list(endless(graph)) + (incomplete(graph) if {*events.split()} <= MEND else [])


MEND = {"save", "raw"}
"""What leaves no value incomplete once a re-index has run to its end."""


def incomplete(graph: Graph) -> list[str]:
    return [
        f"left incomplete: {world}"
        for world in graph
        if idle(world) and not world.runs and world.value and not world.value.complete
    ]


@pytest.mark.parametrize("case", [*CASES, *(LONG_CASES if LONG else ())])
@pytest.mark.timeout(900)
def test_nothing_that_is_stored_is_denied_and_all_come_to_an_end(case: str) -> None:
    assert outcome(case) == []


NEEDED: dict[str, tuple[str, ...]] = {
    "a rebuild": ("swap by id", "tell staged", "begin incomplete", "begun expires", "delete empty"),
    "two, forget": ("fill by id", "wait, yield"),
    "two, clear": ("wait, yield",),
    "a re-index": ("mark", "show"),
    "a re-index and a rebuild": ("look at the mark", "begin again"),
}


@pytest.mark.parametrize(
    ("case", "rule"), [(c, rule) for c, rules in NEEDED.items() for rule in rules]
)
def test_each_rule_is_needed(case: str, rule: str) -> None:
    assert outcome(case, *rule.split(", "))


@pytest.mark.parametrize(("without", "wrong"), [((), False), (("trust",), True)])
def test_a_re_index_that_lost_its_mark_trusts_no_value(
    without: tuple[str, ...], wrong: bool
) -> None:
    """A sketch is born where the first of two has emptied the sets, and the second is done."""
    first = World((REINDEX, REINDEX), stored=1, listed=1, told=1, value=Kept(True, 1))
    rules = Rules(*without, filter=False)
    graph = explored(rules, first, [("save", 2), ("evict", 0)])
    assert any(line for world in graph if idle(world) for line in denials(world)) == wrong


# The same on the scripts, and by the code that calls them


class Leaf(Model):
    name = UniqueKeyField()
    text = StringField()
    seen = ExistenceFilter(capacity=100, fingerprint_fn=lambda leaf: leaf.text)


class KilledError(BaseException):
    pass


class Turns:
    """Work that goes on a step at a time, each when it is told to."""

    current = threading.local()

    def __init__(self, work: Callable[[], object]) -> None:
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._killed = self.ended = False
        self.error: BaseException | None = None
        self._work = work
        threading.Thread(target=self._run, daemon=True).start()
        self._back.acquire()

    def step(self) -> None:
        self._go.release()
        self._back.acquire()
        if self.error is not None:
            raise self.error

    def kill(self) -> None:
        self._killed = True
        self.step()

    def wait(self) -> None:
        if not self._killed:
            self._back.release()
            self._go.acquire()
        if self._killed:
            raise KilledError

    def _run(self) -> None:
        Turns.current.turns = self
        try:
            self._work()
        except KilledError:
            pass
        except BaseException as error:
            self.error = error
        self.ended = True
        self._back.release()


def stepwise(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same call, once it is the turn of the work that makes it."""

    def when_told(client: Any, what: Any, *rest: Any) -> Any:
        if getattr(getattr(what, "script", None), "name", "") != "value_info":  # changes nothing
            Turns.current.turns.wait()
        return call(client, what, *rest)

    return when_told


class Stage:
    """What the model has, on a server."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.stored: Bloom = Leaf.seen.stored(Scope(Leaf))
        other = Tokenizer("other", str.split)
        self.otherwise = replace(self.stored, tokenizer=other)
        self.versions = dict.fromkeys(RECORDS, 0)
        self.work: list[Turns] = []

    def begin(self, processes: tuple[Process, ...]) -> None:
        works = {REBUILD: self.rebuild, REINDEX: self.reindex}
        self.work = [Turns(works[process]) for process in processes]

    def end(self) -> None:
        for turns in self.work:
            if not turns.ended:
                turns.kill()

    def text(self, record: int) -> str:
        return f"record{record}v{self.versions[record]}"

    def do(self, label: Label) -> None:
        name, number = label
        if name == "step":
            self.work[number].step()
        elif name == "kill":
            self.work[number].kill()
        else:
            getattr(self, name)(number)

    # Events

    def save(self, record: int) -> None:
        try:
            Leaf.create(name=str(record), text=self.text(record))
        except StoredValueError:
            assert self.client.get(self.stored.key) == b"planted"

    def save_otherwise(self, record: int) -> None:
        if not self.client.exists(self.stored.key) or self.planted():
            return self.save(record)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Leaf.seen, "tokenizer", self.otherwise.tokenizer)
            return self.save(record)

    def raw(self, record: int) -> None:
        self.versions[record] += 1
        Leaf.raw_update([self.key(record)], text=self.text(record))

    def delete(self, record: int) -> None:
        if (leaf := Leaf.load(name=str(record))) is not None:
            leaf.delete()

    def clear(self, _: int) -> None:
        Leaf.seen.clear()

    def forget(self, _: int) -> None:
        for record in RECORDS:
            self.delete(record)
        self.client.delete("$Class:Leaf", self.stored.key, self.stored.staging)

    def evict(self, _: int) -> None:
        self.client.delete(self.stored.key)

    def evict_staged(self, _: int) -> None:
        self.client.delete(self.stored.staging)

    def plant(self, _: int) -> None:
        self.client.set(self.stored.key, "planted")

    # Processes

    def rebuild(self) -> None:
        _rebuild.Rebuild(Leaf, self.stored, Leaf.seen.fingerprint_of, None).run()

    def reindex(self) -> None:
        """What `rebuild_indexes` does, a record at a time; test_reindex.py has the real one."""
        turn = Turns.current.turns.wait
        me = str(id(Turns.current.turns))
        turn()
        run(self.client, reindex.begin(self.stored.mark, me))
        turn()
        self.client.delete("$Class:Leaf")
        for record in RECORDS:
            turn()
            if (leaf := Leaf.load(name=str(record))) is not None:
                turn()
                self.client.sadd("$Class:Leaf", self.key(record))
                run(self.client, self.stored.add(leaf.text, makes=False))
        turn()
        trust = run(self.client, reindex.end(self.stored.mark, me))
        turn()
        try:
            _, complete = run(self.client, self.stored.answering())
        except StoredValueError:
            complete = False
        if not (complete and trust):
            self.rebuild()

    # What is there

    def key(self, record: int) -> str:
        return f"Leaf:{record}"

    def planted(self) -> bool:
        return bool(self.client.get(self.stored.key) == b"planted")

    def seen(self) -> dict[str, Any]:
        staged, value = self.kept(self.stored.staging), self.kept(self.stored.key)
        listed = self.client.smembers("$Class:Leaf")
        return {
            "ended": [turns.ended for turns in self.work],
            "stored": [bool(self.client.exists(self.key(record))) for record in RECORDS],
            "listed": [self.key(record).encode() in listed for record in RECORDS],
            "value": value and value[:4],
            "staged": staged and (staged[0], *staged[2:4]),
            "under way": bool(value and staged) and value[4] == staged[4] and value[1] == ">",
            "runs": max(0, self.client.hlen(self.stored.mark) - 1),
        }

    def kept(self, key: str) -> tuple[Any, ...] | None:
        """Whether it is complete, its mark, what it knows, whether it expires, its rebuild."""
        content = self.client.get(key)
        if content is None or content == b"planted":
            return content and (False, "-", [True, True], False, "")  # as `FOREIGN` has it
        state = run(self.client, replace(self.stored, key=key).state())
        assert state is not None
        identity, line = content.split(b"\n")[:2]
        complete, _, rebuild, _ = line.decode().split(" ", 3)
        # a copy that says it is complete tells what it knows, also of another tokenizer's
        self.client.set("copy", content.replace(b"\n0 ", b"\n1 ", 2 * (complete == "0")))
        copy = replace(self.stored, key="copy")
        if b" other " in identity:
            copy = replace(self.otherwise, key="copy")
        known = [run(self.client, copy.contains(self.text(record), None)) for record in RECORDS]
        self.client.delete("copy")
        return complete == "1", rebuild[0], known, self.client.pttl(key) > 0, rebuild[1:]


def expected(world: World) -> dict[str, Any]:
    """What `Stage.seen` should be; what an incomplete value knows is no matter."""
    value, staged = world.value, world.staged
    return {
        "ended": [process.at in ENDED for process in world.processes],
        "stored": [bool(world.stored & record) for record in RECORDS],
        "listed": [bool(world.listed & record) for record in RECORDS],
        "value": value and (value.complete, value.mark, known(value), value.expires),
        "staged": staged and (staged.complete, known(staged), staged.expires),
        "under way": bool(value and staged and value.mark == ">" and value.id == staged.id),
        "runs": len(world.runs),
    }


def known(kept: Kept) -> list[bool]:
    return [bool(kept.known & record) for record in RECORDS]


@pytest.fixture
def one_step_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("run", "members", "hashes"):
        monkeypatch.setattr(_rebuild, name, stepwise(getattr(_rebuild, name)))
    monkeypatch.setattr(_rebuild, "_RECORDS_PER_STEP", 1)
    monkeypatch.setattr(_rebuild, "_SECONDS_BETWEEN_LOOKS", 0)


def trace(rules: Rules, first: World, events: list[Label], luck: random.Random) -> Iterator[Any]:
    """Something that happens, and the world after it, a few dozen times."""
    world = first
    for _ in range(40):
        steps = [("step", n) for n, p in enumerate(world.processes) if p.at not in ENDED]
        label = luck.choice(steps if steps and luck.random() < 0.6 else events)
        after = rules.happen(world, label)
        if after is not None:
            world = after
            yield label, world


@pytest.mark.parametrize("processes", [(REBUILD, REBUILD), (REINDEX, REBUILD)], ids=len)
@pytest.mark.usefixtures("one_step_at_a_time")
def test_the_scripts_do_what_the_model_does(client: Any, processes: tuple[Process, ...]) -> None:
    names = "save save_otherwise raw delete evict evict_staged plant clear forget kill save save"
    events = labels(names, len(processes))
    for seed in range(1000 if LONG else 30):
        emptied(client)
        stage, luck = Stage(client), random.Random(seed)
        stage.begin(processes)
        done: list[Label] = []
        for label, world in trace(Rules(), World(processes), events, luck):
            stage.do(label)
            done.append(label)
            assert stage.seen() == expected(world), done
        stage.end()
