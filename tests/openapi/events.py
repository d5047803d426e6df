"""Holds each event of the running house to what the OpenAPI document says of it: python events.py ADDRESS TOKEN CONFIGURATION"""

import json
import sys
import urllib.request

from jsonschema_rs import Draft202012Validator

address, token, file = sys.argv[1:]


def ask(path, method="GET", body=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return urllib.request.urlopen(urllib.request.Request(f"{address}{path}", data, headers, method=method), timeout=60)


document = json.load(ask("/api/v1/openapi.json"))
stream = document["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
events = stream["x-events"]
assert set(events) == {"snapshot", "changes", "house"}, events
judges = {
    # A shape refers to others of the document.
    name: Draft202012Validator({**event["data"], "components": document["components"]})
    for name, event in events.items()
}
# They judge: none takes what is of another, or of nothing.
assert not judges["snapshot"].is_valid({"time": "", "points": []}) and not judges["house"].is_valid({}), events

lines = ask("/api/v1/events")


def wait_for(wanted):
    """Reads on up to an event, judging each on the way."""
    name = None
    for line in lines:
        word, _, rest = line.decode().rstrip("\n").partition(": ")
        if word == "event":
            name = rest
        if word != "data":
            continue
        data = json.loads(rest)
        errors = [f"{list(error.instance_path)}: {error.message}" for error in judges[name].iter_errors(data)]
        assert not errors, (name, errors)
        if name == wanted:
            return data
    raise AssertionError(f"the stream ended before {wanted}")


assert len(wait_for("snapshot")["points"]) > 5
ask("/api/v1/points/lamp", "PUT", {"value": 40, "for": "2h"})
assert wait_for("changes")["points"]
with open(file, "a") as text:
    text.write("[outputs.spare]\nkind = \"lihgt\"\ngpio = 6\n")
while not wait_for("house")["config_refused"]:
    pass
print("events: all as described")
