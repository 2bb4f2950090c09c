"""Runs the benchmark: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import logging
import re
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from . import report, suite
from .machine import facts
from .stage import FULL, QUICK, newest_seven, staged

SEED = 1


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, smaller graphs")
    parser.add_argument("--server", metavar="PATH", help="redis-server to run; newest 7 at hand")
    parser.add_argument("--module", metavar="PATH", help="module it loads, RedisBloom for one")
    parser.add_argument("--only", metavar="REGEX", default="", help="sections to run, by title")
    parser.add_argument("--seed", type=int, default=SEED, help="of the order of the turns")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the tables there too")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = options(arguments)
    if find_spec("hiredis"):
        raise SystemExit("hiredis is installed, and redis-py uses it: the targets are without")
    logging.getLogger("popoto_recall").setLevel(logging.ERROR)  # a filter is filled too full
    console = Console(width=100)
    wanted = re.compile(chosen.only, re.IGNORECASE)
    start = time.monotonic()
    results = []
    plan = QUICK if chosen.quick else FULL
    with staged(chosen.server or newest_seven(), plan, chosen.seed, chosen.module) as stage:
        known = facts(stage, chosen.seed)
        for name, value in known.items():
            console.print(f"{name:9} {value}", highlight=False)
        with console.status("") as status:
            told = lambda title: status.update(title)  # noqa: E731
            for result in suite.run(stage, lambda title: bool(wanted.search(title)), told):
                report.show(console, result)
                results.append(result)
    console.rule("Targets", align="left")
    console.print(report.summary(results), highlight=False)
    console.print(f"took {time.monotonic() - start:.0f} s")
    if chosen.page:
        from .page import write  # matplotlib takes a while

        write(chosen.page, known, results)


if __name__ == "__main__":
    main()
