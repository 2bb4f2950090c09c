"""``popoto-recall demo --git``: what a history tells of the files that go together."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from popoto_recall import ArgumentError
from popoto_recall.cli import git
from popoto_recall.cli.app import app
from popoto_recall.cli.commits import MOST_FILES, Commit, Past, beside, history

IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}

PAIRS = [("src/parse.py", "tests/grammar.txt"), ("src/draw.py", "media/palette.bin")]
"""Files that are always changed together, and whose names have nothing in common."""


def commit(folder: Path, files: Sequence[str], when: int) -> None:
    for name in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{when}\n")
    run = {"cwd": folder, "check": True, "capture_output": True}
    dates = {"GIT_AUTHOR_DATE": f"{when} +0000", "GIT_COMMITTER_DATE": f"{when} +0000"}
    subprocess.run(["git", "add", "-A"], **run)
    subprocess.run(
        ["git", "commit", "-q", "-m", "work"], **run, env={**os.environ, **IDENTITY, **dates}
    )


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty commits: two pairs in turns, and other files that are changed more often."""
    folder = tmp_path_factory.mktemp("clone")
    subprocess.run(["git", "init", "-q", "-b", "main", str(folder)], check=True)
    for number in range(40):
        files = PAIRS[number % 2] if number % 3 else ("README.md", "größe.txt")
        commit(folder, files, 1_700_000_000 + number * 86_400)
    return folder


def demo(*arguments: str, width: int = 80) -> Result:
    return CliRunner().invoke(app, ["demo", *arguments], env={"COLUMNS": str(width)})


def row(output: str, first: str) -> list[float]:
    line = next(line for line in output.splitlines() if line.strip().startswith(first))
    return [float(cell) for cell in line.replace(first, "").split()]


def test_it_shows_that_the_graph_tells_more_than_names(repository: Path) -> None:
    said = demo("--git", str(repository))
    assert said.exit_code == 0, said.output
    plain = row(said.output, "path, popularity, recency")
    widened = row(said.output, "the same, with the graph")
    assert widened[0] == 1.0 > plain[0]
    assert row(said.output, "difference")[0] == pytest.approx(widened[0] - plain[0], abs=0.001)
    assert "40 commits" in said.output
    assert "tells more than names" in said.output
    assert "was changed. What else?" in said.output
    assert "+ src/draw.py" in said.output
    assert max(map(len, said.output.splitlines())) <= 80


def test_the_default_is_this_folder(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository / "src")
    assert "40 commits" in demo("--git").output


def test_what_has_no_history_is_refused_in_a_sentence(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        said = demo("--git", str(folder), width=500)
        assert said.exit_code == 1
        assert said.output.startswith("no history at ")
        assert "Traceback" not in said.output


def test_too_little_history_is_refused(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert "no history" in demo("--git", str(tmp_path), width=500).output
    commit(tmp_path, ["a", "b"], 1_700_000_000)
    said = demo("--git", str(tmp_path), width=500)
    assert said.exit_code == 1
    assert "too little history" in said.output


@pytest.mark.parametrize("options", [["--ask", "x"], ["--page", "try"]])
def test_it_goes_with_no_other_option(repository: Path, options: list[str]) -> None:
    assert demo("--git", str(repository), *options).exit_code == 2
    assert demo(str(repository)).exit_code == 2


def test_a_missing_git_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ArgumentError, match="git is not installed"):
        history(tmp_path)


def test_a_history_is_read_oldest_first(repository: Path) -> None:
    commits = history(repository)
    assert len(commits) == 40
    assert [one.when for one in commits] == sorted(one.when for one in commits)
    assert commits[0].files == ("README.md", "größe.txt")
    assert history(repository, 3) == commits[-3:]


# Questions


def test_a_question_knows_only_what_was_before() -> None:
    past = Past()
    for number, files in enumerate([("a.py", "b.py"), ("c.py",), ("a.py", "c.py", "new.py")]):
        asked = list(past.ask(number, Commit(number, files)))
        past.add(files)
    assert [(question.given, question.wanted) for question in asked] == [
        ("a.py", {"c.py"}),
        ("c.py", {"a.py"}),
    ]
    assert all(question.given not in question.hits for question in asked)
    assert set(asked[0].hits) == {"b.py", "c.py"}


def test_hits_are_ranked_by_path_popularity_and_recency() -> None:
    past = Past()
    past.add(["src/core/parse.py", "docs/often.md", "docs/old.md"])
    past.add(["docs/often.md"])
    past.add(["src/core/parse_test.py"])
    popular = ["docs/often.md", "docs/old.md", "src/core/parse.py", "src/core/parse_test.py"]
    hits = list(past.hits("src/core/parse.py", popular))
    assert hits[0] == "src/core/parse_test.py"
    assert hits[-1] == "docs/old.md"


def test_a_file_is_as_recent_as_its_last_change() -> None:
    past = Past()
    for file in "abca":
        past.add([file])
    assert list(past.hits("q", popular=[])) == ["a", "c", "b"]


def test_a_commit_is_asked_about_before_it_is_learned(client: Any) -> None:
    exam = git.Exam([Commit(number, ("a", "b")) for number in range(3)] + [Commit(3, ("a", "c"))])
    exam.sit(exam.commits)
    assert (exam.begin, exam.answers) == (3, [])
    assert [file for file, _ in git.RecallDemoFile.together.get_linked("c")] == ["a"]


def test_a_commit_of_very_many_files_asks_nothing() -> None:
    past = Past()
    files = tuple(f"f{number}" for number in range(MOST_FILES + 1))
    past.add(files)
    assert list(past.ask(0, Commit(0, files))) == []
    assert len(list(past.ask(0, Commit(0, files[:-1])))) == MOST_FILES


def test_the_given_file_is_ranked_above_its_hits() -> None:
    past = Past()
    past.add(["a", "b", "c"])
    (question, *_) = past.ask(0, Commit(0, ("a", "b")))
    ranking = beside(question)
    assert next(iter(ranking)) == "a"
    assert ranking["a"] == max(ranking.values())


def test_of_a_long_history_some_are_asked_about() -> None:
    exam = git.Exam([Commit(number, ("a", "b")) for number in range(10)])
    assert (exam.begin, exam.stride) == (8, 1)
    exam = git.Exam([Commit(number, ("a", "b")) for number in range(git.MOST_JUDGED * 8)])
    assert exam.stride == 2
