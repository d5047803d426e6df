"""Shows the full house in Home Assistant itself, without a broker, until its input ends.

Run by scripts/homeassistant --pictures. Prints where it is, how to get in, and a room's device there, as one line of JSON.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import aiohttp

from native import house
from parts import HomeAssistant, Hub, free_port, until

ROOM = "Living room"
# An evening at home: what the wires tell, and what people asked for.
TOLD = {
    "living.temperature": "20.6", "living.humidity": "44", "living.pressure": "1016.2", "living_motion": "on",
    "terrace_door": "closed", "reading_lamp": "ON", "living_lamp": "40", "living_blind": "OPEN",
}  # fmt: skip


async def main(folder):
    port = free_port()
    async with aiohttp.ClientSession() as session:
        hub, home = Hub(folder, house(port), None, session), HomeAssistant(folder, session)
        try:
            await hub.start()
            await home.start()
            assert await until("hearthd serves", hub.serves)
            for point, value in TOLD.items():
                await hub.tell(point, value)
            await home.finish_setup()
            await home.add_esphome(port, await hub.key())
            device = []

            async def is_there():
                listed = await home.ask("config/device_registry/list")
                device[:] = [one["id"] for one in listed if one["name"] == ROOM]
                return device

            assert await until("the house is there", is_there)
            print(json.dumps({"url": home.address("/"), "login": home.login, "device": device[0]}), flush=True)
            await asyncio.to_thread(sys.stdin.read)
        finally:
            for part in (home, hub):
                await part.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        asyncio.run(main(Path(where)))
