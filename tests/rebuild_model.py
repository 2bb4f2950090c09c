"""The rules of rebuild, completeness and re-index, as a model small enough to try all of it.

Two records, of which each is a bit; processes that rebuild or re-index, each a step at a time; and
what users, evictions and other programs do in between. A step is what one call does to the server.
`test_rebuild_model.py` explores it, and holds the scripts and `Rebuild` to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations
from typing import NamedTuple

RECORDS = (1, 2)
STALE = 4
"""What is known of a record, or loaded, whose text changed since."""

Label = tuple[str, int]
"""What happens, and to which record or by which process."""


class Kept(NamedTuple):
    """A value.

    Attributes:
        complete: Whether it says so.
        known: Records that it knows.
        mark: ``>``: the rebuild is under way; ``=``: it made the value; ``-``: there is none.
        id: Which rebuild.
        expires: Whether it goes by itself.
    """

    complete: bool
    known: int
    mark: str = "-"
    id: int = 0
    expires: bool = False


FOREIGN = Kept(False, -1)


class Process(NamedTuple):
    """A rebuild, or a re-index that goes on as one, and what it knows.

    Attributes:
        at: What it does next.
        id: Its latest try.
        other: The try it waits for.
        left: Records that it has still to read.
        loaded: The record it has read, if any.
        clear: No re-index was seen since it looked at the mark.
        whole: What it listed is all.
        yields: It does not take the place of another.
        trust: Of a re-index: it was marked until its end.
    """

    at: str
    id: int = 0
    other: int = 0
    left: int = 0
    loaded: int = 0
    clear: bool = True
    whole: bool = True
    yields: bool = False
    trust: bool = True


ENDED = ("done", "dead")
REINDEXING = ("mark", "empty", "read", "show", "end", "mend")


class World(NamedTuple):
    """What is on the server, and the processes.

    Attributes:
        stored: Records that exist.
        listed: Records in Popoto's set.
        told: Records that the value was told of, or should have been.
        value: What answers.
        staged: What a rebuild fills.
        runs: Re-indexes under the mark, in the order they began.
        forgotten: All was forgotten, and nothing stored since.
    """

    processes: tuple[Process, ...]
    stored: int = 0
    listed: int = 0
    told: int = 0
    value: Kept | None = None
    staged: Kept | None = None
    runs: tuple[int, ...] = ()
    forgotten: bool = False


class Rules:
    """What happens.

    Args:
        without: Names of rules that are left out, to see that they are needed.
        filter: A re-index tells it of its records, as it does not tell a sketch.
        looks: Rebuilds look at the mark of re-indexes; needless where there are none.
    """

    def __init__(self, *without: str, filter: bool = True, looks: bool = True) -> None:
        self.without = frozenset(without)
        self.filter = filter
        self.looks = looks

    # What users and others do

    def happen(self, world: World, event: Label) -> World | None:
        """The world after an event; None if it cannot happen."""
        name, number = event
        if name == "step":
            return self._step(world, number)
        happened: World | None = getattr(self, f"_{name}")(world, number)
        return happened

    def _save(self, world: World, record: int) -> World:
        world = world._replace(
            stored=world.stored | record,
            listed=world.listed | record,
            told=world.told | record,
            forgotten=False,
        )
        value = world.value or Kept(self._no_record_but(world, record), 0)
        return self._add(world._replace(value=value), record)

    def _save_otherwise(self, world: World, record: int) -> World:
        """A save that the value, and the staged one, cannot take: by another tokenizer, say."""
        after, value, staged = self._save(world, record), world.value, world.staged
        if value is None or value == FOREIGN:
            return after
        if staged and _under_way(value, staged) and not self._is_left_out("tell staged"):
            staged = staged._replace(complete=False)
        return after._replace(value=value._replace(complete=False), staged=staged)

    def _raw(self, world: World, record: int) -> World | None:
        """A text changed behind the field's back."""
        if not world.stored & record:
            return None
        processes = tuple(
            p._replace(loaded=STALE) if p.loaded == record else p for p in world.processes
        )
        value, staged = _unknown(world.value, record), _unknown(world.staged, record)
        told = world.told & ~record
        return world._replace(told=told, value=value, staged=staged, processes=processes)

    def _delete(self, world: World, record: int) -> World | None:
        if not world.stored & record:
            return None
        return world._replace(stored=world.stored & ~record, listed=world.listed & ~record)

    def _clear(self, world: World, _: int) -> World:
        return world._replace(value=Kept(True, 0), staged=None, told=0, forgotten=False)

    def _forget(self, world: World, _: int) -> World:
        """Delete what is stored, and then all keys of the value."""
        return world._replace(stored=0, listed=0, told=0, value=None, staged=None, forgotten=True)

    def _evict(self, world: World, _: int) -> World | None:
        return world._replace(value=None) if world.value else None

    def _evict_staged(self, world: World, _: int) -> World | None:
        return world._replace(staged=None) if world.staged else None

    def _plant(self, world: World, _: int) -> World:
        """Another program writes under the key."""
        return world._replace(value=FOREIGN, forgotten=False)

    def _kill(self, world: World, number: int) -> World | None:
        if world.processes[number].at in ENDED:
            return None
        return _with(world, number, Process("dead"))

    # What a process does

    def _step(self, world: World, number: int) -> World | None:
        process = world.processes[number]
        if process.at in ENDED:
            return None
        after: World = getattr(self, f"_do_{process.at}")(world, number, process)
        return after

    def _do_begin(self, world: World, number: int, process: Process) -> World:
        value, staged = world.value, world.staged
        if process.yields and value and staged and _under_way(value, staged):
            return _with(world, number, process._replace(at="look"))
        new = 1 + max(_ids(world))
        if value is None or value == FOREIGN:
            complete, stays = map(self._is_left_out, ("begin incomplete", "begun expires"))
            value = Kept(complete, 0, expires=not stays)
        value = value._replace(mark=">", id=new)
        world = world._replace(value=value, staged=Kept(True, 0, ">", new, True))
        at = "seen" if self.looks else "list"
        return _with(world, number, process._replace(at=at, id=new, other=0))

    def _do_seen(self, world: World, number: int, process: Process) -> World:
        return _with(world, number, process._replace(at="list", clear=not world.runs))

    def _do_list(self, world: World, number: int, process: Process) -> World:
        at = "seen_again" if self.looks else "load" if world.listed else "swap"
        return _with(world, number, process._replace(at=at, left=world.listed))

    def _do_seen_again(self, world: World, number: int, process: Process) -> World:
        whole = process.clear or self._is_left_out("look at the mark")
        at = "load" if process.left else "swap"
        return _with(world, number, process._replace(at=at, clear=True, whole=whole))

    def _do_load(self, world: World, number: int, process: Process) -> World:
        record = process.left & -process.left
        left = process.left & ~record
        if record & world.stored:
            return _with(world, number, process._replace(at="fill", left=left, loaded=record))
        return _with(world, number, process._replace(at="load" if left else "swap", left=left))

    def _do_fill(self, world: World, number: int, process: Process) -> World:
        staged, known = world.staged, process.loaded
        process = process._replace(loaded=0)
        same = staged and (staged.id == process.id or self._is_left_out("fill by id"))
        if not staged or not same:
            return _with(world, number, process._replace(at="look", left=0, whole=True))
        world = world._replace(staged=staged._replace(known=staged.known | known))
        return _with(world, number, process._replace(at="load" if process.left else "swap"))

    def _do_swap(self, world: World, number: int, process: Process) -> World:
        value, staged = world.value, world.staged
        lost = not value or value == FOREIGN or not staged or staged.id != process.id
        if not self._is_left_out("swap by id"):
            lost = lost or value is None or (value.mark, value.id) != (">", process.id)
        if lost or staged is None:
            return _with(world, number, process._replace(at="look", whole=True))
        at = "done" if process.whole else "check"
        if staged.complete and not staged.known and not self._is_left_out("delete empty"):
            world = world._replace(value=None, staged=None)
        else:
            complete = staged.complete and process.whole
            value = Kept(complete, staged.known, "=", process.id)
            world = world._replace(value=value, staged=None)
        return _with(world, number, process._replace(at=at, whole=True))

    def _do_check(self, world: World, number: int, process: Process) -> World:
        """Leave an incomplete value to a re-index that will find it, or begin again."""
        left = world.runs or self._is_left_out("begin again")
        return _with(world, number, process._replace(at="done" if left else "look"))

    def _do_look(self, world: World, number: int, process: Process) -> World:
        value, staged = world.value, world.staged
        if process.other and value and (value.mark, value.id) == ("=", process.other):
            return _with(world, number, Process("done"))
        if value and staged and _under_way(value, staged) and not self._is_left_out("wait"):
            return _with(world, number, process._replace(other=value.id))
        yields = not self._is_left_out("yield")
        return _with(world, number, process._replace(at="begin", other=0, yields=yields))

    # What a re-index does

    def _do_mark(self, world: World, number: int, process: Process) -> World:
        if self._is_left_out("mark"):
            return _with(world, number, process._replace(at="empty"))
        world = _seen(world._replace(runs=(*world.runs, number)))
        return _with(world, number, process._replace(at="empty"))

    def _do_empty(self, world: World, number: int, process: Process) -> World:
        process = process._replace(at="read", left=sum(RECORDS))
        return _with(world._replace(listed=0), number, process)

    def _do_read(self, world: World, number: int, process: Process) -> World:
        record = process.left & -process.left
        left = process.left & ~record
        if record & world.stored:
            return _with(world, number, process._replace(at="show", left=left, loaded=record))
        return _with(world, number, process._replace(at="read" if left else "end", left=left))

    def _do_show(self, world: World, number: int, process: Process) -> World:
        """List a record that was read, and tell a filter of it that is there."""
        record = process.loaded
        listed = 1 if process.left else 2  # in their order
        world = world._replace(listed=world.listed | listed)
        if self.filter:
            world = world._replace(told=world.told | record & world.stored)
        if self.filter and not self._is_left_out("show"):
            world = self._add(world, record)
        at = "read" if process.left else "end"
        return _with(world, number, process._replace(at=at, loaded=0))

    def _do_end(self, world: World, number: int, process: Process) -> World:
        runs = world.runs
        trust = number in runs or self._is_left_out("trust")
        if number in runs:
            runs = runs[runs.index(number) + 1 :]
        world = _seen(world._replace(runs=runs))
        return _with(world, number, process._replace(at="mend", trust=trust))

    def _do_mend(self, world: World, number: int, process: Process) -> World:
        value = world.value
        complete = value.complete if value else self._no_record_but(world, 0)
        at = "done" if complete and process.trust else "begin"
        return _with(world, number, Process(at))

    def _is_left_out(self, rule: str) -> bool:
        return rule in self.without

    def _no_record_but(self, world: World, own: int) -> bool:
        return not world.listed & ~own and not world.runs

    def _add(self, world: World, record: int) -> World:
        value, staged = world.value, world.staged
        if value is None or value == FOREIGN:
            return world
        if staged and _under_way(value, staged) and not self._is_left_out("tell staged"):
            staged = staged._replace(known=staged.known | record)
        value = value._replace(known=value.known | record)
        return world._replace(value=value, staged=staged)


