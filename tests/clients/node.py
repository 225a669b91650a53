"""A real node for the clients: the program as built, a fresh data folder, a free port."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("KINORA_BIN", ROOT / "target/debug/kinora"))
PASSWORD = "correct horse battery staple"
START_S_MAX = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """`kinora serve` on loopback, its public address being whatever the test says."""

    def __init__(self, data: Path, public_url: str | None = None):
        if not PROGRAM.exists():
            raise FileNotFoundError(f"{PROGRAM} is missing: run `make test`, which builds it")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.host = self.url.removeprefix("http://")
        self.log = (data / "node.log").open("wb")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", data / "data", "--listen", f"127.0.0.1:{self.port}",
             "--public-url", public_url or self.url],
            env={**os.environ, "KINORA_ADMIN_PASSWORD": PASSWORD},
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        self.wait_until_it_answers()
        self.token = self.log_in()

    def wait_until_it_answers(self) -> None:
        # The kernel wakes us when the program ends; between tries it is asked whether it has.
        for _ in range(START_S_MAX * 10):
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError):
                try:
                    code = self.process.wait(0.1)
                except subprocess.TimeoutExpired:
                    continue
                raise RuntimeError(f"the node ended with {code}; see {self.log.name}") from None
        raise TimeoutError(f"the node did not answer within {START_S_MAX} s; see {self.log.name}")

    def request(self, method: str, path: str, body: bytes | None = None, headers=None):
        """Status, headers and body of one request; no status raises."""
        request = urllib.request.Request(self.url + path, body, headers or {}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def json(self, path: str):
        status, _, body = self.request(
            "GET", path, headers={"Authorization": f"Bearer {self.token}"})
        assert status == 200, (path, status, body[:500])
        return json.loads(body)

    def post(self, path: str, body: dict, status: int = 200):
        """Posts JSON as the administrator; the JSON that came back."""
        code, _, answer = self.request(
            "POST", path, json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        assert code == status, (path, code, answer[:500])
        return json.loads(answer) if answer else None

    def wait_for(self, path: str, holds):
        """Asks until what is told is as wanted."""
        told = None
        for _ in range(START_S_MAX * 10):
            told = self.json(path)
            if holds(told):
                return told
            # Ends at once if the node does.
            try:
                self.process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"the node ended; see {self.log.name}")
        raise AssertionError(f"{path} stays as it is: {json.dumps(told)[:1000]}")

    def comment_events(self, uuid: str) -> "CommentEvents":
        """What is told to those who have the page of a video open."""
        return CommentEvents(f"{self.url}/api/kinora/v1/videos/{uuid}/comments/events")

    def log_in(self) -> str:
        client = json.loads(self.request("GET", "/api/v1/oauth-clients/local")[2])
        form = urllib.parse.urlencode({
            **client, "grant_type": "password", "username": "root", "password": PASSWORD})
        status, _, body = self.request(
            "POST", "/api/v1/users/token", form.encode(),
            {"Content-Type": "application/x-www-form-urlencoded"})
        assert status == 200, body
        return json.loads(body)["access_token"]

    def upload(self, clip: Path, name: str) -> str:
        """Uploads by the resumable form in one part; the video's uuid."""
        channel = self.json("/api/v1/users/me")["videoChannels"][0]["id"]
        size = clip.stat().st_size
        bearer = {"Authorization": f"Bearer {self.token}"}
        status, headers, body = self.request(
            "POST", "/api/v1/videos/upload-resumable",
            json.dumps({"name": name, "channelId": channel, "filename": clip.name,
                        "privacy": 1}).encode(),
            {**bearer, "Content-Type": "application/json",
             "X-Upload-Content-Length": str(size), "X-Upload-Content-Type": "video/mp4"})
        assert status == 201, (status, body)
        location = urllib.parse.urlsplit(headers["Location"])
        status, _, body = self.request(
            "PUT", f"{location.path}?{location.query}", clip.read_bytes(),
            {**bearer, "Content-Type": "application/octet-stream",
             "Content-Range": f"bytes 0-{size - 1}/{size}"})
        assert status == 200, (status, body)
        return json.loads(body)["video"]["uuid"]

    def wait_for_progress(self, uuid: str, done) -> dict:
        """Reads the video's events until `done(state)` holds; the state that fulfilled it."""
        request = urllib.request.Request(
            f"{self.url}/api/kinora/v1/videos/{uuid}/events",
            headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=300) as events:
            for line in events:
                if line.startswith(b"data:"):
                    state = json.loads(line[5:])
                    if state.get("error"):
                        raise AssertionError(f"transcoding failed: {state}")
                    if done(state):
                        return state
        raise AssertionError("the events ended before the video was made")

    def wait_until_made(self, uuid: str) -> dict:
        """Waits until every rendition is whole."""
        return self.wait_for_progress(uuid, lambda state: state["renditions"] and all(
            rendition["state"] == "ready" for rendition in state["renditions"]))

    def stop(self) -> int:
        self.process.terminate()
        code = self.process.wait(30)
        self.log.close()
        return code


class CommentEvents:
    """Server-sent events of the comments under a video."""

    def __init__(self, address: str):
        self.stream = urllib.request.urlopen(address, timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def next(self, wanted: str) -> dict:
        """Waits for the next event of a kind; others are passed over."""
        kind = None
        for line in self.stream:
            if line.startswith(b"event:"):
                kind = line[6:].strip().decode()
            elif line.startswith(b"data:") and kind == wanted:
                return json.loads(line[5:])
        raise AssertionError(f"the events ended before {wanted}")
