"""Every Lua script keeps to the contract that it opens with."""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import popoto
import pytest
import redis
from models import Note
from popoto import EventStreamMixin, Model, UniqueKeyField
from support import ARGUMENTS, Topic, calls, emptied, small_store, writes

import popoto_recall
from popoto_recall import CoOccurrenceField, structures
from popoto_recall.engine import Script, run, runner
from popoto_recall.engine.script import PLACE
from popoto_recall.fields._scope import Scope
from popoto_recall.fields.adoption import adopt
from popoto_recall.structures.value import adding, filling

FOLDER = Path(popoto_recall.__file__).parent / "lua"
FILES = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.lua")}
LIBRARIES = {path.stem: path.read_text("utf-8") for path in (FOLDER / "lib").glob("*.lua")}

TYPES = {"zset", "set", "hash", "string", "stream", "any", "integer", "float"}
ENTRY = re.compile(r"(KEYS|ARGV)(?:\[(\S+)\])? +(\w+(?:, \w+)*) +(\w+)(?: +(.*))?")


@dataclass(frozen=True)
class Entry:
    """One line of a contract: ``KEYS[2i-1]  edges  zset  of the i-th source``.

    Its indices are ``step * i + shift`` for i from 1 on, after ``blocks`` times as many others.
    """

    array: str
    type: str
    text: str
    step: int
    shift: int
    blocks: int = 0
    every: bool = False

    @property
    def optional(self) -> bool:
        return " if " in f" {self.text} " or bool(self.blocks)

    @property
    def endless(self) -> bool:
        return self.every or self.text.startswith("and on")

    def indices(self, repeats: int, length: int) -> list[int]:
        """The places it stands for in an array of a length."""
        if self.every:
            return list(range(1, length + 1))
        first = self.shift + self.blocks * repeats
        if self.endless:
            return list(range(first, max(first, length) + 1))
        if not self.step:
            return [first]
        return [first + self.step * i for i in range(1, repeats + 1)]


def linear(index: str) -> tuple[int, int, int] | None:
    """``2i-1`` or ``2 * i - 1`` as (2, -1, 0), ``n+i`` as (1, 0, 1); None for what is no such."""
    terms = re.findall(r"[+-]?[^+-]+", re.sub(r"[\s*]", "", index))
    found = {"i": 0, "": 0, "n": 0}
    for term in terms:
        match = re.fullmatch(r"\+?(-?)(\d*)([in]?)", term)
        if match is None:
            return None
        sign, number, name = match.groups()
        found[name] += int(f"{sign}{number or 1}")
    return found["i"], found[""], found["n"]


def header(text: str) -> list[str]:
    """The comment that a file opens with."""
    lines = text.splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("--"))
    return [line[2:].removeprefix(" ") for line in lines[:end]]


def contract(name: str) -> list[Entry]:
    return [entry_of(line) for line in header(FILES[name]) if line.startswith(("KEYS", "ARGV"))]


def entry_of(line: str) -> Entry:
    match = ENTRY.fullmatch(line)
    assert match, f"not a line of a contract: {line}"
    array, index, _, kind, text = match.groups()
    if index is None:
        return Entry(array, kind, text or "", 1, 0, every=True)
    form = linear(index)
    assert form, f"not an index: {line}"
    step, shift, blocks = form
    return Entry(array, kind, text or "", step, shift, blocks)


@cache
def scripts() -> dict[str, Script]:
    """Every script that the package loads, by name."""
    found: dict[str, Script] = {}
    for info in pkgutil.iter_modules(structures.__path__, structures.__name__ + "."):
        for value in vars(importlib.import_module(info.name)).values():
            if isinstance(value, Script):
                assert found.setdefault(value.name, value) == value
    kinds = ("layers", "bloom", "hitters", "sketch", "counts")
    return {**found, "tokens_add": adding(*kinds), "tokens_fill": filling(*kinds)}


def variants() -> Iterator[Script]:
    """Every script as it is sent: some are put together for the kinds that a model has."""
    yield from scripts().values()
    bloom, sketch = ("layers", "bloom"), ("sketch", "counts")
    for kinds in (bloom, sketch, ("hitters", *sketch)):
        yield from (adding(*kinds), filling(*kinds), adding(*bloom, *kinds))


def body(text: str) -> str:
    """Lua without comments."""
    return re.sub(r"--.*", "", text)


