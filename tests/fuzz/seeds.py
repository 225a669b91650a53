"""Makes the first inputs of each fuzz target out of the recorded messages: seeds.py FIXTURES TARGET_FOLDER."""

import json
import pathlib
import re
import sys

fixtures, folder = (pathlib.Path(it) for it in sys.argv[1:])
activities = fixtures / "activities"


def put(target: str, name: str, content: bytes) -> None:
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(content)


for number, path in enumerate(sorted(activities.rglob("*"))):
    if path.suffix in (".raw", ".json") and path.name != "requests.json":
        put("activity", f"{number}-{path.name}", path.read_bytes())
    if path.name.endswith(".headers.txt"):
        for line in path.read_text().splitlines():
            if line.startswith("> signature: "):
                put("signature", f"{number}", line.removeprefix("> signature: ").encode())
for number, request in enumerate(json.loads((activities / "gotosocial/requests.json").read_text())):
    for name, value in request["hdr"]:
        if name.lower() == "signature":
            put("signature", f"gotosocial-{number}", value.encode())

# As RFC 9421 has it, and as Fedify and Mastodon send it.
parameters = ';created=1795401000;keyid="https://a.example/actor#key"'
covered = '"@method" "@target-uri" "@authority" "host" "date" "content-digest"'
for number, rest in enumerate(["", ';alg="rsa-v1_5-sha256"', ';expires=1795401300;nonce="x";tag="y"']):
    put("signature_input", f"{number}", f"sig1=({covered}){rest}{parameters}\nsig1=:AAAA:".encode())
put("signature_input", "query", b'a=("@path" "@query";sf "@scheme" "@request-target");created=1\na=:AA==:')

account = {
    "subject": "acct:ana@a.example",
    "aliases": ["https://a.example/a/ana"],
    "links": [
        {"rel": "self", "type": "application/activity+json", "href": "https://a.example/a/ana"},
        {"rel": "http://ostatus.org/schema/1.0/subscribe", "template": "https://a.example/i?uri={uri}"},
    ],
}
put("webfinger", "account", json.dumps(account).encode())
for number, handle in enumerate(["@ana@a.example", "acct:ana@a.example:8080", "ana@münchen.example"]):
    put("webfinger", f"handle-{number}", handle.encode())

schema = "http://nodeinfo.diaspora.software/ns/schema/"
links = [{"rel": f"{schema}{version}", "href": f"https://a.example/nodeinfo/{version}"} for version in ("2.0", "2.1")]
put("nodeinfo", "index", json.dumps({"links": links}).encode())
put("nodeinfo", "document", json.dumps({"version": "2.1", "software": {"name": "peertube", "version": "8.0.1"}}).encode())

# The examples of the protocol, which are control frames, and a request at the STUN port.
protocol = (fixtures.parent.parent / "docs/p2p-protocol.md").read_text()
for number, line in enumerate(re.findall(r"^(?:[0-9a-f]{2} )+[0-9a-f]{2}$", protocol, re.MULTILINE)):
    for target in ("tracker", "segment"):
        put(target, f"example-{number}", bytes.fromhex(line))
video = b"8a5ee3ad-74f9-4814-a483-204b12168ce1"
asked = b"\xa3\x65swarm\x58\x20" + bytes(32) + b"\x65video\x78\x24" + video + b"\x64want\x0c"
put("tracker", "request", bytes([len(asked)]) + asked)
put("datagram", "request", bytes.fromhex("000100002112a442") + bytes(12))
put("datagram", "software", bytes.fromhex("000100082112a442") + bytes(12) + bytes.fromhex("8022000361626300"))
