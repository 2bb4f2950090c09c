"""A client that asks for one key again and again, and notes how long it waits.

``python -m benchmarks.probe SOCKET`` asks until its standard input ends, then writes the waits.
"""

from __future__ import annotations

import json
import sys
import threading
import time

import redis

PAUSE = 0.002


def probe(socket: str) -> dict[str, object]:
    """Seconds that each GET took; how many the server refused, busy with a script."""
    client = redis.Redis(unix_socket_path=socket, socket_timeout=60)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    waits, refused = [], 0
    while not ended.is_set():
        start = time.perf_counter()
        try:
            client.get("probe")
        except redis.ResponseError:
            refused += 1
        waits.append(time.perf_counter() - start)
        time.sleep(PAUSE)
    return {"waits": waits, "refused": refused}


if __name__ == "__main__":
    print(json.dumps(probe(sys.argv[1])))
