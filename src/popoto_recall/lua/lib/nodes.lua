-- Library: a graph, and the list of its nodes.
--
-- The list has every node that has an edge set or a mirror set, so that a pass over the graph need
-- not look at all keys of the server. Writes that change an edge list its ends again: a list that
-- was lost comes back with the nodes that are touched.

-- What functions need to know of a graph: keys, prefixes of keys, and the limit where it matters.
local function graph_of(nodes, edges, mirrors, max_edges)
  local symmetric = edges == mirrors
  max_edges = tonumber(max_edges)
  return {
    nodes = nodes, edges = edges, mirrors = mirrors, max_edges = max_edges, symmetric = symmetric
  }
end

-- Take a node that has lost an edge off the list, if it was the last.
local function unlist(graph, node)
  if redis.call('EXISTS', graph.edges .. node, graph.mirrors .. node) == 0 then
    redis.call('ZREM', graph.nodes, node)
  end
end