def _with(world: World, number: int, process: Process) -> World:
    processes = list(world.processes)
    processes[number] = process
    return world._replace(processes=tuple(processes))


def _seen(world: World) -> World:
    """The mark changed: who looked at it before will know."""
    processes = tuple(
        p._replace(clear=False) if p.at in ("list", "seen_again") else p for p in world.processes
    )
    return world._replace(processes=processes)


def _under_way(value: Kept, staged: Kept) -> bool:
    return value.mark == ">" and staged.id == value.id


def _unknown(kept: Kept | None, record: int) -> Kept | None:
    if not kept or kept == FOREIGN or not kept.known & record:
        return kept
    return kept._replace(known=kept.known & ~record | STALE)


def _ids(world: World) -> list[int]:
    kept = [each.id for each in (world.value, world.staged) if each]
    return [0, *kept, *(i for p in world.processes for i in (p.id, p.other))]


def reduced(world: World) -> World:
    """The same without what makes no difference, so that worlds alike are one."""
    stored = world.stored
    waited_for = {p.other for p in world.processes if p.other}
    staged = _reduced(world.staged, stored)
    value = _reduced(world.value, stored)
    if value and value.mark == "=" and value.id not in waited_for:
        value = value._replace(mark="-", id=0)
    if value and value.mark == ">" and not (staged and staged.id == value.id):
        value = value._replace(mark="-", id=0)
    processes = tuple(
        p._replace(
            id=0 if p.at in ("look", "begin") else p.id,
            loaded=STALE if p.loaded & ~stored else p.loaded,
        )
        for p in world.processes
    )
    world = world._replace(
        processes=processes, told=world.told & stored, value=value, staged=staged
    )
    if any(p.at in REINDEXING for p in processes) or world.runs:
        return _renamed(world)
    orders = (_renamed(world._replace(processes=order)) for order in permutations(processes))
    return min(orders, key=lambda each: each.processes)


