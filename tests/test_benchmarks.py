"""The benchmark: that its figures are what was measured, and its tables what they say."""

from __future__ import annotations

import io
import math
import os
import platform
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from popoto import redis_db
from servers import Server, binaries
from support import content

sys.path.append(str(Path(__file__).parent.parent))

from benchmarks import (
    accuracy,
    filters,
    graph_upkeep,
    graphs,
    growth,
    machine,
    page,
    report,
    saves,
    suite,
    tenants,
)
from benchmarks import stage as staging
from benchmarks.__main__ import main, options
from benchmarks.clocks import InfoCpu, Schedstat, clock_of
from benchmarks.cores import pinned
from benchmarks.machine import facts
from benchmarks.measure import Meter, Sample, Variant, quantile
from benchmarks.models import Ours, Twin, filter_models
from benchmarks.outcome import NO_OP, Claim, Outcome, Row, at_least, at_most, beside, faster, within
from benchmarks.stage import Plan, Stage, newest_seven, staged
from benchmarks.suite import SECTIONS, Result, Section
from benchmarks.traffic import bytes_sent, scripts_sent
from benchmarks.words import FAMILIES, family, words

ROOT = Path(__file__).parent.parent

MICRO = 1e-6

TINY = Plan(
    name="tiny",
    seconds=0.0,
    turns=1,
    nodes=200,
    busy_nodes=50,
    scanned=50,
    capacity=100,
    outgrown=20,
    records=5,
    tenants=20,
    sizes=(50, 100),
    impatient=True,
)
"""Every section in seconds; the figures mean nothing."""

one_server = pytest.mark.parametrize("server", [next(iter(binaries()), "real")], scope="session")


