"""libtorrent reads a rendition's bytes back through the torrent's web seed."""

import hashlib
import urllib.request

import libtorrent

DOWNLOAD_S_MAX = 60


def test_a_torrent_client_gets_the_file_from_the_web_seed_alone(node, clip, tmp_path):
    uuid = node.upload(clip, "By torrent")
    node.wait_until_made(uuid)
    playlist = node.json(f"/api/v1/videos/{uuid}")["streamingPlaylists"][0]
    file = max(playlist["files"], key=lambda file: file["resolution"]["id"])
    with urllib.request.urlopen(file["torrentUrl"], timeout=30) as answer:
        torrent = libtorrent.torrent_info(libtorrent.bdecode(answer.read()))
    assert torrent.total_size() == file["size"]
    assert f"urn:btih:{torrent.info_hashes().v1}" in file["magnetUri"]

    session = libtorrent.session({
        "listen_interfaces": "127.0.0.1:0", "enable_dht": False, "enable_lsd": False,
        "enable_upnp": False, "enable_natpmp": False,
        "alert_mask": libtorrent.alert.category_t.status_notification
        | libtorrent.alert.category_t.error_notification,
        # The seed of this test is on loopback, which libtorrent distrusts by default.
        "ssrf_mitigation": False})
    handle = session.add_torrent({"ti": torrent, "save_path": str(tmp_path)})
    waited_s = 0
    while not handle.status().is_seeding:
        assert waited_s < DOWNLOAD_S_MAX, (str(handle.status().state), handle.status().progress)
        session.wait_for_alert(1000)
        messages = [str(alert) for alert in session.pop_alerts()]
        assert not handle.status().errc.value(), messages
        waited_s += 1

    with urllib.request.urlopen(file["fileUrl"], timeout=30) as answer:
        served = answer.read()
    got = (tmp_path / torrent.files().file_path(0)).read_bytes()
    assert hashlib.sha256(got).digest() == hashlib.sha256(served).digest()
    assert len(got) == file["size"]


def test_a_torrent_that_cannot_be_made_yet_says_when_to_come_back(node, clip):
    uuid = node.upload(clip, "Too early")
    video = node.json(f"/api/v1/videos/{uuid}")
    url = video["files"][0]["torrentUrl"]
    path = url.removeprefix(node.url)
    status, headers, _ = node.request(
        "GET", path, headers={"Authorization": f"Bearer {node.token}"})
    assert status in (200, 503), "the file may have been made in the meantime"
    if status == 503:
        assert int(headers["Retry-After"]) >= 1
