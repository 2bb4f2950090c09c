"""The command line: what a newcomer types, and reads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from models import memory
from typer.testing import CliRunner, Result

from popoto_recall.cli import pages
from popoto_recall.cli.app import app
from popoto_recall.cli.records import RecallDemoPage

FEW = ("exceptions", "try", "raise", "with", "context-managers", "yield", "compound", "while")
COMMAND = "from popoto_recall.cli.main import main; main()"


@pytest.fixture
def few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A help of eight pages, which the server in the process saves in a second."""
    monkeypatch.setattr(pages, "texts", {name: pages.texts[name] for name in FEW})
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def on_a_server(real_client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A real server as the one of REDIS_URL."""
    monkeypatch.setenv("REDIS_URL", "unix://" + _socket(real_client))
    return real_client


def _socket(client: Any) -> str:
    return str(client.connection_pool.connection_kwargs["path"])


def demo(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["demo", *arguments], env={"COLUMNS": "80"})


def row(output: str, first: str) -> list[str]:
    """Cells of the table row that begins with ``first``."""
    lines = [line for line in output.splitlines() if line.strip().startswith(first + "  ")]
    assert lines, f"no row {first!r} in\n{output}"
    return lines[0].removeprefix("  " + first).split()


@pytest.mark.usefixtures("few_pages")
def test_shows_an_answer_of_each_kind_and_what_it_cost() -> None:
    said = demo()
    assert said.exit_code == 0, said.output
    assert row(said.output, "try") == ["0.80"]
    assert row(said.output, "context-managers") == [
        *("0.020", "-0.2->", "with", "-0.4->", "context-managers"),
    ]
    assert row(said.output, "zeppelin") == ["no,", "never", "0", "0"]
    seen, estimated, counted = row(said.output, "object")
    assert seen == "yes"
    assert int(estimated) >= int(counted) > 0
    assert row(said.output, "what goes with it")[-2:] == ["1", "call"]


@pytest.mark.usefixtures("few_pages")
def test_answers_only_what_was_asked() -> None:
    said = demo("--ask", "exception", "--ask", "zeppelin", "--ask", "the")
    assert said.exit_code == 0, said.output
    seen, estimated, counted = row(said.output, "exception")
    assert seen == "yes"
    assert int(estimated) >= int(counted) > 0
    assert row(said.output, "zeppelin") == ["no,", "never", "0", "0"]
    assert row(said.output, "the")[0] == "ignored"
    assert "What goes with" not in said.output


@pytest.mark.usefixtures("few_pages")
@pytest.mark.parametrize("name", ["LOOPING", "looping"])
def test_takes_the_names_that_help_knows_for_pages(name: str) -> None:
    said = demo("--page", name)
    assert said.exit_code == 0, said.output
    assert "What goes with 'compound'?" in said.output
    assert row(said.output, "while") == ["0.20"]
    assert "ever seen" not in said.output


def test_an_unknown_page_is_refused_at_once_with_names_close_to_it() -> None:
    said = demo("--page", "excepton")
    assert said.exit_code == 2
    assert "no page 'excepton'" in said.output
    assert "exceptions" in said.output
    assert "Saving" not in said.output


def test_every_name_it_offers_as_close_is_one_it_knows() -> None:
    offered = [close for name in ("loopin", "excepton", "fals") for close in pages.close_to(name)]
    assert offered
    assert all(pages.find(name) for name in offered)


def test_links_pages_that_the_help_names_together() -> None:
    pairs = {(mention.source, mention.target) for mention in pages.mentions()}
    assert ("try", "exceptions") in pairs
    assert ("slicings", "subscriptions") in pairs  # help('[')
    assert all(source != target for source, target in pairs)


def test_leaves_a_server_as_it_was(on_a_server: Any) -> None:
    memory("tea", "green tea")
    before = _contents(on_a_server)
    said = demo("--ask", "exception")
    assert said.exit_code == 0, said.output
    assert row(said.output, "exception")[0] == "yes"
    assert _contents(on_a_server) == before


def test_without_a_server_there_is_nothing_to_keep() -> None:
    said = demo("--keep")
    assert said.exit_code == 2
    assert "REDIS_URL" in said.output


def test_keeps_its_records_when_told_to_and_begins_anew_the_next_time(on_a_server: Any) -> None:
    memory("tea", "green tea")
    before = _contents(on_a_server)
    first, second = demo("--keep", "--ask", "generator"), demo("--keep", "--ask", "generator")
    assert row(first.output, "generator") == row(second.output, "generator")
    assert len(RecallDemoPage.query.all()) == len(pages.texts)
    kept = _contents(on_a_server)
    assert {key: kept[key] for key in before} == before
    assert all(b"RecallDemoPage" in key for key in kept.keys() - before.keys())


def test_says_when_the_server_refuses(on_a_server: Any) -> None:
    on_a_server.set("$CoOcF:RecallDemoPage:goes_with:RecallDemoPage:try", "not a graph")
    said = demo("--page", "try")
    assert said.exit_code == 1
    assert "holds a string, which does not belong there" in " ".join(said.output.split())


def test_says_when_there_is_no_server() -> None:
    said = _python(COMMAND, "demo", REDIS_URL="unix:///nowhere.sock")
    assert said.returncode == 1
    assert "Cannot reach the server of REDIS_URL" in said.stdout
    assert "Traceback" not in said.stderr


def test_runs_as_a_command_of_its_own(real_client: Any) -> None:
    said = _python(
        COMMAND,
        *("demo", "--page", "exceptions"),
        REDIS_URL="unix://" + _socket(real_client),
    )
    assert said.returncode == 0, said.stderr
    assert row(said.stdout, "try") == ["0.80"]


@pytest.mark.parametrize("missing", ["typer", "rich", "fakeredis", "lupa"])
def test_names_the_extra_when_a_package_is_missing(missing: str) -> None:
    said = _python(
        f"import sys; sys.modules[{missing!r}] = None\n{COMMAND}",
        "demo",
    )
    assert said.returncode == 1
    extra = "cli" if missing in ("typer", "rich") else "demo"
    wanted = f"popoto-recall needs {missing}: pip install 'popoto-recall[{extra}]'"
    assert said.stderr.strip() == wanted


def test_the_library_does_not_load_the_command_line() -> None:
    said = _python(
        "import sys, popoto_recall\n"
        "print([m for m in sys.modules if m in ('typer', 'rich') or 'recall.cli' in m])"
    )
    assert said.stdout.strip() == "[]"


def _python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if name != "REDIS_URL"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**inherited, "COLUMNS": "80", **environment},
    )


def _contents(client: Any) -> dict[bytes, bytes]:
    return {key: client.dump(key) for key in client.scan_iter()}
