"""The example of a web service: what its tenants see, and what they do not."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import re
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from support import contents

import popoto_recall
from popoto_recall.recipes import AgentMemory

NEEDS = "the service needs fastapi and httpx: pip install fastapi httpx"
fastapi = pytest.importorskip("fastapi", reason=NEEDS)
httpx = pytest.importorskip("httpx", reason=NEEDS)
with warnings.catch_warnings():  # Starlette recommends a successor of httpx
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

ROOT = Path(__file__).parent.parent
SERVICE = ROOT / "examples" / "service.py"

TENANTS = {"a1": "apple", "b-2": "banana", "c3": "cherry"}
"""Each, and a word that only its memories say."""


def loaded() -> Any:
    """The module of the service."""
    spec = importlib.util.spec_from_file_location("example_service", SERVICE)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[spec.name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SERVICE_MODULE = loaded()
app = SERVICE_MODULE.app


@pytest.fixture
def http(client: Any) -> Iterator[Any]:
    with TestClient(app) as http:
        yield http


def said(http: Any, agent: str, content: str, *after: str) -> str:
    """The id of a memory that the service was told."""
    reply = http.post(f"/agents/{agent}/memories", json={"content": content, "after": after})
    assert reply.status_code == 201, reply.text
    told: str = reply.json()["id"]
    return told


def recalled(http: Any, agent: str, question: str, **options: Any) -> list[str]:
    reply = http.get(f"/agents/{agent}/memories", params={"question": question, **options})
    assert reply.status_code == 200, reply.text
    return [memory["content"] for memory in reply.json()]


def answer(http: Any, path: str) -> Any:
    reply = http.get(path)
    assert reply.status_code == 200, reply.text
    return reply.json()


# One tenant


def test_it_recalls_what_was_said_and_what_was_said_next(http: Any) -> None:
    first = said(http, "a1", "Who wrote the first program?")
    said(http, "a1", "Ada did, for an engine", first)
    said(http, "a1", "Soup is ready")
    found = ["Who wrote the first program?", "Ada did, for an engine"]
    assert recalled(http, "a1", "the first program") == found
    assert recalled(http, "a1", "the first program", limit=1) == found[:1]
    assert recalled(http, "a1", "kubernetes") == []


def test_feedback_ties_what_was_used(http: Any) -> None:
    ids = [said(http, "a1", "Rex barks"), said(http, "a1", "The dog is Rex")]
    assert http.post("/agents/a1/used", json={"ids": ids}).json() == 1
    assert answer(http, "/agents/a1/stats") == {
        "memories": 2,
        "words": 3,
        "ties": 2,
        "bytes": answer(http, "/agents/a1/stats")["bytes"],
    }
    assert recalled(http, "a1", "barks") == ["Rex barks", "The dog is Rex"]


def test_a_tenant_takes_at_most_ten_kilobytes_for_ten_memories(http: Any) -> None:
    for number in range(10):
        said(http, "a1", f"memory number {number} of the tenant")
    assert 0 < answer(http, "/agents/a1/stats")["bytes"] <= 10_000


def test_an_unknown_tenant_has_nothing(http: Any, client: Any) -> None:
    none = {"memories": 0, "words": 0, "ties": 0, "bytes": 0}
    assert answer(http, "/agents/nobody/stats") == none
    assert answer(http, "/agents/nobody/words/tea") == {"known": False, "memories": 0}
    assert recalled(http, "nobody", "tea") == []
    assert client.keys("*") == []


# Errors


@pytest.mark.parametrize(
    ("path", "body", "what"),
    [
        ("/agents/a1/memories", {"content": ""}, "at least 1 character"),
        ("/agents/a1/memories", {"content": "tea", "after": ["x"]}, "match pattern"),
        ("/agents/a1/memories", {"content": "tea", "after": ["0" * 32] * 3}, "at most 2"),
        ("/agents/None/memories", {"content": "tea"}, "match pattern"),
        ("/agents/{a1}/memories", {"content": "tea"}, "match pattern"),
        ("/agents/a1/used", {"ids": [f"{n:032x}" for n in range(65)]}, "at most 64"),
        (
            "/agents/a1/memories",
            {"content": "the key is ghp_" + "a1B2c3D4e5F6g7H8i9J0" * 2},
            "secret",
        ),
    ],
)
def test_what_it_cannot_take_is_422_and_stores_no_memory(
    http: Any, path: str, body: Any, what: str
) -> None:
    reply = http.post(path, json=body)
    assert reply.status_code == 422, reply.text
    assert what in reply.text
    assert AgentMemory.query.count() == 0


def test_text_that_nothing_can_encode_is_422_too(http: Any) -> None:
    headers = {"content-type": "application/json"}
    body = rb'{"content": "\ud800 tea"}'
    reply = http.post("/agents/a1/memories", content=body, headers=headers)
    assert reply.status_code == 422
    assert "tea" not in reply.text


def test_a_question_has_to_ask(http: Any) -> None:
    assert http.get("/agents/a1/memories").status_code == 422
    for options in ({"question": ""}, {"question": "tea", "limit": 0}):
        assert http.get("/agents/a1/memories", params=options).status_code == 422


def test_what_is_not_there_is_404(http: Any) -> None:
    gone = "0" * 32
    assert http.delete(f"/agents/a1/memories/{gone}").status_code == 404
    reply = http.post("/agents/a1/memories", json={"content": "tea", "after": [gone]})
    assert reply.status_code == 404
    assert reply.json() == {"detail": f"a1 has no memory {gone}"}
    assert AgentMemory.query.count() == 0


# Two tenants


def key_of(agent: str, memory_id: str) -> str:
    key: str = AgentMemory(agent_id=agent, memory_id=memory_id).db_key.redis_key
    return key


def of(stored: dict[bytes, Any], agent: str) -> dict[bytes, Any]:
    """What of it is under a tenant's tag, or of its records."""
    record = key_of(agent, "0" * 32).rstrip("0")
    parts = f"{{{agent}}}".encode(), record.encode()
    return {key: value for key, value in stored.items() if any(part in key for part in parts)}


