"""What the suite shares: counts per row, forks that are killed, a proxy, and what is half done."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from popoto import Model, StringField, UniqueKeyField

from popoto_recall import CoOccurrenceField, ExistenceFilter, FrequencySketch

LONG = os.environ.get("RECALL_LONG") == "1"

ROWS = {
    1: "SCRIPT FLUSH every 10 ms under traffic",
    2: "server restarted, replica promoted",
    3: "client killed in the middle of an operation",
    4: "server killed, log cut at every byte",
    5: "server at its maxmemory",
    6: "filter, sketch, edge set evicted",
    7: "wrong type, damaged head, member that is no text",
    8: "reply lost, client retries ten times",
    9: "hostile names, texts, numbers, sizes",
    10: "one tenant asks about another",
    11: "threads, tasks, a fork",
    12: "replica, decoding, RESP3, least ACL",
    13: "options that drift, values of other programs",
    14: "pipelines, WATCH",
    15: "rebuilds beside everything",
}
SILENCE = 0.01
"""Seconds without a byte after which a server has nothing more to say."""

TALLY: dict[int, list[int]] = {}


class Case(Model):
    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=6)
    cites = CoOccurrenceField(symmetric=False, max_edges=6)
    seen = ExistenceFilter(capacity=5000, fingerprint_fn=lambda case: case.text)
    often = FrequencySketch(
        width=500, depth=4, top=5, count_on="save", fingerprint_fn=lambda case: case.text
    )


class Wide(Model):
    """Nothing is pruned from its graph, and its sketch is so wide that what it counts is exact."""

    name = UniqueKeyField()
    text = StringField()
    near = CoOccurrenceField(max_edges=10_000_000)
    seen = ExistenceFilter(capacity=1_000_000, fingerprint_fn=lambda wide: wide.text)
    often = FrequencySketch(width=200_000, fingerprint_fn=lambda wide: wide.text)


def sized(short: int, long: int) -> int:
    """How much of something to try, here and in the long form."""
    return long if LONG else short


def check(row: int, tried: int, violations: Sequence[object]) -> None:
    """Count what was tried for a row; fail on any violation, or if nothing was tried."""
    counts = TALLY.setdefault(row, [0, 0])
    counts[0] += tried
    counts[1] += len(violations)
    assert tried > 0
    assert not violations, f"{len(violations)} of {tried}: {list(violations)[:5]}"


class Fork:
    """A copy of this process that does some work, and what it said while it lived.

    Args:
        work: Takes a function that notes a JSON value; what it raises is noted as text.
    """

    def __init__(self, work: Callable[[Callable[[Any], None]], None]) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  it outlives the constructor
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
            self.pid = os.fork()
        if self.pid == 0:
            self._be(work)

    def _be(self, work: Callable[[Callable[[Any], None]], None]) -> None:
        file = self._said.fileno()
        try:
            work(lambda value: void(os.write(file, json.dumps(value).encode() + b"\n")))
        except BaseException:
            os.write(file, json.dumps(traceback.format_exc()).encode() + b"\n")
        finally:
            os._exit(0)

    def wait_until_at_work(self) -> None:
        """Until it has said something, however busy the machine is."""
        deadline = time.monotonic() + 20
        while os.fstat(self._said.fileno()).st_size == 0:
            assert time.monotonic() < deadline, "it never began"
            time.sleep(0.002)

    def kill(self) -> list[Any]:
        """End it as a crash would; what it had said."""
        os.kill(self.pid, signal.SIGKILL)
        return self.said()

    def said(self) -> list[Any]:
        """What it said, once it is done."""
        os.waitpid(self.pid, 0)
        with self._said as said:
            said.seek(0)
            return [json.loads(line) for line in said.read().splitlines()]


def void(_: object) -> None:
    return None


class Proxy:
    """A unix socket in front of a server, which loses replies when asked to.

    Attributes:
        target: Socket of the server that new connections reach.
        loses: Takes a request; whether its reply, which the server has sent, is lost.
        lost: How many were.
    """

    def __init__(self, target: str) -> None:
        self.target = target
        self.loses: Callable[[bytes], bool] = lambda request: False
        self.lost = 0
        self.socket = str(Path(tempfile.mkdtemp(prefix="recall-")) / "proxy.sock")
        self._open: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.socket)
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def drop_all(self) -> None:
        """End every connection."""
        for connection in list(self._open):
            connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_all()
        Path(self.socket).unlink()
        Path(self.socket).parent.rmdir()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            self._open.add(client)
            try:
                server.connect(self.target)
                self._pump(client, server)
            except OSError:
                pass
            finally:
                self._open.discard(client)

    def _pump(self, client: socket.socket, server: socket.socket) -> None:
        request, losing = b"", False
        while True:
            ready = select.select([client, server], [], [], SILENCE if losing else None)[0]
            if not ready:
                return  # the server has done all it was asked, and nobody learns of it
            if client in ready:
                data = client.recv(1 << 20)
                if not data:
                    return
                request += data
                server.sendall(data)
            elif data := server.recv(1 << 20):
                if not losing and self.loses(request):
                    self.lost += 1
                    losing = True
                if not losing:
                    client.sendall(data)
                    request = b""
            else:
                return


def half_edges(client: Any, field: Any = Case.near, reverse: Any = Case.cites) -> list[str]:
    """Edges that have no, or another, mirror, and nodes beyond the graph's limits."""
    found = []
    edges = edge_sets(client, field.get_edge_key_prefix())
    for node, targets in edges.items():
        if len(targets) > field.max_edges:
            found.append(f"{node} has {len(targets)} edges")
        for target, weight in targets.items():
            back = edges.get(target, {}).get(node)
            if back != weight or not 0 < weight <= 1 or target == node:
                found.append(f"{node} -> {target} is {weight}, back {back}")
    if reverse is not None:
        prefix = reverse.get_edge_key_prefix()
        there = arrows(edge_sets(client, prefix))
        back = {(a, b) for b, a in arrows(edge_sets(client, prefix.replace("$CoOcF", "$CoOcR")))}
        found += [f"{a} => {b} in one place only" for a, b in there ^ back]
    return found


