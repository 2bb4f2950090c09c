"""The command that takes over what Popoto's own fields left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import popoto
import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField, redis_db
from typer.testing import CliRunner, Result

import popoto_recall
from popoto_recall.cli.app import app


def thought(fields: Any) -> Any:
    """The same model, with the fields of either library."""

    class Thought(Model):
        name = UniqueKeyField()
        text = StringField()
        near = fields.CoOccurrenceField(max_edges=5)
        seen = fields.ExistenceFilter(capacity=100, fingerprint_fn=lambda thought: thought.text)
        often = fields.FrequencySketch(width=50, depth=2, fingerprint_fn=lambda t: t.text)

    return Thought


Theirs, Thought = thought(popoto), thought(popoto_recall)


class Tenant(Model):
    name = KeyField()
    agent = KeyField()
    near = popoto_recall.CoOccurrenceField(partition_by="agent")


class Plain(Model):
    name = UniqueKeyField()


OLD = "$CoOccurrencF:Thought:near:"
MODULE = """
from popoto import Model, StringField, UniqueKeyField
from {fields} import CoOccurrenceField, ExistenceFilter, FrequencySketch


class Thought(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=5)
    seen = ExistenceFilter(capacity=100, fingerprint_fn=lambda thought: thought.text)
    often = FrequencySketch(width=50, depth=2, fingerprint_fn=lambda thought: thought.text)
"""
WRITE = """
from thoughts import Thought
for name in "abc":
    Thought.create(name=name, text=f"green {name}tea")
Thought._meta.fields["near"].link(Thought, "Thought:a", "Thought:b", 0.5)
"""


def adopt(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, ["adopt", *arguments, "--watch", "0"])


def words(result: Result) -> str:
    return " ".join(result.output.replace("│", " ").split())


@pytest.fixture
def left(client: Any) -> Any:
    """A server with what Popoto's fields leave, a bit of everything."""
    redis_db._LOADED_SHAS.clear()  # Popoto takes a script for loaded that was once, anywhere
    Theirs.create(name="a", text="green tea")
    for other in "bcd":
        Theirs._meta.fields["near"].link(Theirs, "a", other, 0.5)
    client.zadd(OLD + "a", {"a": 0.5, "e": 2.5, "f": 0})
    return client


def dumps(client: Any) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.keys("*")}


def test_everything_is_taken_over_and_explained(left: Any) -> None:
    result = adopt("test_cli_adopt:Thought")
    assert result.exit_code == 0, result.output
    said = words(result)
    assert "Thought.near" in said
    for line in (
        "6 found",
        "4 moved",
        "1 in one direction alone",
        "1 over the highest weight",
        "1 dropped: from a node to itself",
        "1 dropped: weight not above 0",
        "Thought.seen: made anew",
        "Thought.often: made anew",
        "Thought.near: moving",
    ):
        assert line in said, said
    assert Thought.near.get_linked("a")[0] == ("e", 1.0)
    assert Thought.often.get_frequency("green") == 1


def test_a_second_run_finds_nothing(left: Any) -> None:
    adopt("test_cli_adopt:Thought")
    result = adopt("test_cli_adopt:Thought")
    assert result.exit_code == 0
    assert "Nothing to adopt" in words(result)


@pytest.mark.usefixtures("client")
def test_without_anything_it_says_so() -> None:
    for options in ((), ("--dry-run",)):
        result = adopt("test_cli_adopt:Thought", *options)
        assert result.exit_code == 0
        assert "Nothing to adopt" in words(result)


def test_a_dry_run_says_it_all_and_changes_nothing(left: Any) -> None:
    before = dumps(left)
    result = adopt("test_cli_adopt:Thought", "--dry-run")
    assert result.exit_code == 0, result.output
    assert "4 moved" in words(result)
    assert "Thought.seen: to be made anew" in words(result)
    assert "Nothing was changed" in words(result)
    assert dumps(left) == before


