"""Dialogues with questions about them, in the form of LoCoMo.

Maharana et al. (2024), "Evaluating Very Long-Term Conversational Memory of LLM Agents". The file is
yours: a list of dialogues, each with ``session_<n>``, lists of turns, and ``qa``, questions that
name the turns they are answered by. The files that LoCoMo itself publishes work, too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

CATEGORIES = {1: "multi-hop", 2: "temporal", 3: "open-domain", 4: "single-hop"}
"""Questions of category 5 have no answer in the dialogue, and are left out."""

TURN = re.compile(r"D\d+:\d+")


class Asked(NamedTuple):
    """A question, and the turns that answer it."""

    question: str
    wanted: frozenset[str]
    category: str


@dataclass(frozen=True)
class Dialogue:
    """One dialogue.

    Attributes:
        name: Of the dialogue.
        sessions: Per session the turns, by name: who says what, and what a picture shows.
        questions: About them.
    """

    name: str
    sessions: list[dict[str, str]]
    questions: list[Asked]

    @property
    def turns(self) -> dict[str, str]:
        return {turn: text for session in self.sessions for turn, text in session.items()}


def read(path: Path) -> tuple[list[Dialogue], str]:
    """The dialogues of a file, and its SHA-256."""
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return list(map(_dialogue, json.loads(text))), hashlib.sha256(data).hexdigest()


def _dialogue(raw: dict[str, Any]) -> Dialogue:
    told = raw.get("conversation", raw)
    names = sorted(
        (key for key in told if re.fullmatch(r"session_\d+", key)),
        key=lambda key: int(key.removeprefix("session_")),
    )
    sessions = [{turn["dia_id"]: _text(turn) for turn in told[name]} for name in names]
    known = {turn for session in sessions for turn in session}
    questions = []
    for asked in raw["qa"]:
        named = " ".join(asked.get("evidence", []))
        wanted = frozenset(TURN.findall(named)) & known
        if wanted and asked["category"] in CATEGORIES:
            category = CATEGORIES[asked["category"]]
            questions.append(Asked(asked["question"], wanted, category))
    name = str(raw.get("name", raw.get("sample_id", "")))
    return Dialogue(name, sessions, questions)


def _text(turn: dict[str, str]) -> str:
    shown = turn.get("blip_caption")
    return f"{turn['speaker']}: {turn['text']}" + (f" [{shown}]" if shown else "")
