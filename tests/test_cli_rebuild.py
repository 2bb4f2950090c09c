"""The command that makes filters and sketches anew."""

from __future__ import annotations

from typing import Any

import pytest
from popoto import KeyField, Model, StringField, UniqueKeyField
from typer.testing import CliRunner, Result

from popoto_recall import ExistenceFilter, FrequencySketch
from popoto_recall.cli.app import app


class Entry(Model):
    name = UniqueKeyField()
    text = StringField()
    seen = ExistenceFilter(capacity=100, fingerprint_fn=lambda entry: entry.text)
    often = FrequencySketch(width=50, depth=2, fingerprint_fn=lambda entry: entry.text)


class Shared(Model):
    name = KeyField()
    agent = KeyField()
    seen = ExistenceFilter(capacity=100, partition_by="agent")


class Plain(Model):
    name = UniqueKeyField()


def rebuild(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rebuild", *arguments])


def test_both_fields_come_back(client: Any) -> None:
    Entry.bulk_create([Entry(name=f"e{i}", text=f"word{i}") for i in range(5)])
    client.delete("$EF:Entry:seen", "$FS:Entry:often")
    result = rebuild("test_cli_rebuild:Entry")
    assert result.exit_code == 0, result.output
    assert "Entry.seen" in result.output
    assert "5/5" in result.output
    assert not Entry.seen.might_exist("other")
    assert Entry.often.get_frequency("word3") == 1


def test_one_field_alone(client: Any) -> None:
    Entry.create(name="e", text="word")
    client.delete("$EF:Entry:seen", "$FS:Entry:often")
    assert rebuild("test_cli_rebuild:Entry", "--field", "seen").exit_code == 0
    assert Entry.seen.info().complete
    assert not Entry.often.info().complete


def test_every_partition(client: Any) -> None:
    for agent in ("one", "t:wo"):
        Shared.create(name="x", agent=agent)
    client.delete("$EF:Shared:seen:{one}", "$EF:Shared:seen:{t%3Awo}")
    result = rebuild("test_cli_rebuild:Shared")
    assert "agent=t:wo" in result.output
    assert all(Shared.seen.at(agent=agent).info().complete for agent in ("one", "t:wo"))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["Entry"], "module:Model"),
        (["no_such_module:Entry"], "no_such_module"),
        (["test_cli_rebuild:Nothing"], "no Popoto model"),
        (["test_cli_rebuild:Plain"], "no filter or sketch"),
        (["test_cli_rebuild:Entry", "--field", "text"], "seen, often"),
    ],
)
def test_what_cannot_be_rebuilt_is_named(arguments: list[str], text: str) -> None:
    result = rebuild(*arguments)
    assert result.exit_code == 2
    assert text in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("command", ["rebuild", "adopt"])
def test_the_base_class_of_models_is_no_model(command: str) -> None:
    result = CliRunner().invoke(app, [command, "popoto:Model"])
    assert result.exit_code == 2
    assert "base class of models" in " ".join(result.output.split())
