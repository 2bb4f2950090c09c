"""The demo: save and link the pages of Python's help, then ask."""

from __future__ import annotations

import platform
from collections import Counter, defaultdict
from collections.abc import Iterable
from shutil import which
from sys import argv
from typing import TypeVar

from popoto.fields.existence_filter import tokenize
from rich.console import Console
from rich.progress import track

from . import pages, show
from .meter import Meter
from .records import KEYS, RecallDemoPage, link, on_a_server, server

NAME = "popoto-recall"
PAGE = "exceptions"
WORDS = ["object", "generator", "metaclass", "coroutine", "zeppelin", "spreadsheet"]
MADE_UP = [f"madeup{number}" for number in range(1000)]

T = TypeVar("T")


def run(console: Console, words: list[str], page: str | None, keep: bool) -> None:
    """Fill a server and ask: these words and this page, or some of each kind."""
    with server(keep) as client:
        tour = Tour(console, Meter(client))
        tour.fill()
        everything = not words and page is None
        if page is not None or everything:
            tour.ask_page(page or PAGE)
        if words or everything:
            tour.ask_words(words or WORDS)
        if everything:
            tour.ask_made_up()
        console.print(show.costs(tour.meter.asked, in_process=not on_a_server()))
        if on_a_server():
            console.print(show.left(KEYS, kept=keep))
        elif everything:
            console.print(show.try_next(command()))


def command() -> str:
    """How this program can be called again."""
    return NAME if which(NAME) else argv[0]


class Tour:
    """The saved pages, and questions about them."""

    def __init__(self, console: Console, meter: Meter) -> None:
        self.console = console
        self.meter = meter
        self.records: dict[str, RecallDemoPage] = {}
        self.names: dict[str, str] = {}
        self.counted: Counter[str] = Counter()

    def fill(self) -> None:
        """Save all pages, and link those that the help names together."""
        where = "the server of REDIS_URL" if on_a_server() else "a server inside this process"
        self.console.print(show.opening(platform.python_version(), len(pages.texts), where))
        for name, text in self._track(pages.texts.items(), "Saving "):
            record = RecallDemoPage.create(name=name, text=text)
            self.records[name] = record
            self.names[record.db_key.redis_key] = name
            self.counted.update(tokenize(text))
        by_source = defaultdict(list)
        for mention in pages.mentions():
            by_source[mention.source].append(mention)
        for mentions in self._track(by_source.values(), "Linking"):
            link(mentions, self.records)
        self.console.print()

    def ask_page(self, name: str) -> None:
        """What goes with a page: its own edges, and what these lead to."""
        page = pages.find(name) or name
        if page != name:
            self.console.print(show.explained(name, page))
        field, record = RecallDemoPage.goes_with, self.records[page]
        linked = self.meter.ask("what goes with it", lambda: field.get_linked(record))
        reached = self.meter.ask(
            "over two hops, with paths",
            lambda: field.propagate([record], depth=2, limit=10, explain=True),
        )
        self.console.print(show.linked(page, self._named(linked)))
        paths = [self._named(reached.paths[pk]) for pk in reached]
        self.console.print(show.reached(page, list(zip(reached.values(), paths, strict=True))))

    def ask_words(self, words: list[str]) -> None:
        """Whether words were ever seen, and on how many pages."""
        words = list(dict.fromkeys(words))
        plural = f"{len(words)} words" if len(words) > 1 else "1 word"
        seen = self.meter.ask(
            f"{plural}: ever seen?", lambda: RecallDemoPage.words.might_exist_batch(words)
        )
        counts = self.meter.ask(
            f"{plural}: how often?", lambda: RecallDemoPage.counts.get_frequency_batch(words)
        )
        rows = [
            show.Word(word, seen[word], counts[word], self._count(word), bool(tokenize(word)))
            for word in words
        ]
        self.console.print(show.words(rows))

    def ask_made_up(self) -> None:
        """How many words that no page has pass for seen."""
        passed = self.meter.ask(
            f"{len(MADE_UP):,} made-up words: any seen?",
            lambda: RecallDemoPage.words.might_exist_count(MADE_UP),
        )
        self.console.print(
            show.filled(
                passed,
                len(MADE_UP),
                RecallDemoPage.words.info(),
                RecallDemoPage.counts.info(),
                sum(map(len, pages.texts.values())),
            )
        )

    def _named(self, edges: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
        return [(self.names[pk], weight) for pk, weight in edges]

    def _count(self, text: str) -> int:
        """On how many pages a text's rarest word stands, counted one by one."""
        return min((self.counted[token] for token in tokenize(text)), default=0)

    def _track(self, items: Iterable[T], what: str) -> Iterable[T]:
        return track(items, what, console=self.console)