def test_a_tenant_sees_nothing_of_another(http: Any, client: Any) -> None:
    apple = said(http, "a1", "apple pie recipe")
    before = of(contents(client), "a1")
    said(http, "b-2", "banana bread recipe")
    assert recalled(http, "b-2", "apple recipe") == ["banana bread recipe"]
    assert recalled(http, "b-2", "apple pie") == []
    assert answer(http, "/agents/b-2/words/apple") == {"known": False, "memories": 0}
    assert answer(http, "/agents/b-2/stats")["memories"] == 1

    assert http.delete(f"/agents/b-2/memories/{apple}").status_code == 404
    body = {"content": "banana", "after": [apple]}
    assert http.post("/agents/b-2/memories", json=body).status_code == 404
    assert http.post("/agents/b-2/used", json={"ids": [apple, "0" * 32]}).json() == 0
    assert of(contents(client), "a1") == before


def test_async_requests_at_the_same_time_keep_apart(client: Any) -> None:
    async def tell(http: Any, agent: str) -> None:
        body = {"content": f"{TENANTS[agent]} recipe"}
        reply = await http.post(f"/agents/{agent}/memories", json=body)
        assert reply.status_code == 201, reply.text

    async def ask(http: Any, agent: str) -> set[str]:
        path, asked = f"/agents/{agent}/memories", {"question": "recipe", "limit": 100}
        return {found["content"] for found in (await http.get(path, params=asked)).json()}

    async def main() -> None:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
            await asyncio.gather(*[tell(http, agent) for agent in [*TENANTS] * 5])
            found = await asyncio.gather(*[ask(http, agent) for agent in [*TENANTS] * 5])
        assert found == [{f"{word} recipe"} for word in TENANTS.values()] * 5

    asyncio.run(main())
    assert AgentMemory.query.count() == 15


# Forgetting


