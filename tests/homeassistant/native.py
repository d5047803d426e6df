"""Whether Home Assistant itself takes a full house in without a broker, by its ESPHome integration, and follows it.

Run by scripts/homeassistant.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path

import aiohttp

from check import Report, is_number, matches, without
from parts import HomeAssistant, Hub, free_port, until

# What the dialog that adds a hub says before it has the key, and what is said while there is no hearthd, and no ffmpeg.
USUAL = ("Connection requires encryption", "Invalid encryption key: received_name", "Can't connect", "FFmpeg")
NEAR_30 = lambda point: is_number(point["value"], 30, 6)
# Entity, service, its data, and what the points of hearthd come to be.
CALLS = [
    ("light.hall_light", "turn_on", {}, {"hall_light": "ON"}),
    ("light.hall_light", "toggle", {}, {"hall_light": "OFF"}),
    ("light.living_room_living_lamp", "turn_on", {"brightness_pct": 40}, {"living_lamp.level": 40}),
    ("switch.full_house_coffee_machine", "turn_on", {}, {"coffee": "ON"}),
    ("switch.full_house_siren", "turn_on", {}, {"siren": "ON"}),
    ("fan.full_house_attic_fan", "set_percentage", {"percentage": 60}, {"attic_fan.level": 60}),
    ("fan.bath_fan", "turn_on", {}, {"bath_fan": "ON"}),
    ("cover.living_room_living_blind", "open_cover", {}, {"living_blind": "open"}),
    ("cover.living_room_living_blind", "set_cover_position", {"position": 30}, {"living_blind.position": NEAR_30}),
    ("cover.full_house_garage_door", "open_cover", {}, {"garage_door": "ON"}),
    ("valve.full_house_garden_valve", "open_valve", {}, {"garden_valve": "ON"}),
    ("valve.full_house_garden_valve", "close_valve", {}, {"garden_valve": "OFF"}),
    ("select.full_house_mode", "select_option", {"option": "away"}, {"mode": "away"}),
    ("climate.cellar_wine", "set_temperature", {"temperature": 14}, {"wine.target": 14}),
    ("climate.living_room_living", "set_hvac_mode", {"hvac_mode": "heat"}, {"living.mode": "heat"}),
    ("climate.living_room_living", "set_preset_mode", {"preset_mode": "eco"}, {"living.preset": "eco"}),
    ("number.bath_heater_level", "set_value", {"value": 50}, {"bath_heater.level": 50}),
    ("button.full_house_evening", "press", {}, {"living_lamp.level": 30}),
    ("button.hall_light_auto", "press", {}, {"hall_light": lambda point: not point["why"].startswith("manual")}),
]
PLATFORMS = {"light", "switch", "fan", "cover", "valve", "select", "climate", "number", "button", "sensor",
             "binary_sensor", "event"}  # fmt: skip


# What hearthd reads of Home Assistant, and a rule by it.
BORROWED = """
[inputs.porch_motion]
kind = "motion"
homeassistant = "binary_sensor.porch"
[sensors.orchard]
homeassistant = "sensor.orchard"
quantities = ["temperature"]
[sensors.tank]
homeassistant = "water_heater.boiler"
attribute = "current_temperature"
quantities = ["temperature"]
[[rules]]
name = "Coffee for who comes"
while = "porch_motion is active"
set = { coffee = "on" }
"""

# Half of the house, of which nothing else in the file speaks.
HALF = [f"outputs.{name}" for name in (
    "living_lights", "reading_lamp", "shades", "living_blind", "bath_shutter", "garage_door", "garden_valve",
    "bath_valve", "gate", "door_opener", "all_fans", "cellar_fan",
)] + [f"inputs.{name}" for name in (
    "garage", "wall", "hall_smoke", "mailbox", "electricity", "water", "gas", "oil", "ventilator", "cat_flap",
)] + [f"sensors.{name}" for name in (
    "pi", "air", "gases", "smells", "fumes", "dust", "sky", "stove", "pipe", "solar", "soil",
)]  # fmt: skip


def house(port):
    """The full house, without what lives on a broker."""
    text = (Path(__file__).parent / "house.toml").read_text()
    text = without(re.sub(r"(?ms)^\[mqtt\]\n.*?(?=^\[)", "", text), ["outputs.shed_plug", "outputs.shed_blind", "outputs.shed_awning", "sensors.outside"])
    return text.replace("[modes]\n", f'[homeassistant]\nlisten = "127.0.0.1:{port}"\n\n[modes]\n', 1) + BORROWED


def point_of(unique_id):
    """What an entity shows or commands: unique ids are MAC-PLATFORM-POINT@DEVICE, with other marks in the point."""
    return unique_id.split("-", 2)[2].split("@")[0].replace("-", ".")


class Check:
    def __init__(self, hub, home):
        self.hub, self.home, self.report = hub, home, Report()

    async def entries(self):
        listed = await self.home.ask("config/entity_registry/list")
        return {entry["entity_id"]: entry for entry in listed if entry["platform"] == "esphome"}

    async def ids(self):
        return {unique_id: entry["id"] for unique_id, entry in (await self.by_unique_id()).items()}

    async def by_unique_id(self):
        return {entry["unique_id"]: entry for entry in (await self.entries()).values()}

    async def add(self, port):
        added = await self.home.add_esphome(port, await self.hub.key())
        self.report.note("added with its key", added["type"] == "create_entry", added)

    async def everything_is_found(self):
        async def all_are_there():
            return self.home_has(await self.entries()) >= PLATFORMS

        self.report.note("platforms found", await until("all platforms", all_are_there), "some are missing")
        await until("states", self.all_are_available, 20)
        states, points = await self.home.states(), await self.hub.points()
        for entity, entry in (await self.entries()).items():
            is_there = entry["disabled_by"] or states.get(entity, {}).get("state") not in (None, "unavailable")
            self.report.note("entities loaded", is_there, entity)
        shown = [entry for entry in (await self.entries()).values() if not entry["disabled_by"]]
        whole = [point for point in points.values() if "part_of" not in point]
        self.report.note("as many as points, or more", len(shown) >= len(whole), f"{len(shown)} of {len(whole)}")

    async def rooms_are_right(self):
        """Each entity is in the area of its room."""
        house = await self.hub.all()
        rooms = {room["id"]: room["name"] for room in house["rooms"]}
        areas = {area["area_id"]: area["name"] for area in await self.home.ask("config/area_registry/list")}
        devices = {device["id"]: device for device in await self.home.ask("config/device_registry/list")}
        points, known = {point["id"]: point for point in house["points"]}, 0
        for unique_id, entry in (await self.by_unique_id()).items():
            name = point_of(unique_id)
            # A thermostat is its mode; buttons give a point back.
            point = points.get(name) or points.get(f"{name}.mode") or points.get(name.rpartition(".")[0])
            if point is None:
                continue
            known += 1
            area = areas.get(entry["area_id"] or devices[entry["device_id"]]["area_id"], "")
            expected = rooms.get(point.get("room"), "")
            # A new Home Assistant has a Living Room, a Kitchen and a Bedroom already.
            self.report.note("areas", area.casefold() == expected.casefold(), f"{point['id']} is in {area}, not {expected}")

        self.report.note("areas", known > len(points) / 2, f"{known} entities are known by their unique ids")

    def home_has(self, entries):
        return {entity.split(".")[0] for entity in entries}

    async def all_are_available(self):
        states = await self.home.states()
        entries = [entity for entity, entry in (await self.entries()).items() if not entry["disabled_by"]]
        return entries and all(states.get(entity, {}).get("state") not in (None, "unavailable") for entity in entries)

    async def services(self):
        for entity, service, data, expected in CALLS:
            said = f"{entity} {service} {data or ''}".strip()
            # A toggle goes by what Home Assistant shows.
            await asyncio.sleep(1)
            try:
                await self.home.service(entity, service, **data)
            except AssertionError as refused:
                self.report.note("services", False, f"{said} is refused: {refused}")
                continue
            seen = {}

            async def follows(expected=expected, seen=seen):
                points = await self.hub.points()
                seen.update({name: points[name]["value"] for name in expected})
                return all(matches(points[name], value) for name, value in expected.items())

            self.report.note("services", await until(said, follows, 10), f"{said}: {seen}")

    async def readings(self):
        await self.hub.tell("living.temperature", "18.25")

        async def is_shown():
            state = (await self.home.states()).get("sensor.living_room_living_temperature", {}).get("state")
            return is_number(state, 18.25, 0.051)

        self.report.note("readings", await until("the reading", is_shown, 10), "living.temperature")

    async def borrowed(self):
        """Entities of Home Assistant take part in the rules of the house."""
        def tell(entity, state, **attributes):
            return self.home.post(f"/api/states/{entity}", json={"state": state, "attributes": attributes})

        async def become(said, **expected):
            seen = {}

            async def are_so():
                points = await self.hub.points()
                seen.update({name: (points[name]["value"], points[name]["quality"]) for name in expected})
                return all(matches(points[name], value) for name, value in expected.items())

            self.report.note("borrowed entities", await until(said, are_so, 90), f"{said}: {seen}")

        is_in_fault = lambda point: point["quality"] == "fault"
        await self.hub.tell("coffee", "AUTO")
        await tell("sensor.orchard", "68.0", unit_of_measurement="°F")
        await tell("water_heater.boiler", "eco", current_temperature=55)
        await tell("binary_sensor.porch", "on")
        await become("first states", **{"orchard.temperature": 20, "tank.temperature": 55, "porch_motion": "ON", "coffee": "ON"})
        await tell("water_heater.boiler", "eco", current_temperature=58.5)
        await tell("binary_sensor.porch", "off")
        await become("changes", **{"tank.temperature": 58.5, "porch_motion": "OFF", "coffee": "OFF"})
        await tell("sensor.orchard", "unavailable", unit_of_measurement="°F")
        await tell("binary_sensor.porch", "unavailable")
        await become("what is unavailable", **{"orchard.temperature": is_in_fault, "porch_motion": is_in_fault, "coffee": "OFF"})
        await tell("sensor.orchard", "21.5", unit_of_measurement="°C")
        await tell("binary_sensor.porch", "on")
        await become("they are back", **{"orchard.temperature": 21.5, "porch_motion": "ON", "coffee": "ON"})

    async def reload(self):
        """Half of the house is taken away: it is gone, and the others are the entities that they were."""
        before = await self.ids()
        self.hub.change(without(self.hub.house, HALF))
        tables = {name.split(".")[1] for name in HALF}
        left = []

        async def are_gone():
            left[:] = [unique_id for unique_id in await self.ids() if point_of(unique_id).split(".")[0] in tables]
            return not left

        self.report.note("a reload: gone", await until("half is gone", are_gone), left)
        after = await self.ids()
        self.report.note("a reload: half", len(after) < len(before) * 0.6, f"{len(after)} of {len(before)} are left")
        self.unmoved("a reload", before, after)

    def unmoved(self, what, before, after):
        moved = [unique_id for unique_id, entry in after.items() if before.get(unique_id) != entry]
        self.report.note(f"{what}: others unmoved", not moved, moved)

    async def restart_of_home(self):
        before = await self.ids()
        await self.home.stop()
        await self.home.start()
        await self.all_back("a restart of Home Assistant", before)

    async def all_back(self, what, before):
        self.report.note(f"back after {what}", await until("all is back", self.all_are_available, 120), "some are not")
        after = await self.ids()
        self.report.note(f"{what}: all are there", before.keys() == after.keys(), before.keys() ^ after.keys())
        self.unmoved(what, before, after)

    async def another_key(self):
        """Home Assistant asks a person for it, and goes on with what it had."""
        before, old = await self.ids(), await self.hub.key()
        await self.hub.stop()
        (self.hub.state / "homeassistant.key").unlink()
        await self.hub.start()
        await until("hearthd serves", self.hub.serves)
        new, asks = await self.hub.key(), []
        self.report.note("another key", new != old, "it is the same")

        async def is_asked():
            flows = await self.home.ask("config_entries/flow/progress")
            asks[:] = [flow for flow in flows if flow["handler"] == "esphome" and flow["context"]["source"] == "reauth"]
            return asks

        if not await until("Home Assistant asks for the key", is_asked, 120):
            self.report.note("another key", False, "Home Assistant does not ask for it")
            return
        said = await self.home.answer(asks[0], {"noise_psk": new})
        self.report.note("another key", said.get("reason") == "reauth_successful", said)
        await self.all_back("another key", before)

    async def restart(self):
        before = await self.ids()
        await self.hub.stop()
        there = []

        async def are_gone():
            states, entries = await self.home.states(), await self.entries()
            shown = [entity for entity, entry in entries.items() if not entry["disabled_by"]]
            # Whether it is connected is known then, too.
            expected = lambda entity: "off" if entity.endswith("_connectivity") else "unavailable"
            there[:] = [entity for entity in shown if states[entity]["state"] != expected(entity)]
            return not there

        self.report.note("unavailable without hearthd", await until("all is unavailable", are_gone), there)
        await self.hub.start()
        await self.all_back("a restart", before)


async def main(folder):
    port = free_port()
    async with aiohttp.ClientSession() as session:
        hub, home = Hub(folder, house(port), None, session), HomeAssistant(folder, session)
        check = Check(hub, home)
        try:
            await hub.start()
            await home.start()
            await until("hearthd serves", hub.serves)
            await check.add(port)
            await check.everything_is_found()
            await check.rooms_are_right()
            await check.services()
            await check.readings()
            await check.borrowed()
            await check.reload()
            await check.restart()
            await check.restart_of_home()
            await check.another_key()
            check.report.row("complaints in its log")
            for complaint in home.complaints():
                if not any(usual in complaint for usual in USUAL):
                    check.report.note("complaints in its log", False, complaint)
        finally:
            for part in (home, hub):
                await part.stop()
            check.report.print()
    return 1 if check.report.differences else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        sys.exit(asyncio.run(main(Path(where))))
