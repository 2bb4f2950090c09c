"""Memory as a web service with many tenants, each of which sees its own memories alone.

    $ pip install popoto-recall fastapi uvicorn
    $ REDIS_URL=redis://localhost:6379/1 uvicorn --app-dir examples service:app

A tenant is an agent, and here its name is a part of the path. Nothing checks who asks: in earnest,
take the name from the caller's credentials, in `block` and in `fields`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

import popoto_recall
from popoto_recall.recipes import AgentMemory

app = FastAPI(title="Memory")

AgentId = Annotated[str, Path(pattern="^[a-z0-9-]{1,64}$")]
"""Name of a tenant. Popoto takes more, but "None", which stands for null in its keys."""

MemoryId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
"""What Popoto's AutoKeyField makes, and refuses to load anything else by."""


# What names the tenant of a request


async def block(agent_id: AgentId) -> AsyncIterator[None]:
    """For async endpoints: all that they await is inside, too."""
    with popoto_recall.partition(agent_id=agent_id):
        yield


class Fields:
    """The fields of one tenant's memories."""

    def __init__(self, agent_id: str) -> None:
        self.associations = AgentMemory.associations.at(agent_id=agent_id)
        self.words = AgentMemory.words.at(agent_id=agent_id)
        self.counts = AgentMemory.counts.at(agent_id=agent_id)


def fields(agent_id: AgentId) -> Iterator[Fields]:
    """For sync endpoints: they run in another thread than this, so that a block would be lost."""
    yield Fields(agent_id)


InBlock = Depends(block)
OfTenant = Annotated[Fields, Depends(fields)]


# What comes in and goes out


class Told(BaseModel):
    content: str = Field(min_length=1, max_length=10_000)
    after: list[MemoryId] = Field(default=[], max_length=2)
    """Memories that were said before this one, nearest first."""


class Used(BaseModel):
    ids: list[MemoryId]


class Remembered(BaseModel):
    id: str
    content: str


class Recalled(Remembered):
    score: float


class Stats(BaseModel):
    memories: int
    words: int
    ties: int
    bytes: int
    """Of the filter and the sketch."""


class Word(BaseModel):
    known: bool
    memories: int


@app.exception_handler(popoto_recall.ArgumentError)
def refused(request: Request, error: Exception) -> JSONResponse:
    """What the library refuses before it sends anything."""
    return JSONResponse({"detail": str(error)}, status_code=422)


@app.exception_handler(RequestValidationError)
def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """What FastAPI refuses; unlike its own answer, this one does not repeat what was said."""
    problems = [{"loc": found["loc"], "msg": found["msg"]} for found in error.errors()]
    return JSONResponse({"detail": problems}, status_code=422)


# Async endpoints, in a block


@app.post("/agents/{agent_id}/memories", status_code=201, dependencies=[InBlock])
async def remember(agent_id: AgentId, told: Told) -> Remembered:
    previous = [await load(agent_id, memory_id) for memory_id in told.after]
    memory = AgentMemory(agent_id=agent_id, content=told.content)
    if await memory.async_save() is False:
        raise HTTPException(422, "not stored: it seems to hold a secret")
    await run_in_threadpool(memory.follows, *previous)
    return Remembered(id=memory.memory_id, content=memory.content)


@app.get("/agents/{agent_id}/memories", dependencies=[InBlock])
async def recall(
    agent_id: AgentId,
    question: Annotated[str, Query(min_length=1, max_length=1_000)],
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[Recalled]:
    found = await AgentMemory.async_recall(question, agent_id=agent_id, limit=limit)
    return [
        Recalled(id=memory.memory_id, content=memory.content, score=score)
        for memory, score in found
    ]


@app.post("/agents/{agent_id}/used", dependencies=[InBlock])
async def used(agent_id: AgentId, given: Used) -> int:
    """How many pairs are tied now. Memories that were forgotten meanwhile are left out."""
    records = [AgentMemory(agent_id=agent_id, memory_id=memory_id) for memory_id in given.ids]
    return await run_in_threadpool(AgentMemory.used, records)


@app.delete("/agents/{agent_id}/memories/{memory_id}", status_code=204, dependencies=[InBlock])
async def forget_memory(agent_id: AgentId, memory_id: MemoryId) -> None:
    memory = await load(agent_id, memory_id)
    await memory.async_delete()


async def load(agent_id: str, memory_id: str) -> Any:
    """One memory of one tenant; another's is not found."""
    memory = await run_in_threadpool(
        AgentMemory.query.get, agent_id=agent_id, memory_id=memory_id, _no_track=True
    )
    if memory is None:
        raise HTTPException(404, f"{agent_id} has no memory {memory_id}")
    return memory


# Sync endpoints, with the fields of a tenant


@app.get("/agents/{agent_id}/stats")
def stats(agent_id: AgentId, own: OfTenant) -> Stats:
    words, counts = own.words.info(), own.counts.info()
    return Stats(
        memories=AgentMemory.query.count(agent_id=agent_id),
        words=words.items,
        ties=own.associations.info().edges,
        bytes=words.size + counts.size,
    )


@app.get("/agents/{agent_id}/words/{word}")
def word(word: str, own: OfTenant) -> Word:
    return Word(known=own.words.might_exist(word), memories=own.counts.get_frequency(word))


@app.post("/agents/{agent_id}/rebuild", status_code=202)
def rebuild(agent_id: AgentId, background: BackgroundTasks) -> None:
    """Make the filter and the sketch forget the words of forgotten memories."""
    background.add_task(rebuild_words, agent_id)


def rebuild_words(agent_id: str) -> None:
    """A job: it takes the tenant along as a value, whatever block it runs in."""
    own = Fields(agent_id)
    own.words.rebuild()
    own.counts.rebuild()


@app.delete("/agents/{agent_id}", status_code=204)
def forget_tenant(agent_id: AgentId) -> None:
    """Delete all that is stored of a tenant; of one that is unknown, nothing."""
    AgentMemory.bulk_delete(AgentMemory.query.filter(agent_id=agent_id).no_track())
    popoto_recall.forget(AgentMemory, agent_id=agent_id)
