"""`CoOccurrenceField`: what goes with this?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import popoto
from popoto import Defaults
from popoto.models.base import Model
from popoto.models.db_key import DB_key
from popoto.redis_db import get_REDIS_DB

from ..engine import Command, Commands, queue, run
from ..errors import ArgumentError, ArgumentTypeError, OptionError
from ..structures.graph import Activation, Edge, Graph
from ._base import RecallField, as_count, as_number, as_pk, count_option, key_of
from ._operation import Described, ModelRef, asynchronous, model_of, read, write
from ._saving import saving

EDGES = "$CoOcF"
REVERSE = "$CoOcR"


class CoOccurrenceField(RecallField, popoto.CoOccurrenceField):
    """A weighted association graph between the records of a model.

    Args:
        symmetric: Whether an edge leads both ways.
        max_edges: Most edges that a node keeps; over it the lightest go. At least 1.
        decay_factor: Default factor of `weaken_all`, in [0, 1). None: Popoto's
            ``Defaults.CO_OCCURRENCE_DECAY_FACTOR``, read at each call.
        type, null, default: Accepted at the values that Popoto's own field has.
    Raises:
        OptionError: An option is out of range.

    Weights lie in (0, cap], where the cap is Popoto's ``Defaults.CO_OCCURRENCE_WEIGHT_CAP``. A pk
    is a record or its key. Keys: ``$CoOcF:{ClassName}:{field}:{pk}``, a sorted set of edges, and
    ``$CoOcR:...``, the reverse index of an asymmetric graph.
    """

    roundtrip_policy = "carry"

    def __init__(
        self,
        *,
        symmetric: bool = True,
        max_edges: int = 500,
        decay_factor: float | None = None,
        type: object = str,
        null: object = True,
        default: object = None,
    ) -> None:
        if not isinstance(symmetric, bool):
            raise OptionError(f"symmetric is True or False, not {symmetric!r}")
        if decay_factor is not None and not _is_factor(decay_factor):
            raise OptionError(f"decay_factor is a number in [0, 1), not {decay_factor!r}")
        self.symmetric = symmetric
        self.max_edges = count_option("max_edges", max_edges)
        self._decay_factor = decay_factor
        self._init_popoto(type, null, default)

    @property
    def decay_factor(self) -> float:
        """Default factor of `weaken_all`."""
        declared = self._decay_factor
        return float(Defaults.CO_OCCURRENCE_DECAY_FACTOR if declared is None else declared)

    def get_edge_key_prefix(self, model: ModelRef | None = None) -> str:
        """Prefix of the keys of all edge sets, ending in a colon. No I/O."""
        return key_of(EDGES, self._model_or_owner(model), self.name) + ":"

    def get_edge_key(self, model: Any, pk: object = None) -> str:
        """Key of the sorted set of a record's edges; the model may be left out. No I/O."""
        if pk is None:
            model, pk = None, model
        return self.get_edge_key_prefix(model) + as_pk(pk)

    @write
    def link(
        self,
        model: type[Model],
        source: object,
        target: object,
        initial_weight: float | None = None,
    ) -> Described[float]:
        """Create the edge between two records, if it is missing.

        A full node gives up its lightest edge for the new one, at both ends of it, unless the
        new one is itself the lightest: then nothing is written.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches; not ``source``.
            initial_weight: Weight of a new edge, unitless, in (0, cap]. None: Popoto's
                ``Defaults.CO_OCCURRENCE_INITIAL_WEIGHT``.
            pipeline: Queue the call there and return None.
        Returns:
            The edge's weight: that of the existing edge if there is one, 0.0 if a full node
            refused it.
        Raises:
            ValueError: ``initial_weight`` out of range, or ``source`` is ``target``.
        Cost: one round trip, O(log E).  Atomic: both directions.
        """
        weight = Defaults.CO_OCCURRENCE_INITIAL_WEIGHT if initial_weight is None else initial_weight
        weight = as_number("initial_weight", weight)
        graph = self._graph(model)
        if not 0 < weight <= graph.cap:
            raise ArgumentError(f"initial_weight must be in (0, {graph.cap:g}], not {weight:g}")
        return _single(graph.link([(as_pk(source), as_pk(target), weight)]))

    @write
    def strengthen(
        self, model: type[Model], source: object, target: object, delta: float = 0.05
    ) -> Described[float]:
        """Add ``delta`` to the weight of an edge, up to the cap; a missing edge begins at 0.

        On a full node the lightest of its other edges goes, so that a pair that is strengthened
        again and again can grow.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches; not ``source``.
            delta: Weight to add, unitless, > 0.
            pipeline: Queue the call there and return None.
        Returns:
            The new weight, in (0, cap].
        Raises:
            ValueError: ``delta`` out of range, or ``source`` is ``target``.
        Cost: one round trip, O(log E).  Atomic: both directions.
        Source: Hebb (1949): what fires together wires together.
        """
        delta = as_number("delta", delta)
        if delta <= 0:
            raise ArgumentError(f"delta must be > 0, not {delta:g}")
        return _single(self._graph(model).strengthen([(as_pk(source), as_pk(target), delta)]))

    @write
    def unlink(self, model: type[Model], source: object, target: object) -> Described[None]:
        """Remove the edge between two records, if there is one.

        Args:
            source: Record (or pk) the edge leaves.
            target: Record (or pk) it reaches.
            pipeline: Queue the call there.
        Cost: one round trip, O(log E).  Atomic: both directions.
        """
        return self._graph(model).unlink(as_pk(source), as_pk(target))

    @write
    def weaken_all(
        self, model: type[Model], pk: object, factor: float | None = None
    ) -> Described[int]:
        """Multiply the weights of a record's edges; those that fall below 0.001 go.

        Args:
            pk: Record whose edges to weaken.
            factor: In [0, 1]: 0 removes every edge, 1 changes nothing. None: the field's
                ``decay_factor``.
            pipeline: Queue the call there and return None.
        Returns:
            Number of edges removed.
        Raises:
            ValueError: ``factor`` out of range.
        Cost: one round trip, O(E), or O(E log E) when symmetric.  Atomic: both directions.
        """
        factor = as_number("factor", self.decay_factor if factor is None else factor)
        if not 0 <= factor <= 1:
            raise ArgumentError(f"factor must be between 0 and 1, not {factor:g}")
        return self._graph(model).weaken(as_pk(pk), factor)

    @read
    def get_linked(
        self, model: type[Model], pk: object, min_weight: float = 0.01, limit: int = 20
    ) -> Described[list[Edge]]:
        """A record's neighbours.

        Args:
            pk: Record whose edges to read.
            min_weight: Lightest edge wanted.
            limit: Most edges wanted, >= 1.
        Returns:
            At most ``limit`` pairs of pk and weight, heaviest first.
        Raises:
            ValueError: ``limit`` is not a whole number >= 1, or ``min_weight`` is NaN.
        Cost: one round trip, O(log E + limit).
        """
        min_weight = as_number("min_weight", min_weight)
        return self._graph(model).linked(as_pk(pk), min_weight, as_count("limit", limit))

    @read
    def propagate(
        self,
        model: type[Model],
        seed_pks: Iterable[object] | Mapping[Any, float],
        depth: int = 2,
        decay_per_hop: float | None = None,
        threshold: float = 0.01,
        *,
        limit: int | None = None,
        max_reads: int | None = None,
        explain: bool = False,
    ) -> Described[Activation]:
        """Spread activation from some records and find what it reaches.

        The score of a record is the best product of ``decay_per_hop * weight`` along a path of at
        most ``depth`` edges from a seed.

        Args:
            seed_pks: n records or pks, or a mapping of them to weights in (0, 1].
            depth: Most edges on a path. 0: just the seeds, with their weights.
            decay_per_hop: Factor per edge, in (0, 1 / cap). None: Popoto's
                ``Defaults.CO_OCCURRENCE_DECAY_PER_HOP``.
            threshold: Lowest score that counts, >= 0.
            limit: Only the highest scores, exactly; the cost follows this and not the graph.
            max_reads: Most edges to read, about a microsecond of server time each. A walk that
                it cuts short has ``truncated`` set.
            explain: Fill ``paths`` with the best path to each record.
        Returns:
            A dict of pk to score, heaviest first, ties in the order of their pks; without the
            seeds.
        Raises:
            ValueError: An argument out of range, or a bare string as seeds.
        Cost: one round trip, O(edges read).  Atomic: the graph as it is at one moment.
        Source: Collins & Loftus (1975), spreading activation.
        """
        graph = self._graph(model)
        seeds = _seeds(seed_pks)
        default = Defaults.CO_OCCURRENCE_DECAY_PER_HOP
        decay = as_number("decay_per_hop", default if decay_per_hop is None else decay_per_hop)
        if not 0 < decay or decay * graph.cap >= 1:
            raise ArgumentError(
                f"decay_per_hop must be in (0, {1 / graph.cap:g}), not {decay:g}, or activation "
                "would grow with every hop"
            )
        threshold = as_number("threshold", threshold)
        if threshold < 0:
            raise ArgumentError(f"threshold must be >= 0, not {threshold:g}")
        return graph.propagate(
            seeds,
            as_count("depth", depth, least=0),
            decay,
            threshold,
            limit=None if limit is None else as_count("limit", limit),
            max_reads=None if max_reads is None else as_count("max_reads", max_reads),
            explain=explain,
        )

    async_link = asynchronous(link)
    async_strengthen = asynchronous(strengthen)
    async_unlink = asynchronous(unlink)
    async_weaken_all = asynchronous(weaken_all)
    async_get_linked = asynchronous(get_linked)
    async_propagate = asynchronous(propagate)

    @classmethod
    def on_save(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Nothing to do: edges belong to the key, which a save keeps. Called by Popoto."""
        return pipeline

    @classmethod
    def on_delete(
        cls,
        model_instance: Model,
        field_name: str,
        field_value: object,
        pipeline: Any = None,
        **kwargs: Any,
    ) -> Any:
        """Remove the record's edges, or carry them to its new key. Called by Popoto."""
        field = model_instance._meta.fields[field_name]
        key = model_instance.db_key.redis_key
        commands = field._leave(model_instance, kwargs.get("saved_redis_key") or key, key)
        if pipeline is None:
            run(get_REDIS_DB(), commands)
        else:
            queue(pipeline, commands)
        return pipeline

    def _leave(self, instance: Model, old: str, new: str) -> Commands[None]:
        """What becomes of the edges when a record gives up its key."""
        model = type(instance)
        graph = self._graph(model)
        calls: tuple[Command[int], ...]
        if saving(instance) is not None and new != old:
            renamed = dict(zip(reversed(_names(model, old)), reversed(_names(model, new))))
            calls = tuple(graph.rename(*pair) for pair in renamed.items())
        else:
            calls = (graph.delete(list(dict.fromkeys(_names(model, old)))),)
        return Commands(calls, lambda _: None)

    def _graph(self, model: type[Model]) -> Graph:
        edges = key_of(EDGES, model, self.name) + ":"
        mirrors = edges if self.symmetric else key_of(REVERSE, model, self.name) + ":"
        return Graph(edges, mirrors, self.max_edges, float(Defaults.CO_OCCURRENCE_WEIGHT_CAP))

    def _model_or_owner(self, model: ModelRef | None) -> type[Model]:
        found = self.owner if model is None else model_of(model)
        self.check_on(found)
        return found


def _is_factor(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < 1


def _single(command: Command[list[float]]) -> Command[float]:
    parse = command.parse
    return Command(command.script, command.keys, command.args, lambda reply: parse(reply)[0])


def _seeds(seeds: Iterable[object] | Mapping[Any, float]) -> dict[str, float]:
    if isinstance(seeds, (str, bytes)):
        raise ArgumentError("seed_pks takes several pks, not one string: write [pk]")
    if not isinstance(seeds, Iterable):
        raise ArgumentTypeError(f"seed_pks takes several pks, not {type(seeds).__name__}")
    if not isinstance(seeds, Mapping):
        return {as_pk(seed): 1.0 for seed in seeds}
    weighted = {as_pk(pk): as_number("a seed's weight", weight) for pk, weight in seeds.items()}
    for pk, weight in weighted.items():
        if not 0 < weight <= 1:
            raise ArgumentError(f"the weight of seed {pk!r} must be in (0, 1], not {weight:g}")
    return weighted


def _names(model: type[Model], redis_key: str) -> tuple[str, ...]:
    """The names that a record may be linked under: its key, that unescaped, its bare value."""
    parts = [str(part) for part in DB_key.from_redis_key(redis_key)]
    bare = parts[1:] if len(model._meta.key_field_names) == 1 else []
    return (redis_key, ":".join(parts), *bare)
