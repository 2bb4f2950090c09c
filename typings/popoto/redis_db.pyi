from typing import Any

import redis

POPOTO_REDIS_DB: redis.Redis
_POPOTO_ASYNC_REDIS_DB: Any

class GuardedRedis(redis.Redis): ...

def get_REDIS_DB() -> redis.Redis: ...
