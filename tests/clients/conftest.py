"""What every client test is given: a node, and a clip with picture and sound."""

import subprocess

import pytest

from node import Node

CLIP_S = 6


@pytest.fixture(scope="session")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate=25:duration={CLIP_S}",
         "-f", "lavfi", "-i", f"sine=frequency=440:duration={CLIP_S}", "-c:v", "libx264", "-preset",
         "ultrafast", "-pix_fmt", "yuv420p", "-g", "50", "-c:a", "aac", "-ac", "2", path],
        check=True)
    return path


@pytest.fixture
def node(tmp_path):
    node = Node(tmp_path)
    yield node
    assert node.stop() == 0, "a node that is asked to stop ends without an error"
