"""Measures what each operation costs, and how large and how right what it stores is."""

from __future__ import annotations

import argparse
import logging
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from . import report, suite
from .machine import disturbed, facts
from .stage import FULL, QUICK, newest_seven, staged

SEED = 1


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog=f"`python -m benchmarks recall --help`: what a graph adds to recall.\n\n"
        f"sections:\n{_titles()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="two to three minutes, smaller graphs")
    parser.add_argument("--server", metavar="PATH", help="redis-server to run; newest 7 at hand")
    parser.add_argument(
        "--module", metavar="PATH", help="module it loads, to have RedisBloom beside it"
    )
    parser.add_argument(
        "--only",
        metavar="REGEX",
        type=_chosen,
        default="",
        help="only sections with this in their title",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="of the order of the turns")
    parser.add_argument(
        "--page", type=_new_file, metavar="FILE", help="write the tables there too, in Markdown"
    )
    return parser.parse_args(arguments)


def _titles() -> str:
    return "\n".join(f"  {section.title}" for section in suite.SECTIONS)


def _chosen(pattern: str) -> frozenset[str]:
    """Titles that a regular expression is found in."""
    try:
        wanted = re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{pattern!r} is no regular expression: {error}") from None
    found = frozenset(s.title for s in suite.SECTIONS if wanted.search(s.title))
    if not found:
        raise argparse.ArgumentTypeError(f"no title has {pattern!r} in it; there are\n{_titles()}")
    return found


def _new_file(name: str) -> Path:
    """A path to write to; asked for before a run, since it takes a quarter of an hour."""
    path = Path(name)
    if path.is_dir() or not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"cannot write {name!r}: no folder, or one itself")
    return path


def main(arguments: Sequence[str] | None = None) -> None:
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == ["recall"]:
        from .recall.run import main as recall  # of other things than cost

        recall(words[1:])
        return
    chosen = options(arguments)
    console = Console(width=100)
    start = time.monotonic()
    results = []
    plan = QUICK if chosen.quick else FULL
    with staged(chosen.server or newest_seven(), plan, chosen.seed, chosen.module) as stage:
        known = facts(stage, chosen.seed)
        for name, value in known.items():
            console.print(f"{name:10} {value}", highlight=False)
        console.print(report.LEGEND, highlight=False)
        with console.status("") as status:
            told = lambda title: status.update(title)  # noqa: E731
            for result in suite.run(stage, chosen.only.__contains__, told):
                report.show(console, result)
                results.append(result)
        known["disturbed"] = disturbed(stage, time.monotonic() - start)
    console.rule("Targets", align="left")
    console.print(report.summary(results), highlight=False)
    console.print(f"took {time.monotonic() - start:.0f} s; {known['disturbed']}", highlight=False)
    if chosen.page:
        from .page import write  # matplotlib takes a while

        write(chosen.page, known, results)


if __name__ == "__main__":
    logging.disable(logging.WARNING)  # filters that no record was saved for are cleared and filled
    main()
