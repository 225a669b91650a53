"""A remote server built on Fedify, told what to do line by line."""

import json
import os
import queue
import subprocess
import threading
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
MODULES = FOLDER.parent / "node_modules"
ANSWER_S_MAX = 60


def node_program() -> Path:
    """Fedify needs Node.js 22 or newer, which Debian 12 has not: npm brings one."""
    for machine in ("x64", "arm64"):
        program = MODULES / f"node-linux-{machine}/bin/node"
        if program.exists():
            return program
    raise FileNotFoundError("Node.js 24 is missing from tests/clients: run `make test`, which installs it")


class Remote:
    """One person, `ada`, on a server of her own."""

    def __init__(self, log: Path):
        self.errors = log.open("wb")
        self.process = subprocess.Popen(
            [node_program(), FOLDER / "remote.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, text=True, env={**os.environ, "NODE_NO_WARNINGS": "1"})
        self.answers: queue.Queue = queue.Queue()
        self.inbox: queue.Queue = queue.Queue()
        self.seen: list = []
        threading.Thread(target=self.listen, daemon=True).start()
        self.origin = self.answers.get(timeout=ANSWER_S_MAX)["ready"]

    def listen(self) -> None:
        for line in self.process.stdout:
            told = json.loads(line)
            (self.inbox if "received" in told or "inboxError" in told else self.answers).put(told)
        self.answers.put({"failed": "the remote ended"})

    def do(self, what: str, **rest):
        """Has Ada do something; what came of it."""
        self.process.stdin.write(json.dumps({"do": what, **rest}) + "\n")
        self.process.stdin.flush()
        told = self.answers.get(timeout=ANSWER_S_MAX)
        assert "done" in told, told
        return told["done"]

    def received(self, matches) -> dict:
        """Waits for an activity that reaches Ada; those that came before count too."""
        for told in self.seen:
            if matches(told):
                return told
        while True:
            try:
                told = self.inbox.get(timeout=ANSWER_S_MAX)
            except queue.Empty:
                raise AssertionError(f"nothing of the kind came; what came: {self.seen}") from None
            self.seen.append(told)
            if matches(told):
                return told

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
        self.errors.close()
