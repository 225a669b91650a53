"""yt-dlp's `peertube:` extractor, which asks https on port 443 and nothing else."""

import json
import os
import subprocess
import sys

import pytest

from node import Node
from proxy import TlsProxy

HOST = "tube.test"


@pytest.fixture
def tube(tmp_path):
    node = Node(tmp_path, f"https://{HOST}")
    proxy = TlsProxy(tmp_path, HOST, node.port)
    yield node, proxy
    proxy.close()
    assert node.stop() == 0


def yt_dlp(proxy, *words, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "yt_dlp", "--ignore-config", "--no-cache-dir", "--proxy", proxy.url,
         "--compat-options", "no-certifi", *words],
        capture_output=True, text=True, timeout=180, cwd=cwd,
        env={**os.environ, "SSL_CERT_FILE": str(proxy.authority)})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_reads_and_downloads_a_video_by_id_and_by_page(tube, clip, tmp_path):
    node, proxy = tube
    uuid = node.upload(clip, "Seen by yt-dlp")
    node.wait_until_made(uuid)

    told = json.loads(yt_dlp(proxy, "--dump-json", f"peertube:{HOST}:{uuid}", cwd=tmp_path))
    assert told["title"] == "Seen by yt-dlp"
    assert told["extractor_key"] == "PeerTube"
    assert told["uploader"] == "root"
    assert abs(told["duration"] - 6) <= 1
    assert {form["height"] for form in told["formats"] if form.get("height")} >= {360}

    yt_dlp(proxy, "-o", "got.%(ext)s", "-f", "best", f"https://{HOST}/videos/watch/{uuid}",
           cwd=tmp_path)
    got = next(tmp_path.glob("got.*"))
    length = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", got],
        capture_output=True, text=True, check=True).stdout
    assert abs(float(length) - 6) < 0.5
    errors = subprocess.run(["ffmpeg", "-v", "error", "-i", got, "-f", "null", "-"],
                            capture_output=True, text=True, check=True).stderr
    assert errors == ""