# What a file says


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_script_opens_with_its_contract(name: str) -> None:
    lines = header(FILES[name])
    shape = "".join(
        {"KEYS": "k", "ARGV": "a", "Retu": "r"}.get(line[:4], "-" if line[:1] == " " else "s")
        for line in lines
    )
    assert re.fullmatch(r"s+(k-*)+(a-*)*r-*", shape)
    summary = " ".join(lines[: shape.index("k")])
    assert re.match(r"[A-Z]", summary)
    assert summary.endswith(".")
    assert re.match(r"Returns +(an? )?(flat )?(array|integer|string)\b", lines[shape.index("r")])
    assert lines[-1].endswith(".")


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_contract_gives_every_key_and_argument_a_type(name: str) -> None:
    entries = contract(name)
    assert {entry.type for entry in entries} <= TYPES
    assert {entry.type for entry in entries if entry.array == "KEYS"}.isdisjoint({"float"})


@pytest.mark.parametrize("name", sorted(LIBRARIES))
def test_a_library_says_what_it_is(name: str) -> None:
    assert re.fullmatch(r"Library: .*[.]", header(LIBRARIES[name])[0])


@pytest.mark.parametrize("name", ["edges", "forget", "keys", "texts"])
def test_a_library_is_told_what_it_works_on(name: str) -> None:
    assert not re.findall(r"\b(KEYS|ARGV)\b", body(LIBRARIES[name]))


# What a file uses

FUNCTION = r"^local function (\w+)(\(.*?^end)$"


def run_by(name: str) -> str:
    """A script, with those functions of its libraries that it calls."""
    code = body(FILES[name])
    rest = body("\n".join(LIBRARIES[library] for library in scripts()[name].libraries))
    functions = dict(re.findall(FUNCTION, rest, re.M | re.S))
    code += re.sub(FUNCTION, "", rest, flags=re.M | re.S)
    while called := {name for name in functions if re.search(rf"\b{name}\(", code)}:
        code += "".join(functions.pop(name) for name in called)
    return code


def uses(code: str, array: str) -> tuple[set[tuple[int, int, int]], int | None, bool]:
    """How a script indexes KEYS or ARGV: forms, the first of all it takes, whether it computes."""
    forms, computed = set(), False
    for index in re.findall(rf"\b{array}\[([^\[\]]+)\]", code):
        form = linear(index)
        computed |= form is None
        forms |= {form} if form else set()
    computed |= bool(re.search(rf"unpack\({array}, [a-z]", code))
    taken = [int(first) for first in re.findall(rf"unpack\({array}, (\d+)", code)]
    if re.search(rf"(?<!unpack)[(,] *{array}\b(?!\[)|unpack\({array}\)|= 1, #{array} do", code):
        taken.append(1)
    for first in re.findall(rf"for i = (\d+), #{array} do", code):
        if (1, 0, 0) in forms:
            forms = forms - {(1, 0, 0)} | {(1, int(first) - 1, 0)}
    if re.search(rf"for i = [a-z]\w*, #{array} do", code):
        forms, computed = forms - {(1, 0, 0)}, True
    return forms, min(taken, default=None), computed


def documents(entry: Entry, form: tuple[int, int, int]) -> bool:
    step, shift, blocks = form
    if entry.every or form == (entry.step, entry.shift, entry.blocks):
        return True
    if step or blocks or entry.blocks:
        return False
    if entry.endless:
        return shift >= entry.shift
    return bool(entry.step) and shift > entry.shift and (shift - entry.shift) % entry.step == 0


