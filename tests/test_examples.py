"""Every example in README, docs and examples does what it says."""

from __future__ import annotations

import ast
import json
import math
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ASK = ROOT / "examples" / "ask.py"

BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CLAIM = re.compile(r"# -> (.*)$")
"""``expression  # -> value``: what an example claims its line gives, or the line above."""

MORE = re.compile(r"^ *#    (.*)$")
"""The next line of a claim."""


def blocks(page: Path) -> list[tuple[int, str]]:
    """The Python blocks of a page, each with the number of its first line."""
    text = page.read_text("utf-8")
    return [(text.count("\n", 0, found.start(1)), found[1]) for found in BLOCK.finditer(text)]


def claims(code: str) -> dict[int, str]:
    """What is claimed, by the number of the line that gives it."""
    found: dict[int, str] = {}
    claimed = 0
    for number, line in enumerate(code.splitlines(), 1):
        if claim := CLAIM.search(line):
            claimed = number - (not line[: claim.start()].strip())
            found[claimed] = claim[1]
        elif claimed and (more := MORE.search(line)):
            found[claimed] += more[1]
        else:
            claimed = 0
    return found


class Checks(ast.NodeTransformer):
    """Turns each line that claims a value into a call that checks it."""

    def __init__(self, code: str) -> None:
        self.open = claims(code)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        claimed = self.open.pop(node.end_lineno or 0, None)
        if claimed is None:
            return node
        check = ast.Name("check_claim", ast.Load())
        arguments = [node.value, ast.Constant(claimed)]
        return ast.copy_location(ast.Expr(ast.Call(check, arguments, [])), node)


def check_claim(value: object, claimed: str) -> None:
    assert same(value, ast.literal_eval(claimed)), f"{value!r}, not {claimed}"


def same(value: Any, claimed: Any) -> bool:
    """Equal, with floats as close as a page can print them."""
    if isinstance(claimed, float):
        return isinstance(value, float) and math.isclose(value, claimed, rel_tol=1e-3)
    if isinstance(claimed, dict):
        return list(value) == list(claimed) and all(same(value[k], claimed[k]) for k in claimed)
    if isinstance(claimed, (list, tuple)):
        return (
            type(value) is type(claimed)
            and len(value) == len(claimed)
            and all(map(same, value, claimed))
        )
    return type(value) is type(claimed) and value == claimed


def execute(page: Path) -> None:
    """Run a page's blocks one after the other, and check what they claim."""
    namespace: dict[str, Any] = {"__name__": page.stem, "check_claim": check_claim}
    for start, code in blocks(page):
        checks = Checks(code)
        tree = ast.fix_missing_locations(checks.visit(ast.parse(code)))
        assert not checks.open, f"{page.name}: no expression ends where these claims stand"
        ast.increment_lineno(tree, start)
        exec(compile(tree, page, "exec"), namespace)


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_a_page_do_what_it_says(page: Path) -> None:
    execute(page)


@pytest.mark.parametrize(
    "code",
    ["1 + 1  # -> 3", "[0.1]  # -> [0.2]", "{1: 2, 3: 4}  # -> {3: 4, 1: 2}", "1  # -> True"],
)
def test_an_example_that_claims_something_else_is_found(tmp_path: Path, code: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"```python\n{code}\n```\n")
    with pytest.raises(AssertionError):
        execute(page)


def test_a_claim_that_nothing_checks_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1  # -> 2\n```\n")
    with pytest.raises(AssertionError, match="claims"):
        execute(page)


def test_every_page_but_the_changelog_has_examples() -> None:
    assert {page.name for page in PAGES if not blocks(page)} <= {"index.md"}


def test_links_between_the_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?://)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links {target}"


def test_the_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    named = set(re.findall(r"[$`] ?make (\w+)", (ROOT / "README.md").read_text("utf-8")))
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


def ask(client: Any, *texts: str, stdin: str = "") -> dict[str, bool]:
    """What a fresh process answers."""
    path = client.connection_pool.connection_kwargs["path"]
    said = subprocess.run(
        [sys.executable, str(ASK), *texts],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "REDIS_URL": f"unix://{path}"},
    )
    assert said.returncode == 0, said.stderr
    answers: dict[str, bool] = json.loads(said.stdout)
    return answers


@pytest.fixture
def tea(real_client: Any) -> Any:
    """A server that remembers green tea."""
    model = runpy.run_path(str(ROOT / "examples" / "memory.py"))["Memory"]
    model.create(key="tea", agent_id="a1", content="green tea")
    return real_client


def test_a_fresh_process_answers_a_batch(tea: Any) -> None:
    assert ask(tea, "green tea", "coffee") == {"green tea": True, "coffee": False}
    assert ask(tea, stdin="coffee\ngreen\n") == {"coffee": False, "green": True}


def test_a_fresh_process_makes_one_call_for_a_whole_batch(tea: Any) -> None:
    ask(tea, "green tea")  # brings the script to the server
    tea.config_resetstat()
    ask(tea, "green tea", *(f"text {number}" for number in range(500)))
    calls = {name: row["calls"] for name, row in tea.info("commandstats").items()}
    counted = {name.removeprefix("cmdstat_"): n for name, n in calls.items()}
    assert counted["evalsha"] == 1
    handshake = {"config|resetstat", "config", "client|setinfo", "client", "hello", "select"}
    called_by_the_script = {"getrange", "strlen", "scard", "type"}
    assert counted.keys() <= {"evalsha", "info", *handshake, *called_by_the_script}