def half_records(client: Any, model: Any = Case) -> list[str]:
    """Stored records that the filter or the sketch denies, and edges of records that are gone."""
    texts = stored_texts(client, model)
    seen = model.seen.might_exist_batch(texts.values())
    often = model.often.get_frequency_batch(texts.values())
    found = [f"{key} is denied" for key, text in texts.items() if not seen[text] or not often[text]]
    for field in (model.near, getattr(model, "cites", None)):
        if field is not None:
            nodes = edge_sets(client, field.get_edge_key_prefix())
            found += [f"{node} has edges and is no record" for node in nodes if node not in texts]
    return found


def stored_texts(client: Any, model: Any) -> dict[str, str]:
    """The text of every record, by key."""
    keys = [key.decode() for key in record_keys(client, model)]
    records = dict(zip(keys, model.query.get_many(keys), strict=True))
    return {key: record.text for key, record in records.items() if record is not None}


def record_keys(client: Any, model: Any) -> set[bytes]:
    return client.smembers(model._meta.db_class_set_key.redis_key)


def edge_sets(client: Any, prefix: str) -> dict[str, dict[str, float]]:
    keys = [key for key in client.scan_iter(count=1000) if key.startswith(prefix.encode())]
    return {
        key.decode()[len(prefix) :]: {
            target.decode(): weight for target, weight in client.zrange(key, 0, -1, withscores=True)
        }
        for key in keys
    }


def arrows(edges: dict[str, dict[str, float]]) -> set[tuple[str, str]]:
    return {(source, target) for source, targets in edges.items() for target in targets}
