"""Uses the house by a client that was generated from its OpenAPI document: python client.py ADDRESS TOKEN"""

import sys

from generated import AuthenticatedClient
from generated.api.default import get_point, list_points, release_point, set_point, why
from generated.models import Commanded, House, PointShape, Problem, Why

address, token = sys.argv[1:]
client = AuthenticatedClient(base_url=address, token=token)

house = list_points.sync(client=client)
assert isinstance(house, House) and house.hub == "hut", house
lamp = next(point for point in house.points if point.id == "lamp")
assert (lamp.value, lamp.quality, lamp.commands.expected) == ("OFF", "good", "ON, OFF, TOGGLE, AUTO or 0 to 100"), lamp

lamp = set_point.sync("lamp", client=client, body=Commanded(value="ON", for_="2h"))
assert isinstance(lamp, PointShape) and (lamp.value, lamp.percent) == ("ON", 100), lamp
lamp = set_point.sync("lamp", client=client, body=Commanded(value=40))
assert lamp.percent == 40, lamp
reasons = why.sync("lamp", client=client)
assert isinstance(reasons, Why) and reasons.slots[0].slot == "manual", reasons
assert release_point.sync("lamp", client=client).value == "OFF"
assert get_point.sync("lamp", client=client).value == "OFF"

wrong = set_point.sync("lampe", client=client, body=Commanded(value="ON"))
assert isinstance(wrong, Problem) and wrong.status == 404 and "did you mean lamp?" in wrong.detail, wrong
stranger = list_points.sync(client=AuthenticatedClient(base_url=address, token="nobody"))
assert isinstance(stranger, Problem) and stranger.status == 401, stranger
print("client: all well")
