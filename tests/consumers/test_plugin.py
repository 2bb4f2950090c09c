"""Popoto's pytest plugin, in a session of its own, with a model of ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SUITE = """
import pytest
from popoto import Model, UniqueKeyField, redis_db
from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch


class Leaf(Model):
    name = UniqueKeyField()
    near = CoOccurrenceField()
    seen = ExistenceFilter(capacity=1000)
    often = FrequencySketch(width=100)


@pytest.mark.parametrize("round", [1, 2])
def test_every_test_begins_with_nothing(round):
    assert redis_db.get_REDIS_DB().connection_pool.connection_kwargs["db"] == 14
    assert Leaf.seen.definitely_missing("elm")
    elm, oak = Leaf.create(name="elm"), Leaf.create(name="oak")
    assert Leaf.near.link(elm, oak) == 0.1
    assert Leaf.seen.might_exist("elm") and Leaf.seen.info().complete
    assert Leaf.often.get_frequency("oak") == 1


@pytest.mark.conformance
def test_the_backend_of_the_plugin_is_ours(backend):
    assert backend.is_redis
    Leaf.create(name="ash")
    assert Leaf.seen.might_exist("ash")
"""


def test_a_suite_with_popotos_plugin_uses_the_fields(real_client: Any, tmp_path: Path) -> None:
    (tmp_path / "test_leaf.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text("[pytest]\npopoto_test_db = 14\n")
    real_client.set("mine", "untouched")
    path = real_client.connection_pool.connection_kwargs["path"]
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "REDIS_URL": f"unix://{path}", "PYTEST_ADDOPTS": ""},
    )
    assert "3 passed" in said.stdout, said.stdout + said.stderr
    assert real_client.get("mine") == b"untouched"
    assert real_client.keys("*") == [b"mine"]
