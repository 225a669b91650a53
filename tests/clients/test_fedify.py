"""A server that somebody else wrote: Fedify signs by RFC 9421 first and reads JSON-LD strictly."""

import json

import pytest

from fedify import Remote
from node import Node


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA__FEDERATION__ALLOW_PRIVATE", "true")
    node = Node(tmp_path)
    ada = Remote(tmp_path / "remote.log")
    yield node, ada
    ada.stop()
    assert node.stop() == 0


def test_a_person_elsewhere_follows_comments_likes_and_shares(two, clip):
    node, ada = two
    channel = node.json("/api/v1/users/me")["videoChannels"][0]["name"]
    author = f"{node.url}/accounts/root"

    # Fedify asks WebFinger over https alone, which a node on loopback has not: so what it answers is read here.
    place = f"{node.url}/video-channels/{channel}"
    for name, uri, kind in [("root", author, "Person"), (channel, place, "Group")]:
        status, _, body = node.request("GET", f"/.well-known/webfinger?resource=acct:{name}@{node.host}")
        links = json.loads(body)["links"]
        assert status == 200 and uri in [link["href"] for link in links if link["rel"] == "self"], links
        assert ada.do("lookup", text=uri)["type"] == kind

    follow = ada.do("follow", text=place)["id"]
    accept = ada.received(lambda it: it["received"] == "Accept")
    assert accept["object"] == follow or accept["objectType"] == "Follow"
    followers = node.json(f"/api/v1/video-channels/{channel}/followers")
    assert [(it["follower"]["name"], it["follower"]["host"]) for it in followers["data"]] == [
        ("ada", ada.origin.removeprefix("http://"))]

    # A new video reaches the follower, and she reads all of it.
    uuid = node.upload(clip, "Seen from Fedify")
    node.wait_until_made(uuid)
    video = f"{node.url}/videos/watch/{uuid}"
    ada.received(lambda it: it["received"] in ("Create", "Announce") and it["object"] == video)
    seen = ada.do("lookup", text=video)
    assert (seen["type"], seen["name"]) == ("Video", "Seen from Fedify")

    # Her comment appears on the page that is open, is edited and deleted.
    with node.comment_events(uuid) as events:
        comment = ada.do("comment", inReplyTo=video, to=author, content="<p>Nice <b>film</b><script>x</script></p>")
        shown = events.next("comment")
        assert shown["account"]["name"] == "ada" and not shown["isLocal"]
        assert "Nice" in shown["html"] and "script" not in shown["html"]
        ada.do("edit", id=comment["id"], inReplyTo=video, to=author, content="<p>Better words</p>")
        assert "Better words" in events.next("comment-changed")["html"]

        # An answer from here reaches her.
        answered = node.post(f"/api/v1/videos/{uuid}/comments/{shown['id']}", {"text": "Thank you, Ada"})
        reply = ada.received(lambda it: it["received"] == "Create" and "Thank you" in (it["content"] or ""))
        assert reply["actor"] == author, (reply, answered)
        events.next("comment")

        ada.do("delete", id=comment["id"], to=author)
        assert events.next("comment-deleted")["id"] == shown["id"]

    like = ada.do("like", object=video, to=author)["id"]
    node.wait_for(f"/api/v1/videos/{uuid}", lambda it: it["likes"] == 1)
    ada.do("unlike", id=like, object=video, to=author)
    node.wait_for(f"/api/v1/videos/{uuid}", lambda it: it["likes"] == 0)
    ada.do("share", object=video, to=author)
    node.wait_for(f"/api/v1/videos/{uuid}", lambda it: it["shares"] == 1)

    # Whoever is deleted here is deleted there.
    status, _, body = node.request(
        "DELETE", f"/api/v1/videos/{uuid}", headers={"Authorization": f"Bearer {node.token}"})
    assert status == 204, body
    ada.received(lambda it: it["received"] == "Delete" and (it["object"] or "").startswith(video))

    ada.do("unfollow", id=follow, text=place)
    node.wait_for(f"/api/v1/video-channels/{channel}/followers", lambda it: it["total"] == 0)


def test_people_here_follow_and_answer_someone_elsewhere(two):
    node, ada = two
    handle = f"ada@{ada.origin.removeprefix('http://')}"
    node.post("/api/v1/users/me/subscriptions", {"uri": handle}, status=204)
    follow = ada.received(lambda it: it["received"] == "Follow")
    assert follow["actor"] == f"{node.url}/accounts/root"
    found = node.json(f"/api/v1/accounts/{handle}")
    assert (found["displayName"], found["url"]) == ("Ada of Fedify", f"{ada.origin}/users/ada")