planted = graph_upkeep.planted


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less in what a plan does not size."""
    monkeypatch.setattr(filters.filled, "__defaults__", (500,))
    monkeypatch.setattr(filters, "FULL", 500)
    monkeypatch.setattr(filters, "BATCHES", filters.BATCHES[1:3])
    monkeypatch.setattr(accuracy, "DRAWN", 2000)
    monkeypatch.setattr(accuracy, "DISTINCT", 200)
    monkeypatch.setattr(growth, "ASKED", 2000)
    monkeypatch.setattr(
        graph_upkeep, "planted", lambda stage, nodes, weigh: planted(stage, 50, weigh)
    )


@pytest.fixture
def stage(running: Server) -> Iterator[Stage]:
    """A stage with a server of its own."""
    with staged(running.binary, TINY, seed=1) as made:
        yield made


def samples(**wall: list[float]) -> dict[str, Sample]:
    return {name: Sample(values) for name, values in wall.items()}


# Medians, ratios, verdicts


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([3, 1, 2], 0.5, 2),
        ([4, 1, 2, 3], 0.5, 2.5),
        ([1, 2, 3, 4, 5], 0.25, 2),
        ([10, 20], 0.95, 19.5),
        ([7], 0.99, 7),
        ([1, 2, 3, 1000], 1.0, 1000),
    ],
)
def test_quantiles_of_known_values(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)
    assert Sample([], values).at(share, "server") == pytest.approx(expected)


def test_nothing_measured_is_no_number() -> None:
    assert math.isnan(quantile([], 0.5))
    assert math.isnan(Sample([1.0]).at(0.5, "server"))


FAST, SLOW = [1.0, 2.0, 3.0, 90.0], [5.0, 25.0, 5.0, 5.0]
"""Medians 2.5 and 5."""


def test_a_claim_is_the_ratio_of_the_medians() -> None:
    known = samples(ours=FAST, theirs=SLOW)
    assert faster(2, "theirs", "ours").row(known).value == pytest.approx(2)
    assert faster(2, "ours", "theirs").row(known).value == pytest.approx(0.5)
    assert within(1.1, "theirs", "ours").row(known).value == pytest.approx(0.5)
    assert within(1.1, "ours", "theirs").row(known).value == pytest.approx(2)


def test_a_claim_can_be_of_the_servers_time_and_of_a_quantile() -> None:
    known = {"ours": Sample([9.0], [1.0, 3.0]), "theirs": Sample([9.0], [4.0])}
    assert faster(1, "theirs", "ours", clock="server").row(known).value == pytest.approx(2)
    slowest = Claim("ours", "theirs", at_most(4), "server", quantile=1.0)
    assert slowest.row(known).value == pytest.approx(0.75)
    assert slowest.row(known).figure == "ours: p100 of the server CPU against theirs"


def test_a_claim_can_be_of_what_goes_beyond_a_floor() -> None:
    known = {"ours": Sample([3.0]), "theirs": Sample([9.0]), "none": Sample([1.0])}
    row = faster(3.5, "theirs", "ours", beyond="none").row(known)
    assert (row.value, row.verdict) == (pytest.approx(4), "met")
    assert row.figure == "ours: wall time beyond a none, against theirs"
    assert faster(2, "theirs", "none", beyond="none").row(known).value > 1000


def test_a_ratio_without_a_bound_is_shown_and_not_judged() -> None:
    known = samples(**{"ours, hiredis": FAST, "theirs, hiredis": SLOW})
    row = beside("theirs, hiredis", "ours, hiredis").row(known)
    assert (row.value, row.target, row.verdict) == (pytest.approx(0.5), None, "")
    assert row.figure == "ours, hiredis: wall time against theirs"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (faster(1.9, "theirs", "ours"), "met"),
        (faster(2.1, "theirs", "ours"), "MISS"),
        (within(0.6, "theirs", "ours"), "met"),
        (within(0.4, "theirs", "ours"), "MISS"),
        (faster(1.0, "absent", "ours"), "no module here"),
    ],
)
def test_a_claim_is_held_to_its_bound(claim: Claim, verdict: str) -> None:
    row = claim.row(samples(ours=FAST, theirs=SLOW))
    assert row.verdict == verdict
    assert row.missed == (verdict == "MISS")


@pytest.mark.parametrize(
    ("row", "shown", "wanted", "verdict"),
    [
        (Row("x", 1.5, at_least(1.5)), "1.50x", ">= 1.50x", "met"),
        (Row("x", 1.5, at_most(1.5)), "1.50x", "<= 1.50x", "met"),
        (Row("x", 1.49, at_least(1.5)), "1.49x", ">= 1.50x", "MISS"),
        (Row("x", 51, at_most(50), "{:.0f} ms"), "51 ms", "<= 50 ms", "MISS"),
        (Row("x", 3.0), "3.00x", "", ""),
        (Row("x", math.nan, at_least(2)), "-", ">= 2.00x", "not measured"),
        (Row("x", math.nan, at_most(2), note="left out"), "-", "<= 2.00x", "left out"),
    ],
)
def test_a_row_says_what_it_is(row: Row, shown: str, wanted: str, verdict: str) -> None:
    assert (row.shown, row.wanted, row.verdict) == (shown, wanted, verdict)


KNOWN = [
    Result(
        "Graph: known",
        [
            Outcome(
                "two ways",
                {
                    "first": Sample([12 * MICRO, 10 * MICRO, 14 * MICRO], [4 * MICRO], [9 * MICRO]),
                    "in process": Sample([1500 * MICRO]),
                },
                [
                    Row("first: wall time", 2.0, at_least(1.5)),
                    Row("second: wall time", 1.0, at_least(1.5)),
                    Row("third: wall time", math.nan, at_least(1.5), note="no module here"),
                    Row("bytes", 128_000, form="{:,.0f} bytes"),
                ],
                note="50 nodes, not 100,000",
            ),
            Outcome("rows alone", rows=[Row("fourth", 9.0, at_most(10))]),
        ],
    )
]


def test_the_summary_counts_the_targets_and_names_the_missed() -> None:
    assert report.summary(KNOWN).splitlines() == [
        "2 targets met, 1 missed, 1 not measured",
        "MISS  two ways: second: wall time: 1.00x, >= 1.50x",
    ]


def test_a_table_has_medians_quartiles_and_ratios_to_its_first_line() -> None:
    assert list(report.cells(KNOWN[0].outcomes[0])) == [
        ("first", "12.0", "11.0-13.0", "1.00x", "4.0", "1.00x", "9.0", "1.00x"),
        ("in process", "1,500", "1,500-1,500", "125x", "-", "-", "-", "-"),
    ]


def test_the_terminal_shows_all_of_it() -> None:
    from rich.console import Console

    said = io.StringIO()
    report.show(Console(file=said, width=100), KNOWN[0])
    for text in ("two ways", "11.0-13.0", "125x", "128,000 bytes", "MISS", "met", "(50 nodes, not"):
        assert text in said.getvalue()


# Turns


def names_of_turns(seed: int, rounds: int = 12) -> list[list[str]]:
    """The order in which four variants had their turns, round by round."""
    said: list[str] = []
    variants = [
        Variant(name, lambda _, name=name: said.append(name), served=False) for name in "abcd"
    ]
    found = Meter(None, 0.0, rounds, seed).compare(variants, calls=1)
    assert all(len(sample.wall) == rounds for sample in found.values())
    turns = said[::2]
    assert turns == said[1::2]  # a call to warm up, a call that counts
    return [turns[at : at + 4] for at in range(0, len(turns), 4)]


def test_variants_take_turns_in_an_order_drawn_anew_for_every_round() -> None:
    rounds = names_of_turns(seed=1)
    assert all(sorted(names) == list("abcd") for names in rounds)
    assert len({tuple(names) for names in rounds}) > 3
    assert {names[0] for names in rounds} == set("abcd")
    assert rounds == names_of_turns(seed=1)
    assert rounds != names_of_turns(seed=2)


def test_inputs_are_made_before_the_clock_starts_and_each_is_used_once() -> None:
    made, used = [], []

    def fresh() -> int:
        made.append(len(made))
        assert len(used) in (0, 4, 8)  # all of a turn at once
        return made[-1]

    Meter(None, 0.0, 3, 1).compare([Variant("a", used.append, fresh, served=False)], calls=3)
    assert sorted(used) == made == list(range(12))


@one_server
def test_cpu_time_is_that_of_the_side_that_works(stage: Stage) -> None:
    client = stage.client
    sha = client.script_load("local n = 0 for i = 1, 200000 do n = n + i end return n")

    def count_here(_: object) -> None:
        sum(range(400_000))

    variants = [
        Variant("ping", lambda _: client.ping()),
        Variant("script", lambda _: client.evalsha(sha, 0)),
        Variant("here", count_here),
        Variant("in process", count_here, served=False),
    ]
    found = Meter(stage.clock, 0.0, 5, 1).compare(variants, calls=9)
    server = {name: sample.at(0.5, "server") for name, sample in found.items()}
    here = {name: sample.at(0.5, "client") for name, sample in found.items()}
    assert server["script"] > 2 * max(server["ping"], server["here"])
    assert here["here"] > 2 * max(here["ping"], here["script"])
    assert found["in process"].server == []
    assert all(len(sample.wall) == 45 for sample in found.values())
    assert all(len(sample.client) == 5 for sample in found.values())


def test_what_is_run_once_is_called_once_with_its_own_input() -> None:
    said: list[str] = []
    switched: list[bool] = []
    clock = SimpleNamespace(seconds=lambda: float(len(said)), cost=0.25)
    variants = [Variant(name, said.append, lambda name=name: name + "!") for name in "ab"]
    found = Meter(clock, 5.0, 9, 1, switched.append).once(variants)
    assert said == ["a!", "b!"]
    assert [sample.server for sample in found.values()] == [[0.75], [0.75]]
    assert all(len(sample.wall) == len(sample.client) == 1 for sample in found.values())
    assert switched == [False] * 3


BUSY_SCRIPT = "local n = 0 for i = 1, 2000000 do n = n + i end return n"


@one_server
def test_both_clocks_tell_what_a_script_takes(stage: Stage) -> None:
    kernel, server = clock_of(stage.server.pid, stage.client), InfoCpu(stage.client)
    if not isinstance(kernel, Schedstat):
        pytest.skip("this kernel keeps no account of threads")
    before = kernel.seconds(), server.seconds()
    stage.client.eval(BUSY_SCRIPT, 0)
    own, other = server.seconds() - before[1], kernel.seconds() - before[0]
    assert own > 0.005 > server.cost
    assert own == pytest.approx(other, rel=0.2, abs=0.002)


@one_server
def test_without_an_account_of_threads_the_server_is_asked(stage: Stage) -> None:
    no_process = 2**22 + 1
    clock = clock_of(no_process, stage.client)
    assert clock.name == "INFO cpu"
    assert clock.cost < 0.01


@one_server
def test_a_run_says_how_long_others_were_on_its_cores(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = {os.getpid(): 2.0, stage.server.pid: 0.5}
    monkeypatch.setattr(machine, "waited", waits.__getitem__)
    assert machine.disturbed(stage, 100).endswith("client 2.0%, server 0.5% of the time")
    monkeypatch.setattr(machine, "waited", lambda pid: math.nan)
    assert machine.disturbed(stage, 100) == "not known whether others were on the cores"


@one_server
def test_client_and_server_keep_to_cores_of_their_own(running: Server) -> None:
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core")
    before = os.sched_getaffinity(0)
    with staged(running.binary, TINY, seed=1) as stage:
        own, other = os.sched_getaffinity(0), os.sched_getaffinity(stage.server.pid)
        assert len(own) == len(other) == 1
        assert own != other
        assert stage.cores == f"client pinned to core {min(own)}, server to core {min(other)}"
        assert facts(stage, 1)["cores"] == stage.cores
    assert os.sched_getaffinity(0) == before


def test_one_core_is_shared_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", None, raising=False)
    with pinned(1) as said:
        assert said == "not pinned to cores: there is one"
    monkeypatch.delattr(os, "sched_setaffinity")
    with pinned(1) as said:
        assert said == "not pinned to cores: this system cannot"


# Parsers


@one_server
def test_variants_are_measured_by_redis_py_alone_and_over_hiredis(stage: Stage) -> None:
    pytest.importorskip("hiredis")
    parsed: dict[str, set[str]] = {}

    def parser(name: str) -> str:
        connection = stage.client.connection_pool.get_connection()
        try:
            return type(connection._parser).__name__
        finally:
            stage.client.connection_pool.release(connection)

    def told(name: str) -> Variant:
        return Variant(name, lambda _: parsed.setdefault(name, set()).add(parser(name)))

    stage.compare("x", [told("alone"), told("over").with_hiredis(), *stage.both(told("both"))])
    assert parsed["over"] == {"_HiredisParser"}
    assert all(name.startswith("_RESP") for name in parsed["alone"])
    assert parsed["both"] == parsed["alone"] | parsed["over"]


@one_server
def test_without_hiredis_there_is_one_variant(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "HIREDIS", {})
    variant = Variant("a", print)
    assert stage.both(variant) == [variant]


# What calls send


BINARY = bytes(range(256))


@one_server
def test_scripts_are_seen_as_they_were_sent(stage: Stage) -> None:
    outer = "redis.call('SET', KEYS[1], ARGV[1]) return 1"

    def call() -> None:
        stage.client.set("not a", "script")
        stage.client.eval(outer, 1, 'a "key"', BINARY)
        pipeline = stage.client.pipeline()
        pipeline.evalsha(stage.no_op, 1, "k", "\\ \n")
        pipeline.execute()

    assert scripts_sent(stage.client, call) == [
        [b"EVAL", outer.encode(), b"1", b'a "key"', BINARY],
        [b"EVALSHA", stage.no_op.encode(), b"1", b"k", b"\\ \n"],
    ]


@one_server
def test_bytes_are_those_that_the_server_reads(stage: Stage) -> None:
    with stage.server.client() as client:
        client.ping()
        assert bytes_sent(client, lambda: None) == 0
        assert bytes_sent(client, stage.client.ping) == len(b"*1\r\n$4\r\nPING\r\n")
        assert stage.bytes_sent(lambda: stage.client.get("abc")) == len(
            b"*2\r\n$3\r\nGET\r\n$3\r\nabc\r\n"
        )


@one_server
def test_the_floor_sends_what_the_call_sends_but_for_the_script(stage: Stage) -> None:
    def ask() -> object:
        return Ours.seen.might_exist_batch(["alpha", "beta"])

    Ours.seen.clear()  # what is missing is asked for again
    ask()
    (sent,) = scripts_sent(stage.client, ask)
    floor = stage.floor(ask)
    (instead,) = scripts_sent(stage.client, lambda: floor.call(None))
    assert instead[1] == stage.no_op.encode() != sent[1]
    assert instead[2:] == sent[2:]


# Sections


@one_server
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("small")
def test_a_section_runs_to_its_end(stage: Stage, section: Section) -> None:
    outcomes = list(section.run(stage))
    titles = [outcome.title for outcome in outcomes]
    assert len(set(titles)) == len(titles)
    for outcome in outcomes:
        assert outcome.samples or outcome.rows
        for name, sample in outcome.samples.items():
            assert sample.at(0.5) > 0
            asked = name != "PING"  # which takes less than the microsecond that is counted in
            assert all(spent > 0 or not asked for spent in sample.server), name
        for row in outcome.rows:
            assert row.note or not math.isnan(row.value), row.figure
        if outcome.samples:
            list(report.cells(outcome))


def test_titles_of_sections_are_told_apart() -> None:
    titles = [section.title for section in SECTIONS]
    assert len(set(titles)) == len(titles)


@one_server
def test_only_the_wanted_sections_run_each_on_an_empty_server(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def section(stage: Stage) -> Iterator[Outcome]:
        assert stage.client.dbsize() == 0
        stage.client.set("left", "over")
        yield Outcome("x")

    monkeypatch.setattr(suite, "SECTIONS", [Section(title, section) for title in "abc"])
    told: list[str] = []
    found = list(suite.run(stage, lambda title: title != "b", told.append))
    assert [result.title for result in found] == told == ["a", "c"]


def slowed(variant: Variant) -> Variant:
    """The same with one more round trip."""

    def call(given: Any) -> None:
        redis_db.get_REDIS_DB().ping()
        variant.call(given)

    return replace(variant, name="slowed", call=call)


@one_server
@pytest.mark.usefixtures("small")
def test_one_more_round_trip_in_might_exist_shows_in_its_row(
    running: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = replace(TINY, turns=40)
    with staged(running.binary, plan, seed=1) as stage:
        compare = stage.compare

        def with_the_slow_one(title: str, variants: Any, claims: Any) -> Outcome:
            """In turns with the others, so that what disturbs one disturbs both."""
            claim = within(1.1, NO_OP, "slowed")
            return compare(title, [*variants, slowed(variants[0])], [*claims, claim])

        monkeypatch.setattr(stage, "compare", with_the_slow_one)
        absent, _, slow = next(filters.asking(stage)).rows
    assert absent.figure == "absent word: wall time against no-op EVALSHA"
    assert slow.value > 1.15 * absent.value  # 1.6 to 1.8 on a quiet machine


# What is measured


def test_planted_graphs_are_symmetric_and_no_node_has_too_many_edges() -> None:
    edges = graphs.pruned(graphs.barabasi_albert(300, graphs.skewed, seed=1), 20)
    assert max(map(len, edges.values())) == 20
    for node, own in edges.items():
        for other, weight in own.items():
            assert node != other
            assert 0 < weight <= 1
            assert edges[other][node] == weight
    degrees = [len(edges[int(pk[1:])]) for pk in graphs.hubs(edges, 300)]
    assert all(more >= fewer for more, fewer in pairwise(degrees))


@one_server
def test_both_models_have_the_same_planted_graph(stage: Stage) -> None:
    edges = planted(stage, 100, graphs.uniform)
    ours, theirs = Ours.near.get_edge_key_prefix(), Twin.near.get_edge_key_prefix(Twin)
    for node in edges:
        pk = graphs.pk(node)
        stored = content(stage.client, (ours + pk).encode())
        assert stored == content(stage.client, (theirs + pk).encode())
        assert dict(Ours.near.get_linked(pk, min_weight=0, limit=500)) == {
            graphs.pk(other): weight for other, weight in edges[node].items()
        }


@one_server
def test_a_rate_is_the_share_that_the_filter_says_yes_to(stage: Stage) -> None:
    ours, theirs, _ = filter_models(10_000, 0.01)
    for model in (ours, theirs):
        accuracy.fill(model, words(300))
        asked = words(300) + words(900, first=1_000_000)
        random.Random(1).shuffle(asked)
        assert accuracy.rate_of(model, asked) == pytest.approx(0.25, abs=0.002)


@pytest.mark.parametrize("name", FAMILIES)
def test_tokens_of_a_family_are_distinct_and_always_the_same(name: str) -> None:
    tokens = family(name, 500_000)  # as many as a full run adds and asks
    assert len(set(tokens)) == 500_000
    assert tokens[1000:3000] == family(name, 2000, first=1000)


# The page


def table_lines(text: str) -> list[list[str]]:
    """The cells of a page's tables, line by line."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("|--")
    ]