@pytest.mark.parametrize("array", ["KEYS", "ARGV"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_what_a_script_uses_is_documented(name: str, array: str) -> None:
    entries = [entry for entry in contract(name) if entry.array == array]
    forms, taken, _ = uses(run_by(name), array)
    wanted = forms | ({(0, taken, 0)} if taken else set())
    assert {form for form in wanted if not any(documents(e, form) for e in entries)} == set()


@pytest.mark.parametrize("array", ["KEYS", "ARGV"])
@pytest.mark.parametrize("name", sorted(FILES))
def test_what_a_script_documents_is_used(name: str, array: str) -> None:
    forms, taken, computed = uses(run_by(name), array)
    for entry in contract(name):
        if entry.array != array or (computed and (entry.step or entry.endless)):
            continue
        if taken is not None and (entry.every or entry.shift + entry.step >= taken):
            continue
        assert any(documents(entry, form) for form in forms), entry


FORBIDDEN = re.compile(
    r"'(KEYS|SCAN|[HSZ]SCAN|RANDOMKEY|EVAL\w*|TIME|SORT)'"
    r"|\b(cmsgpack|struct|bit|os|io|debug|math\.random)\b[.(]"
    r"|\b(sha1hex|loadstring|setfenv|replicate_commands)\b"
)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_script_keeps_to_what_every_server_has(name: str) -> None:
    script = scripts()[name]
    assert not FORBIDDEN.findall(body(script.source))
    assert not script.text.startswith("#!")


WORDS = """
    and break do else elseif end false for function if in local nil not or repeat return then true
    until while
    KEYS ARGV redis string table math ipairs pairs next tonumber tostring type unpack
"""
"""What a script may name without declaring it."""


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_script_has_no_globals(name: str) -> None:
    code = re.sub(r"'[^'\n]*'|\"[^\"\n]*\"", "''", body(scripts()[name].source))
    declared = set(
        re.findall(
            r"\w+",
            " ".join(
                chain(
                    re.findall(r"\blocal (?:function )?([\w, ]+?)(?= *[=\n(])", code),
                    re.findall(r"\bfunction\b[^(\n]*\(([^)]*)\)", code),
                    re.findall(r"\bfor ([\w, ]+?)(?: =| in)", code),
                    re.findall(r"[{,]\s*(\w+) = ", code),  # fields of a table
                )
            ),
        )
    )
    named = set(re.findall(r"(?<![\w.:])[A-Za-z_]\w*", code))
    assert named - declared - set(WORDS.split()) == set()


# What the package makes of the files


def test_every_file_is_loaded_by_the_package() -> None:
    assert set(scripts()) == set(FILES)
    for name, script in scripts().items():
        source = script.source
        for library in script.libraries:
            assert source.count(LIBRARIES[library]) == 1
            source = source.replace(LIBRARIES[library], "")
        placed = re.findall(PLACE.format(r"(\w+)"), FILES[name])
        assert set(placed) <= set(script.libraries)
        for library in placed:
            source += PLACE.format(library)
        assert sorted(source.split()) == sorted(FILES[name].split())


def test_every_library_is_part_of_a_script() -> None:
    used = {library for script in scripts().values() for library in script.libraries}
    assert used == set(LIBRARIES)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_server_knows_a_script_by_the_same_sha(client: Any, name: str) -> None:
    script = scripts()[name]
    sha = client.script_load(script.text)
    assert (sha.decode() if isinstance(sha, bytes) else sha) == script.sha


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_script_is_a_write_exactly_if_it_has_a_command_that_writes(
    real_client: Any, name: str
) -> None:
    flags = {known.upper(): about["flags"] for known, about in real_client.command().items()}
    named = set(re.findall(r"'([A-Z_]+)'", run_by(name)))
    if "BITFIELD_RO" in named:  # BITFIELD stands in for it on fakeredis
        named.remove("BITFIELD")
    writing = {command for command in named if "write" in flags.get(command, ())}
    assert scripts()[name].writes is bool(writing)


# What the package sends


@dataclass(frozen=True)
class Call:
    script: Script
    keys: tuple[Any, ...]
    args: tuple[Any, ...]


@pytest.fixture
def sent(client: Any, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """The calls of scripts that the test makes, at once or in pipelines."""
    made: list[Call] = []
    known = {script.sha: script for script in variants()}
    known |= {script.text: script for script in variants()}

    def note(words: tuple[Any, ...]) -> None:
        if words[0] in ("EVAL", "EVALSHA"):
            _, script, count, *rest = words
            made.append(Call(known[script], tuple(rest[:count]), tuple(rest[count:])))

    ours, theirs = runner.send, redis.client.Pipeline.execute_command

    def at_once(client: Any, words: tuple[Any, ...], **options: Any) -> Any:
        note(words)
        return ours(client, words, **options)

    def queued(self: Any, *words: Any, **options: Any) -> Any:
        note(words)
        return theirs(self, *words, **options)

    monkeypatch.setattr(runner, "send", at_once)
    monkeypatch.setattr(redis.client.Pipeline, "execute_command", queued)
    return made


def everything(client: Any) -> None:
    """Call every operation, in every way that sends something of its own."""
    for field, name in calls():
        small_store(client)
        getattr(field, name)(*ARGUMENTS[name])
        if writes(field, name):
            pipeline = popoto.batch()
            getattr(field, name)(*ARGUMENTS[name], pipeline=pipeline)
            asyncio.run(getattr(field, f"async_{name}")(*ARGUMENTS[name], pipeline=pipeline))
    asymmetric()
    only_records()
    note = Note.create(title="a:b", body="text")
    note.title = "c"
    note.save(migrate_key=True)
    Note.cites.import_state(note, "cites", {"edges": {"Note:x": 0.5, "Note:y": 0.25}})
    note.delete()
    adopted(client)
    Topic.rebuild_indexes()
    Logged.near.strengthen("a", "b")
    emptied(client)
    Topic.seen.might_exist("x")
    run(client, Topic.seen.stored(Scope(Topic)).look())
    run(client, Topic.seen.stored(Scope(Topic)).abandon("none"))
    Topic.near.propagate(["x", "y", "z"], limit=3, max_reads=10, explain=True)
    Topic.seen.might_exist_batch([])
    Topic.often.get_frequency_batch([])


class Logged(EventStreamMixin, Model):
    name = UniqueKeyField()
    near = CoOccurrenceField()


def asymmetric() -> None:
    Note.cites.link("a", "b")
    Note.cites.link_many([("a", "b"), ("b", "c"), ("c", "a")])
    Note.cites.strengthen("a", "b")
    Note.cites.co_occur(["a", "b", "c", "d", "e"])
    Note.cites.weaken_all("a")
    Note.cites.weaken_graph()
    Note.cites.sweep()
    Note.cites.unlink("a", "b")
    Note.cites.get_linked_many(["a", "b", "c"])


def only_records() -> None:
    for name in ("x", "y"):
        Note.create(title=name, body="text")
        Logged.create(name=name)
    for field in (Note.near, Note.cites):
        field.co_occur(["Note:x", "Note:y", "Note:z"], records_only=True)
        field.strengthen_many([("Note:x", "Note:y"), ("Note:x", "Note:z")], records_only=True)
    Logged.near.strengthen("Logged:x", "Logged:y", records_only=True)


def adopted(client: Any) -> None:
    for name, field in (("Topic", "near"), ("Note", "cites")):
        client.zadd(f"$CoOccurrencF:{name}:{field}:x", {"y": 0.5, "z": 0.25, "x": 1})
    adopt(Topic, watch=0)
    adopt(Note, watch=0)


def test_what_is_sent_is_what_the_contract_asks_for(client: Any, sent: list[Call]) -> None:
    everything(client)
    assert {call.script.name for call in sent} == set(FILES)
    wrong = [call for call in sent if not any(fits(call, n) for n in range(len(call.args) + 1))]
    assert wrong == []


def fits(call: Call, repeats: int) -> bool:
    """Whether the contract, repeated so often, asks for just these keys and arguments."""
    entries = contract(call.script.name)
    return all(
        any(covers(which, array, values, repeats) for which in choices(entries))
        for array, values in (("KEYS", call.keys), ("ARGV", call.args))
    )


def choices(entries: list[Entry]) -> Iterator[list[Entry]]:
    """A contract with the first of its optional entries, from all of them to none."""
    optional = [entry for entry in entries if entry.optional]
    for count in range(len(optional), -1, -1):
        yield [entry for entry in entries if entry not in optional[count:]]


def covers(entries: list[Entry], array: str, values: tuple[Any, ...], repeats: int) -> bool:
    places: list[int] = []
    for entry in entries:
        if entry.array == array:
            found = entry.indices(repeats, len(values))
            if not all(0 < at <= len(values) and typed(entry, values[at - 1]) for at in found):
                return False
            places += found
    return sorted(places) == list(range(1, len(values) + 1))


def typed(entry: Entry, value: Any) -> bool:
    convert: Any = {"integer": int, "float": float}.get(entry.type, lambda text: text)
    try:
        convert(value)
    except ValueError:
        return False
    return True


# What is installed


def test_the_wheel_carries_scripts_libraries_and_types(tmp_path: Path) -> None:
    project = Path(__file__).parent.parent
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", str(tmp_path)]
    subprocess.run([*build, str(project)], check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("popoto_recall-*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    scripts_packed = {f"popoto_recall/lua/{name}.lua" for name in FILES}
    libraries_packed = {f"popoto_recall/lua/lib/{name}.lua" for name in LIBRARIES}
    assert scripts_packed | libraries_packed | {"popoto_recall/py.typed"} <= packed
    assert not {name for name in packed if not name.startswith("popoto_recall")}