def test_a_forgotten_memory_is_recalled_no_more(http: Any) -> None:
    ids = [said(http, "a1", "apple pie"), said(http, "a1", "apple juice")]
    http.post("/agents/a1/used", json={"ids": ids})
    assert http.delete(f"/agents/a1/memories/{ids[0]}").status_code == 204
    assert recalled(http, "a1", "apple pie") == ["apple juice"]
    assert answer(http, "/agents/a1/stats")["ties"] == 0
    assert http.delete(f"/agents/a1/memories/{ids[0]}").status_code == 404


def test_late_feedback_brings_nothing_back(http: Any, client: Any) -> None:
    ids = [said(http, "a1", "apple pie"), said(http, "a1", "apple juice")]
    http.delete(f"/agents/a1/memories/{ids[0]}")
    before = contents(client)
    assert http.post("/agents/a1/used", json={"ids": ids}).json() == 0
    assert contents(client) == before


def test_its_words_are_known_until_they_are_rebuilt(http: Any) -> None:
    said(http, "a1", "apple juice")
    gone = said(http, "a1", "apple pie")
    said(http, "b-2", "banana pie")
    http.delete(f"/agents/a1/memories/{gone}")
    assert answer(http, "/agents/a1/words/pie") == {"known": True, "memories": 1}
    assert http.post("/agents/a1/rebuild").status_code == 202
    assert answer(http, "/agents/a1/words/pie") == {"known": False, "memories": 0}
    assert answer(http, "/agents/a1/words/apple") == {"known": True, "memories": 1}
    assert answer(http, "/agents/b-2/words/pie") == {"known": True, "memories": 1}


def test_nothing_of_a_forgotten_tenant_is_left(http: Any, client: Any) -> None:
    said(http, "b-2", "banana pie", said(http, "b-2", "banana juice"))
    before = contents(client)
    said(http, "a1", "apple tart", said(http, "a1", "apple crumble"))
    recalled(http, "a1", "apple")
    assert http.delete("/agents/a1").status_code == 204
    left = contents(client)
    assert left.keys() == before.keys()
    assert of(left, "b-2") == of(before, "b-2")
    assert not re.search(r"[:{]a1\b|apple|crumble|tart", str(left))
    assert http.delete("/agents/a1").status_code == 204
    assert answer(http, "/agents/a1/stats")["memories"] == 0


# Dependencies that name the tenant, as FastAPI runs them


def small_app() -> Any:
    """Endpoints that name no tenant themselves, behind each kind of dependency."""
    made = fastapi.FastAPI()

    async def async_block(agent: str) -> Any:
        with popoto_recall.partition(agent_id=agent):
            yield

    def sync_block(agent: str) -> Any:
        with popoto_recall.partition(agent_id=agent):
            yield

    async def async_endpoint(word: str) -> Any:
        return await AgentMemory.words.async_might_exist(word)

    def sync_endpoint(word: str) -> Any:
        return AgentMemory.words.might_exist(word)

    for block in (async_block, sync_block):
        for endpoint in (async_endpoint, sync_endpoint):
            path = f"/{block.__name__}/{endpoint.__name__}"
            made.get(path, dependencies=[fastapi.Depends(block)])(endpoint)
    return made


@pytest.mark.parametrize("endpoint", ["async_endpoint", "sync_endpoint"])
def test_a_block_in_an_async_dependency_reaches_every_endpoint(http: Any, endpoint: str) -> None:
    for agent, word in TENANTS.items():
        said(http, agent, word)
    asked = [(agent, word) for agent in TENANTS for word in TENANTS.values()] * 10

    def knows(pair: tuple[str, str]) -> bool:
        found: bool = small.get(
            f"/async_block/{endpoint}", params={"agent": pair[0], "word": pair[1]}
        ).json()
        return found

    with TestClient(small_app()) as small, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(knows, asked))
    assert found == [TENANTS[agent] == word for agent, word in asked]


