"""Where and with what a run was made."""

from __future__ import annotations

import math
import os
import platform
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .clocks import waited
from .stage import Stage

PACKAGES = ("popoto-recall", "popoto", "redis", "networkx", "hiredis", "rbloom", "pyprobables")


def facts(stage: Stage, seed: int) -> dict[str, str]:
    """What to know of a run, by name."""
    server = stage.client.info("server")
    plan = stage.plan
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "run": f"{plan.name}, seed {seed}, at least {plan.seconds:g} s a comparison",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {platform.system()} "
        f"{platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "server": f"{server.get('server_name', 'redis')} {server['redis_version']}, "
        f"{stage.client.info('memory')['mem_allocator']}, unix socket",
        "cores": stage.cores,
        "server CPU": f"by {stage.clock.name}",
        "modules": ", ".join(_modules(stage)) or "none",
        "packages": ", ".join(filter(None, map(_package, PACKAGES))),
    }


def disturbed(stage: Stage, seconds: float) -> str:
    """How much of a run went by while others were on the cores of client and server."""
    client, server = (waited(pid) / seconds for pid in (os.getpid(), stage.server.pid))
    if math.isnan(client + server):
        return "not known whether others were on the cores"
    return f"kept from their cores by others: client {client:.1%}, server {server:.1%} of the time"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _modules(stage: Stage) -> list[str]:
    listed = stage.client.info("modules").get("modules", [])
    return [f"{module['name']} {module['ver']}" for module in listed]


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""