def _reduced(kept: Kept | None, stored: int) -> Kept | None:
    """What never counts as complete again answers for nothing; who is gone is only not nothing."""
    if kept is None or kept == FOREIGN:
        return kept
    known = kept.known & stored | STALE * bool(kept.known & ~stored)
    return kept._replace(known=known if kept.complete else 0)


def _renamed(world: World) -> World:
    """With the least numbers for rebuilds."""
    numbers = {old: new for new, old in enumerate(dict.fromkeys(_ids(world)))}
    processes = tuple(p._replace(id=numbers[p.id], other=numbers[p.other]) for p in world.processes)
    value = world.value and world.value._replace(id=numbers[world.value.id])
    staged = world.staged and world.staged._replace(id=numbers[world.staged.id])
    return world._replace(processes=processes, value=value, staged=staged)


def denials(world: World) -> Iterator[str]:
    """What must be in no world."""
    told, value = world.stored & world.told, world.value
    if value and value.complete and told & ~value.known:
        yield f"{value} is complete and denies {told & ~value.known}"
    if not value and told and not world.listed and not world.runs:
        yield "nothing is there, and nothing says that records are"
    if world.forgotten and value and not value.expires:
        yield f"{value} came back after all was forgotten"


Graph = dict[World, list[tuple[Label, World]]]


