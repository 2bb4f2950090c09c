"""Has the agent ever seen any of this? A script for a hook, which starts a process per question.

    $ REDIS_URL=redis://localhost:6379/1 python examples/ask.py "green tea" "black coffee"
    {"green tea": true, "black coffee": false}

Without arguments it reads the texts from standard input, one per line. However many there are,
one process makes one call to the server. ``false`` means certainly never seen.
"""

import json
import sys

from memory import Memory


def main() -> None:
    texts = sys.argv[1:] or sys.stdin.read().splitlines()
    print(json.dumps(Memory.bloom.might_exist_batch(texts)))


if __name__ == "__main__":
    main()
