"""PeerTube's own command line, as published on npm."""

import os
import re
import subprocess
from pathlib import Path

from node import PASSWORD

CLI = Path(__file__).parent / "node_modules/@peertube/peertube-cli/dist/peertube.js"


def peertube(home, *words):
    done = subprocess.run(["node", CLI, *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_gets_an_access_token(node, tmp_path):
    said = peertube(tmp_path, "get-access-token", "--url", node.url, "--username", "root",
                    "--password", PASSWORD)
    token = re.findall(r"^\S{20,}$", said, re.MULTILINE)[-1]
    status, _, _ = node.request("GET", "/api/v1/users/me",
                                headers={"Authorization": f"Bearer {token}"})
    assert status == 200


def test_it_uploads_a_video_that_can_then_be_watched(node, clip, tmp_path):
    said = peertube(tmp_path, "upload", "--url", node.url, "--username", "root", "--password",
                    PASSWORD, "--file", str(clip), "--video-name", "From PeerTube's command line",
                    "--tags", "one tag,another", "--category", "15", "--language", "fr")
    assert "uploaded" in said
    video = node.json("/api/v1/users/me/videos")["data"][0]
    assert video["name"] == "From PeerTube's command line"
    node.wait_until_made(video["uuid"])
    video = node.json(f"/api/v1/videos/{video['uuid']}")
    assert video["tags"] == ["one tag", "another"]
    assert (video["category"]["id"], video["language"]["id"]) == (15, "fr")
    assert video["state"]["id"] == 1
    assert video["streamingPlaylists"][0]["files"]
