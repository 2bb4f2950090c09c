"""``python -m benchmarks recall``: that its figures are what was measured."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from popoto import BM25Field, Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField
from popoto_recall.cli.judge import mean

sys.path.append(str(Path(__file__).parent.parent))

from benchmarks.__main__ import main
from benchmarks.recall import dialogues, edges, histories, locomo, run, words
from benchmarks.recall.dialogues import Corpus, Setting

TURNS = [
    ("Ada", "What did you name the dog?"),
    ("Bo", "Rex, after my uncle."),
    ("Ada", "Where does your uncle live?"),
    ("Bo", "By the sea."),
]
QA = [
    {"question": "What is the name of the dog?", "evidence": ["D1:2"], "category": 4},
    {"question": "Where is the sea?", "evidence": ["D1:4; D9:9"], "category": 2},
    {"question": "Which dog flies?", "evidence": ["D1:1"], "category": 5},
    {"question": "Nothing names a turn", "evidence": ["D9:9"], "category": 1},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    turns = [
        {"speaker": who, "dia_id": f"D1:{number}", "text": text}
        for number, (who, text) in enumerate(TURNS, 1)
    ]
    other = {"speaker": "Bo", "dia_id": "D2:1", "text": "Look!", "blip_caption": "a dog"}
    talks = [
        {"name": name, "qa": QA, "session_2": [other], "session_1": turns, "session_1_date": "x"}
        for name in ("one", "two")
    ]
    path = tmp_path / "talks.json.gz"
    path.write_bytes(gzip.compress(json.dumps(talks).encode()))
    return path


@pytest.fixture
def corpus(file: Path) -> Corpus:
    return Corpus(locomo.read(file)[0])


class Doc(Model):
    name = UniqueKeyField()
    text = StringField()
    found = BM25Field(source="text")
    near = CoOccurrenceField(symmetric=False)


# Dialogues


def test_a_file_of_dialogues_is_read(file: Path) -> None:
    told, digest = locomo.read(file)
    assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert list(told[0].turns) == ["D1:1", "D1:2", "D1:3", "D1:4", "D2:1"]
    assert told[0].turns["D2:1"] == "Bo: Look! [a dog]"
    assert [(asked.wanted, asked.category) for asked in told[0].questions] == [
        ({"D1:2"}, "single-hop"),
        ({"D1:4"}, "temporal"),
    ]


def test_the_form_that_locomo_publishes_is_read(file: Path, tmp_path: Path) -> None:
    flat = json.loads(gzip.decompress(file.read_bytes()))
    nested = [
        {"sample_id": talk.pop("name"), "qa": talk.pop("qa"), "conversation": talk} for talk in flat
    ]
    path = tmp_path / "published.json"
    path.write_text(json.dumps(nested))
    assert locomo.read(path)[0] == locomo.read(file)[0]


def test_words_rank_as_popotos_own_index_does(real_client: Any) -> None:
    texts = {f"d{number}": text for number, (_, text) in enumerate(TURNS * 2)}
    keys = {Doc.create(name=n, text=t).db_key.redis_key: n for n, t in texts.items()}
    ours = words.Index({n: words.counts(t) for n, t in texts.items()}, k1=1.2, b=0.75)
    for question in ("uncle live", "dog", "the sea and the dog", "nothing"):
        theirs = BM25Field.search(Doc, "found", question, limit=50)
        assert ours.search(question) == {
            keys[key]: pytest.approx(score, abs=1e-9) for key, score in theirs
        }


def test_a_setting_answers_as_the_library_does(client: Any, corpus: Corpus) -> None:
    (graph, _) = corpus.graphs(edges.following)
    for source, targets in graph.items():
        for target, weight in targets:
            Doc.near.link(source, target, weight)
    for heard in corpus.questions[:2]:
        for keep in (0, 1, 5):
            answer = Setting(keep=keep).answer(heard.hits, graph)
            assert answer == [pk for pk, _ in Doc.near.widen(heard.hits, keep=keep)]


def test_the_graph_finds_what_was_said_next_and_words_do_not(corpus: Corpus) -> None:
    follow = corpus.graphs(edges.following)
    assert mean(corpus.words()).ten == 0.5
    assert mean(corpus.widened(Setting(), follow)).ten == 1.0
    assert mean(corpus.neighbours_indexed()).ten == 1.0
    assert mean(corpus.left_out(5, ["ten"])[0]).ten == 1.0


def test_edges_stay_within_a_session_and_fall_with_distance(corpus: Corpus) -> None:
    (graph, _) = corpus.graphs(lambda one: edges.following(one, (0.5, 0.4), (0.25,)))
    assert graph["D1:2"] == [("D1:3", 0.5), ("D1:4", 0.4), ("D1:1", 0.25)]
    assert "D2:1" not in graph


def test_edges_of_what_is_shared(corpus: Corpus) -> None:
    told = corpus.dialogues[0]
    assert edges.sharing(told, edges.rare_words(told))["D1:2"] == [("D1:3", 0.1)]
    assert edges.names("Bo: We met Carl and Dora. Eve left") == {"Carl", "Dora"}


def test_feedback_is_of_the_other_half_of_the_questions(corpus: Corpus) -> None:
    asked = []
    dialogues.by_feedback(corpus, Setting(), lambda heard: asked.append(heard) or [])
    assert asked == [*corpus.questions[1::2], *corpus.questions[::2]]


# Histories


def history_file(folder: Path) -> Path:
    commits = [(day * histories.DAY, PAIRS[day % 2]) for day in range(40)]
    path = folder / "commits.jsonl"
    path.write_text("".join(json.dumps(commit) + "\n" for commit in commits))
    return path


PAIRS = (["src/parse.py", "media/tree.bin"], ["src/draw.py", "docs/colours.md", "docs/colours.md"])


def test_what_is_changed_together_is_found(tmp_path: Path) -> None:
    path = history_file(tmp_path)
    commits, digest = histories.read(path)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert commits[1].files == ("src/draw.py", "docs/colours.md")
    judgement = histories.Judgement(commits)
    assert len(judgement.questions) == 20
    assert mean(judgement.widened()).first == 1.0 > mean(judgement.alone()).first
    assert mean(judgement.graph_alone()).first == 1.0


def test_a_graph_of_commits_weighs_as_co_occur_does(client: Any) -> None:
    graph = histories.Commits()
    for number in range(30):
        commit = histories.Commit(number, ("a", "b", "c")[number % 2 :])
        graph.add(commit)
        Doc.near.co_occur(commit.files)
    for file in "abc":
        linked = Doc.near.get_linked(file)
        assert dict(graph.linked(file, 30)) == {pk: pytest.approx(w) for pk, w in linked}


def test_edges_fade_between_commits() -> None:
    graph = histories.Commits(half_life=100)
    graph.add(histories.Commit(0, ("a", "b")))
    graph.add(histories.Commit(100, ("a", "b")))
    assert graph.linked("a", 200) == [("b", pytest.approx(0.0375))]


def test_a_commit_of_very_many_files_ties_none() -> None:
    graph = histories.Commits()
    graph.add(histories.Commit(0, tuple(map(str, range(21)))))
    assert graph.linked("1", 1) == []


# The command


def test_it_prints_tables_and_sums(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = history_file(tmp_path)
    main(["recall", "--locomo", str(file), "--history", str(history), "--no-server"])
    said = capsys.readouterr().out
    for path in (file, history):
        assert f"{path.name}  sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}" in said
    assert "2 dialogues, 10 turns, 4 questions" in said
    row = next(line for line in said.splitlines() if line.startswith(" widen, its defaults"))
    assert row.split()[4:7] == ["0.000", "1.000", "1.000"]
    assert max(map(len, said.splitlines())) <= run.WIDTH
    assert "single-hop: 2 questions" in said
    assert "40 commits, 20 questions about 10" in said


def test_it_asks_the_library_on_a_server(
    file: Path, binary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["recall", "--locomo", str(file), "--server", binary])
    said = capsys.readouterr().out
    for way, ten in (("words alone, AgentMemory", 0.5), ("AgentMemory.recall", 1), ("Context", 1)):
        row = next(line for line in said.splitlines() if line.startswith(f" {way}"))
        assert float(re.findall(r" (\d\.\d{3}) ", row)[2]) == ten
    assert "words alone, Popoto's DefaultMemory" in said


@pytest.mark.parametrize("arguments", [[], ["--locomo", "nowhere.json"], ["--git", "/"]])
def test_what_it_cannot_measure_it_refuses(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(["recall", *arguments])