def test_the_page_has_the_known_figures(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    page.write(path, {"machine": "a machine", "server": "redis 7"}, KNOWN)
    text = path.read_text("utf-8")
    assert "**2 targets met, 1 missed, 1 not measured.**" in text
    assert "$" not in text
    assert "(50 nodes, not 100,000)" in text
    found = table_lines(text)
    for line in (
        ["machine", "a machine"],
        ["first: wall time", "2.00x", ">= 1.50x", "met"],
        ["second: wall time", "1.00x", ">= 1.50x", "**MISS**"],
        ["third: wall time", "-", ">= 1.50x", "no module here"],
        ["bytes", "128,000 bytes", "", ""],
        ["first", "12.0", "11.0-13.0", "1.00x", "4.0", "1.00x", "9.0", "1.00x"],
        ["in process", "1,500", "1,500-1,500", "125x", "-", "-", "-", "-"],
    ):
        assert line in found


def test_the_page_has_the_module_beside_the_library_over_both_parsers(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    page.write(path, {}, KNOWN)
    assert "This run had no module" in path.read_text("utf-8")
    names = ("popoto-recall", "popoto-recall, hiredis", "Popoto", "RedisBloom BF.MEXISTS")
    timed = {name: Sample([at * MICRO]) for at, name in enumerate(names, start=11)}
    page.write(path, {}, [Result("Filter", [Outcome("a batch", timed)])])
    text = path.read_text("utf-8")
    assert "This run had no module" not in text
    assert ["a batch", "11.0", "14.0", "12.0", "-"] in table_lines(text)


@one_server
def test_a_filter_beyond_its_capacity_is_judged_where_it_has_a_bound(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "ASKED", 2000)
    outcomes = list(growth.beyond_capacity(stage))
    judged = {
        outcome.at: {row.figure: row.target for row in outcome.rows if row.target}
        for outcome in outcomes
        if outcome.rows
    }
    memory = "memory, of the optimum"
    expected = {
        times: {"popoto-recall": at_most(bound), memory: at_most(3)}
        for times, bound in ((1, 1.2), (2, 1.5), (8, 1.5), (64, 1.5))
    }
    assert {at: rows for at, rows in judged.items() if at in expected} == expected
    (worst,) = outcomes[-1].rows
    assert worst.target == at_most(5)
    at_the_points = [row.value for o in outcomes for row in o.rows if row.figure == memory]
    assert worst.value >= max(at_the_points) > 0


@one_server
def test_a_save_is_judged_beside_popoto_s_and_its_bytes_are_counted(stage: Stage) -> None:
    sent, single, batch = saves.saves(stage)
    bytes_of = {row.figure: row.value for row in sent.rows}
    assert 0.3 < bytes_of["Popoto, one save"] < 2
    assert bytes_of["popoto-recall, one save"] > 0
    with_targets = [(row.figure, row.wanted) for o in (sent, single, batch) for row in o.rows]
    for wanted in (
        ("popoto-recall, one save", "<= 6.00 KB"),
        ("wall time against Popoto", "<= 0.90x"),
        ("server CPU against Popoto", "<= 0.60x"),
        ("client CPU against Popoto", "<= 1.10x"),
    ):
        assert wanted in with_targets
    assert batch.title == "100 such saves in one batch()"
    assert {row.wanted for row in batch.rows} == {"<= 0.90x"}


@one_server
def test_tenants_have_ten_memories_each_and_no_other_is_left(stage: Stage) -> None:
    outcomes = list(tenants.tenants(stage))
    found = tenants.Tenant.seen.partitions()
    assert found == [{"agent_id": tenants.agent(number)} for number in range(TINY.tenants)]
    assert tenants.Tenant.near.partitions() == tenants.Tenant.often.partitions() == found
    for one in found:
        assert len(tenants.Tenant.query.filter_for_keys_set(**one)) == 10
        assert (
            tenants.Tenant.near.at(**one).info().edges == 17
        )  # to the two before, where there are
        assert tenants.Tenant.often.at(**one).info().items == 80
    few, many, every, size = outcomes
    assert few.title == "one of 2 tenants of 10 memories"
    assert not few.rows
    assert [row.figure for row in many.rows] == [
        f"{name}: CPU against one of 2" for name in many.samples
    ]
    assert set(every.samples) - {"partitions"} == set(many.samples) - {"forget"}
    assert len(every.rows) == len(every.samples) - 1
    both, *each, whole = size.rows
    assert both.target == at_most(10_000)
    assert both.verdict == "met"
    assert 0 < sum(row.value for row in each) < whole.value


@one_server
def test_time_for_each_tenant_is_that_of_all_by_their_number(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = {"partitions": Sample([4.0], [2.0], [1.0])}
    monkeypatch.setattr(stage.meter, "once", lambda variants: whole)
    assert tenants._all(stage, 4).samples == {"partitions": Sample([1.0], [0.5], [0.25])}


@one_server
def test_the_page_of_a_run_has_its_figures_machine_and_versions(
    stage: Stage, tmp_path: Path
) -> None:
    wanted = {"Graph: neighbours as records", "Filter: saving"}
    results = list(suite.run(stage, wanted.__contains__, lambda title: None))
    path = tmp_path / "page.md"
    page.write(path, facts(stage, seed=5), results)
    found = table_lines(path.read_text("utf-8"))
    for result in results:
        for outcome in result.outcomes:
            for name, sample in outcome.samples.items():
                wall, server = (quantile(v, 0.5) / MICRO for v in (sample.wall, sample.server))
                shown = [f"{v:,.1f}" if v < 100 else f"{v:,.0f}" for v in (wall, server)]
                assert any(
                    [line[0], line[1], line[4:5]] == [name, shown[0], shown[1:]] for line in found
                )
    known = dict(line for line in found if len(line) == 2)
    assert known["run"] == "tiny, seed 5, at least 0 s a comparison"
    assert known["Python"].endswith(platform.python_version())
    assert stage.client.info("server")["redis_version"] in known["server"]
    for package in ("popoto-recall ", "popoto ", "redis "):
        assert any(part.startswith(package) for part in known["packages"].split(", "))
    assert f"{os.cpu_count()} cores" in known["machine"]
    assert known["cores"] == stage.cores
    assert known["server CPU"] == f"by {stage.clock.name}"


def test_growth_is_drawn_beside_the_page(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    by_size = [
        Outcome(f"{at}", {growth.TOP: Sample([1.0], [at * MICRO])}, curve="graph size", at=at)
        for at in (10, 100)
    ]
    by_fill = [
        Outcome(f"{at}", rows=[Row("Popoto", at)], curve="filter fill", at=at) for at in (0.5, 1.0)
    ]
    page.write(tmp_path / "page.md", {}, [Result("Growth", by_size + by_fill)])
    text = (tmp_path / "page.md").read_text("utf-8")
    for name in ("propagate-by-size.svg", "false-positives-by-fill.svg"):
        assert f"]({name})" in text
        assert (tmp_path / name).read_text("utf-8").rstrip().endswith("</svg>")


# The command


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
    )


def test_help_explains_each_option_and_names_the_sections() -> None:
    said = run("--help")
    assert said.returncode == 0
    for option in ("--quick", "--server", "--module", "--only", "--seed", "--page"):
        (line,) = [line for line in said.stdout.splitlines() if line.startswith(f"  {option}")]
        assert len(line.split(maxsplit=2)) == 3
    assert all(f"  {section.title}\n" in said.stdout for section in SECTIONS)


def test_a_title_that_no_section_has_is_refused_with_the_titles() -> None:
    said = run("--only", "no such thing")
    assert said.returncode == 2
    assert "no title has 'no such thing' in it" in said.stderr
    assert all(f"  {section.title}\n" in said.stderr for section in SECTIONS)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "("], "'(' is no regular expression"),
        (["--page", "/nowhere/at/all.md"], "cannot write '/nowhere/at/all.md'"),
        (["--page", str(ROOT)], "cannot write"),
    ],
)
def test_what_cannot_work_is_refused_before_the_run(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        options(arguments)
    assert message in capsys.readouterr().err


def test_sections_are_chosen_by_a_part_of_their_titles() -> None:
    assert options([]).only == {section.title for section in SECTIONS}
    assert options(["--only", "^filter: (one|sav)"]).only == {
        "Filter: one question",
        "Filter: saving",
    }


@one_server
def test_a_run_prints_where_it_was_made_and_what_it_found(
    running: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "page.md"
    chosen = ["--quick", "--only", "neighbours", "--server", running.binary, "--page", str(path)]
    before = redis_db.POPOTO_REDIS_DB
    main(chosen)
    assert redis_db.POPOTO_REDIS_DB is before
    said = capsys.readouterr().out
    assert f"Python {platform.python_version()}" in said
    for text in ("Graph: neighbours as records", "quick, seed 1", "Targets", "20 neighbours"):
        assert text in said
    assert "### Graph: neighbours as records" in path.read_text("utf-8")


def test_the_newest_redis_7_at_hand_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    at_hand = {"redis-6.2.14": "a", "redis-7.0.9": "b", "redis-7.0.15": "c", "redis-8.0.1": "d"}
    monkeypatch.setattr(staging, "binaries", lambda: at_hand)
    assert newest_seven() == "c"
    del at_hand["redis-7.0.9"], at_hand["redis-7.0.15"]
    at_hand["redis-10.0.0"] = "e"
    assert newest_seven() == "e"
    at_hand.clear()
    with pytest.raises(SystemExit, match="no redis-server found"):
        newest_seven()