@pytest.mark.parametrize("endpoint", ["async_endpoint", "sync_endpoint"])
def test_a_block_in_a_sync_dependency_names_nothing_and_stays_nowhere(
    http: Any, endpoint: str
) -> None:
    said(http, "a1", "apple")
    with TestClient(small_app()) as small:
        for _ in range(20):
            with pytest.raises(popoto_recall.ArgumentError, match="no partition named"):
                small.get(f"/sync_block/{endpoint}", params={"agent": "a1", "word": "apple"})
        asked = {"agent": "b-2", "word": "apple"}
        assert small.get(f"/async_block/{endpoint}", params=asked).json() is False


# Load

WORKERS = 8
STEPS = 40


class Worker:
    """A caller of one tenant, with what it told and what it had forgotten."""

    def __init__(self, http: Any, number: int) -> None:
        self.http = http
        self.random = random.Random(number)
        self.number = number
        self.agent, self.word = list(TENANTS.items())[number % len(TENANTS)]
        self.path = f"/agents/{self.agent}"
        self.kept: dict[str, str] = {}

    def work(self) -> Worker:
        steps = [self.tell, self.tell, self.ask, self.use, self.forget, self.look]
        for step in range(STEPS):
            self.random.choice(steps)(step)
        return self

    def tell(self, step: int) -> None:
        content = f"{self.word} {self.number} step{step}"
        after = self.random.sample(list(self.kept), min(2, len(self.kept)))
        self.kept[said(self.http, self.agent, content, *after)] = content

    def ask(self, step: int) -> None:
        for content in recalled(self.http, self.agent, " ".join(TENANTS.values()), limit=50):
            assert content.startswith(self.word)

    def use(self, step: int) -> None:
        ids = self.random.sample(list(self.kept), min(3, len(self.kept)))
        assert self.http.post(f"{self.path}/used", json={"ids": ids}).status_code == 200

    def forget(self, step: int) -> None:
        if self.kept:
            gone = self.random.choice(list(self.kept))
            del self.kept[gone]
            assert self.http.delete(f"{self.path}/memories/{gone}").status_code == 204

    def look(self, step: int) -> None:
        for word in TENANTS.values():
            known = answer(self.http, f"{self.path}/words/{word}")["known"]
            assert not known or word == self.word
        assert answer(self.http, f"{self.path}/stats")["memories"] >= len(self.kept)


@pytest.mark.timeout(300)
def test_under_load_each_tenant_has_its_own(http: Any) -> None:
    with ThreadPoolExecutor(WORKERS) as pool:
        workers = [Worker(http, number) for number in range(WORKERS)]
        list(pool.map(Worker.work, workers))
    for agent, word in TENANTS.items():
        own = [worker for worker in workers if worker.agent == agent]
        kept = {key: content for worker in own for key, content in worker.kept.items()}
        check_tenant(agent, word, kept)
        assert answer(http, f"/agents/{agent}/stats")["memories"] == len(kept)


def check_tenant(agent: str, word: str, kept: dict[str, str]) -> None:
    """See that a tenant has these memories, by id, edges between them alone, and their words."""
    stored = AgentMemory.query.filter(agent_id=agent)
    assert {memory.memory_id: memory.content for memory in stored} == kept
    edges = AgentMemory.associations.at(agent_id=agent).edges()
    ends = {end for source, target, _ in edges for end in (source, target)}
    assert ends <= {key_of(agent, key) for key in kept}
    words, counts = AgentMemory.words.at(agent_id=agent), AgentMemory.counts.at(agent_id=agent)
    others = [one for one in TENANTS.values() if one != word]
    assert words.might_exist_count([word, *others]) == bool(kept)
    assert counts.get_frequency(word) >= len(kept)
    assert set(counts.get_frequency_batch(others).values()) == {0}


# The page that shows it


def test_what_the_page_shows_of_it_is_there() -> None:
    page = (ROOT / "docs" / "partitions.md").read_text("utf-8")
    shown = re.findall(r"^```py\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    source = SERVICE.read_text("utf-8")
    assert len(shown) >= 3
    for block in shown:
        for part in block.strip("\n").split("\n\n\n"):
            assert part in source, part