def explored(rules: Rules, first: World, events: Iterable[Label]) -> Graph:
    """Every world that can come about, and how."""
    steps = [("step", number) for number in range(len(first.processes))]
    labels = [*events, *steps]
    graph: Graph = {}
    waiting = [reduced(first)]
    while waiting:
        world = waiting.pop()
        if world in graph:
            continue
        after = [(label, rules.happen(world, label)) for label in labels]
        graph[world] = [(label, reduced(found)) for label, found in after if found is not None]
        waiting += [found for _, found in graph[world] if found not in graph]
    return graph


def endless(graph: Graph) -> Iterator[str]:
    """Where processes that go on do not end, whatever else no longer happens.

    One that waits does no step; what a process staged that was killed expires.
    """
    after = {
        world: [
            found
            for (name, _), found in nexts
            if found != world and (name == "step" or (name == "evict_staged" and _orphaned(world)))
        ]
        for world, nexts in graph.items()
    }
    for world, found in after.items():
        if not found and not idle(world):
            yield f"nobody can go on in {world}"
    yield from _circles(after)


def idle(world: World) -> bool:
    """Whether no process is at work."""
    return all(process.at in ENDED for process in world.processes)


def _orphaned(world: World) -> bool:
    """Whether nobody fills what is staged."""
    ids = [process.id for process in world.processes if process.at not in ENDED]
    return world.staged is not None and world.staged.id not in ids


def _circles(after: dict[World, list[World]]) -> Iterator[str]:
    """Worlds that come about again; what is left when worlds without a next one are taken away."""
    before: dict[World, list[World]] = {world: [] for world in after}
    left = {world: len(found) for world, found in after.items()}
    for world, found in after.items():
        for each in found:
            before[each].append(world)
    ready = [world for world, number in left.items() if not number]
    while ready:
        for world in before[ready.pop()]:
            left[world] -= 1
            if not left[world]:
                ready.append(world)
    yield from (f"{world} comes about again" for world, number in left.items() if number)