def test_too_little_room_needs_a_word(left: Any) -> None:
    left.zadd(OLD + "a", {"g": 0.25, "h": 0.125})
    before = dumps(left)
    dry = adopt("test_cli_adopt:Thought", "--dry-run")
    result = adopt("test_cli_adopt:Thought")
    assert dry.exit_code == result.exit_code == 1
    for said in (words(dry), words(result)):
        assert "would be lost: up to 1. Declare max_edges=6 to keep them all" in said
    assert dumps(left) == before
    pruned = adopt("test_cli_adopt:Thought", "--prune")
    assert pruned.exit_code == 0
    assert "1 dropped: over max_edges" in words(pruned)
    assert "h" not in dict(Thought.near.get_linked("a"))


def test_edges_without_a_place_need_a_word(client: Any) -> None:
    old = "$CoOccurrencF:Tenant:near:"
    client.zadd(old + "Tenant:one:a", {"Tenant:one:b": 0.5, "Tenant:two:a": 0.5, b"\xff": 0.5})
    assert adopt("test_cli_adopt:Tenant", "--dry-run").exit_code == 1
    refused = adopt("test_cli_adopt:Tenant")
    assert refused.exit_code == 1
    assert "'near' that have no place in the new graph: 2 (1 whose ends" in words(refused)
    said = words(adopt("test_cli_adopt:Tenant", "--leave"))
    assert "1 moved" in said
    assert "1 left in their old place: the ends are not in one partition" in said
    assert "1 left in their old place: a name that is no UTF-8" in said
    again = words(adopt("test_cli_adopt:Tenant"))
    assert "Nothing to adopt" in again
    assert "1 left in their old place: the ends" in again


def test_a_key_of_another_type_is_named(left: Any) -> None:
    left.set(OLD + "x[b]", "text")
    for options in ((), ("--dry-run",)):
        result = adopt("test_cli_adopt:Thought", *options)
        assert result.exit_code == 1
        assert f"'{OLD}x[b]' holds a string" in words(result)


@pytest.mark.usefixtures("client")
def test_a_model_whose_import_is_still_the_old_one_is_refused() -> None:
    result = adopt("test_cli_adopt:Theirs")
    assert result.exit_code == 1
    assert "change the import first" in words(result)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["Thought"], "module:Model"),
        (["no_such_module:Thought"], "no_such_module"),
        (["test_cli_adopt:Nothing"], "no Popoto model"),
        (["test_cli_adopt:Thought", "--watch", "-1"], "--watch"),
    ],
)
def test_what_cannot_be_adopted_is_named(arguments: list[str], text: str) -> None:
    result = CliRunner().invoke(app, ["adopt", *arguments])
    assert result.exit_code == 2
    assert text in words(result)


def test_a_team_changes_one_import_line_and_adopts(real_client: Any, tmp_path: Path) -> None:
    """Processes of their own, with the installed command: Popoto's program, then ours."""
    socket = real_client.connection_pool.connection_kwargs["path"]

    def process(*command: str) -> str:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "REDIS_URL": f"unix://{socket}", "COLUMNS": "200"},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    module = tmp_path / "thoughts.py"
    module.write_text(MODULE.format(fields="popoto"))
    process(sys.executable, "-c", WRITE)
    module.write_text(MODULE.format(fields="popoto_recall"))
    command = str(Path(sys.executable).with_name("popoto-recall"))
    said = process(command, "adopt", "thoughts:Thought", "--watch", "0.1").split()
    assert "1 moved" in " ".join(said)
    asked = "from thoughts import Thought as T; print(T.near.get_linked('Thought:b'))"
    assert process(sys.executable, "-c", asked) == "[('Thought:a', 0.5)]\n"
    assert "Nothing to adopt" in process(command, "adopt", "thoughts:Thought")


class Mixed(Model):
    name = UniqueKeyField()
    near = popoto_recall.CoOccurrenceField()
    often = popoto.FrequencySketch()


@pytest.mark.parametrize("options", [["--dry-run"], ["--watch", "0"]])
def test_a_field_whose_import_was_not_changed_is_named(client: Any, options: list[str]) -> None:
    said = CliRunner().invoke(app, ["adopt", "test_cli_adopt:Mixed", *options])
    assert said.exit_code == 0
    assert "Mixed.often is a field of Popoto's" in said.output
    assert "Mixed.near" not in said.output
