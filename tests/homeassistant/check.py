"""Whether Home Assistant itself finds a full house complete, named and in its rooms, and whether what is done there is done.

Run by scripts/homeassistant. What Home Assistant must show is taken from what hearthd says of its points over HTTP, not from
what it announces.
"""

import asyncio
import re
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import aiohttp

from parts import Broker, Covers, HomeAssistant, Hub, until

HUB = "full"
# Entities that are no points: what they are is checked where they are used.
BESIDE = re.compile(r"scene\.|.*\.(auto|start|stop)$")
# What the hub tells of itself on every machine, and what it then is; more of it depends on the machine. Events and buttons
# show when they were last.
EVER = r"unknown|20\d\d-.*T.*"
OF_HUB = {
    "hub.problem": "off",
    "hub.faults": "on|off",
    "hub.connectivity": "on",
    "hub.config": "good",
    "hub.time": "on|off",
    "hub.started": r"20\d\d-.*T.*",
    "hub.booted": r"20\d\d-.*T.*",
    "hub.kernel": r"\d+\..*",
    "hub.memory": r"\d+(\.0)?",
    "hub.disk_free": r"\d+(\.\d)?",
    "hub.last_notice": "unknown|Water in the cellar|Over: .*|Somebody is at the door",
    "hub.notice": EVER,
    "hub.refusal": EVER,
    "hub.identify": EVER,
    "hub.restart": EVER,
}
BY_MACHINE = {"hub.firmware", "hub.cpu_temperature", "hub.written", "hub.i2c_errors"}
# What outputs are shown as, which tell why they are so.
WITH_REASONS = ("light", "switch", "fan", "siren", "cover", "valve")
ON_OFF = ("light", "switch", "fan", "siren", "binary_sensor")


class Report:
    """What was looked at, how often, and what differed."""

    def __init__(self):
        self.rows, self.differences = {}, []

    def row(self, what):
        self.rows.setdefault(what, [0, 0])
        return self.rows[what]

    def note(self, what, holds, difference):
        row = self.row(what)
        row[0] += 1
        if not holds:
            row[1] += 1
            self.differences.append(f"{what}: {difference}")

    def print(self):
        width = max(map(len, self.rows), default=0)
        print(f"\n{'checked':{width}}  number  differ")
        for what, (number, differ) in self.rows.items():
            print(f"{what:{width}}  {number:6}  {differ or '-':>6}")
        for difference in self.differences:
            print(f"DIFFERS  {difference}")


class Check:
    def __init__(self, hub, home, broker):
        self.hub, self.home, self.broker, self.report = hub, home, broker, Report()
        # What was renamed is known by its first name.
        self.first_names = {}

    async def look(self):
        """Both sides at one moment."""
        self.house, self.states, self.registry = await self.hub.all(), await self.home.states(), await self.home.registry()
        self.points = {point["id"]: point for point in self.house["points"]}

    def entry(self, point):
        """The entity of a point. A zone's mode is the thermostat itself."""
        table, dot, facet = point.partition(".")
        point = self.first_names.get(table, table) + dot + facet
        whole = self.registry.get(f"hearthd_{HUB}_{point.removesuffix('.mode')}")
        return self.registry.get(f"hearthd_{HUB}_{point}") or whole

    def is_known(self, unique_id):
        point = unique_id.removeprefix(f"hearthd_{HUB}_")
        return point in self.points or f"{point}.mode" in self.points or BESIDE.match(point) or self.is_of_hub(point)

    def is_of_hub(self, name):
        return name in OF_HUB or name in BY_MACHINE

    # What is found

    def expected(self):
        """Points that are an entity of their own; the others are a part of one."""
        parts = {point["id"] for point in self.points.values() if "part_of" in point}
        return [point for point in self.points.values() if point["id"] not in parts or self.entry(point["id"])]

    async def everything_is_found(self):
        await until("all entities are there", self.all_are_there, 20)
        await self.look()
        rooms = {room["id"]: room["name"] for room in self.house["rooms"]}
        names = {}
        for point in self.expected():
            name, entry = point["id"], self.entry(point["id"])
            self.report.note("points found", entry, name)
            if not entry:
                continue
            platform = entry["entity_id"].split(".")[0]
            called = f"{platform}.{HUB}_{entry['unique_id'].removeprefix(f'hearthd_{HUB}_').replace('.', '_')}"
            self.report.note("entity ids", entry["entity_id"] == called, f"{entry['entity_id']}, not {called}")
            category = point.get("category")
            said = f"{name} is {entry['entity_category']}, not {category}"
            self.report.note("categories", entry["entity_category"] == category, said)
            area = rooms.get(point.get("room"))
            # A new Home Assistant has a Living Room, a Kitchen and a Bedroom already.
            same = (entry["area"] or "").casefold() == (area or "").casefold()
            self.report.note("areas", same, f"{name} is in {entry['area']}, not {area}")
        for scene in self.house["scenes"]:
            self.report.note("points found", self.entry(scene["id"]), scene["id"])
        for entry in self.registry.values():
            entity, state = entry["entity_id"], self.states.get(entry["entity_id"])
            self.report.note("no copies", not re.search(r"_\d+$", entity) or self.is_numbered(entry), entity)
            self.report.note("loaded", state and not state["attributes"].get("restored"), f"{entity}: {state}")
            friendly = state and state["attributes"].get("friendly_name")
            # What a button is told of its clicks has the name of the button.
            other = names.setdefault((entity.split(".")[0], friendly), entity)
            self.report.note("names of their own", friendly and other == entity, f"{friendly}: {entity} and {other}")
            said = f"{entity}, {entry['unique_id']}"
            self.report.note("nothing else", self.is_known(entry["unique_id"]), said)
        hubs = {e["device"]["id"] for e in self.registry.values() if e["device"]["via_device_id"] is None}
        self.report.note("one hub, rooms below it", len(hubs) == 1, f"{len(hubs)} devices stand by themselves")

        for name in OF_HUB:
            entry = self.entry(name)
            self.report.note("points found", entry, name)
            self.report.note("categories", entry and entry["entity_category"], f"{name} is in everybody's way")

    def is_numbered(self, entry):
        return re.search(r"_\d+$", entry["unique_id"])

    async def all_are_there(self):
        await self.look()
        return all(self.entry(point["id"]) for point in self.points.values() if "part_of" not in point)

    # What is shown

    def shown(self, point):
        """What Home Assistant says otherwise than hearthd of a point, or None."""
        entry, name = self.entry(point["id"]), point["id"]
        if not entry or entry["entity_id"] not in self.states:
            return f"{name} is not there"
        state, attributes = self.states[entry["entity_id"]]["state"], self.states[entry["entity_id"]]["attributes"]
        platform = entry["entity_id"].split(".")[0]
        value = point["value"]
        if platform in ("event", "button", "scene"):
            return None if state != "unavailable" else f"{name} is unavailable"
        if point["quality"] != "good":
            return None if state == "unavailable" else f"{name} is {point['quality']}, shown as {state}"
        part = lambda facet: self.points.get(f"{name}.{facet}", {}).get("value")
        wanted = {}
        if platform == "climate":
            return self.zone(name.split(".")[0], state, attributes)
        if platform in ON_OFF:
            # What is a number to hearthd may be a problem or none: a power supply that is too weak.
            expected = value.lower() if isinstance(value, str) else "on" if value else "off"
            if expected == "on" and part("level") is not None:
                level = float(part("level"))
                wanted = {"brightness": round(level * 2.55)} if platform == "light" else {}
                wanted = {"percentage": level} if platform == "fan" else wanted
        elif platform == "valve":
            expected = "open" if value == "ON" else "closed"
            wanted = {"current_position": float(part("level"))} if part("level") is not None else {}
        elif platform == "cover":
            position = part("position")
            wanted = {} if position is None else {"current_position": float(position)}
            expected = value.lower()
            if expected == "stopped":
                expected = "closed" if position is not None and float(position) == 0 else "open"
            expected = {"on": "open", "off": "closed"}.get(expected, expected)
        elif isinstance(value, (int, float)) or platform == "number":
            return None if is_number(state, point["text"]) else f"{name} is {point['text']}, shown as {state}"
        else:
            expected = str(value)
        if state != expected:
            return f"{name} is {value}, shown as {state}"
        for attribute, number in wanted.items():
            # A fan's speeds are shares of a hundred that need not be whole.
            if not is_number(attributes.get(attribute), number, 1):
                return f"{name} has {attribute} {attributes.get(attribute)}, not {number}"
        is_output = platform in WITH_REASONS and "." not in name
        return self.reason(point, attributes) if is_output else None

    def reason(self, point, attributes):
        """What Home Assistant says otherwise than hearthd of why an output is as it is, or None."""
        slot = attributes.get("slot")
        if not (point["why"] or "").startswith(f"{slot}: ") or not attributes["why"].startswith(f"{slot}: "):
            return f"{point['id']} is so by {point['why']}, shown as {slot}: {attributes.get('why')}"
        if (slot == "manual") > attributes["manual"]:
            return f"{point['id']} is manual, and shown as if it were not"
        if attributes["since"] and moment(attributes["since"]) != moment(point["changed"]):
            return f"{point['id']} is so since {point['changed']}, shown as {attributes['since']}"
        missing = {"rule", "until"} - attributes.keys()
        return f"{point['id']} does not show {missing}" if missing else None

    def zone(self, zone, state, attributes):
        value = lambda facet: (self.points.get(f"{zone}.{facet}") or {}).get("value")
        pairs = {"hvac_action": value("action"), "current_temperature": value("measured")}
        if f"{zone}.cool_target" not in self.points:
            pairs |= {"temperature": value("target")}
        else:
            # One target, or two.
            single = {"heat": "target", "cool": "cool_target"}.get(state)
            pairs |= {"temperature": single and value(single)}
            pairs |= {"target_temp_low": value("target"), "target_temp_high": value("cool_target")}
        if value("preset"):
            pairs["preset_mode"] = value("preset")
        if state != value("mode"):
            return f"{zone} is {value('mode')}, shown as {state}"
        for attribute, expected in pairs.items():
            found = attributes.get(attribute)
            same = is_number(found, expected) if isinstance(expected, (int, float)) else found == expected
            if not same:
                return f"{zone} has {attribute} {found}, not {expected}"
        return None

    def shown_of_hub(self, name):
        entry = self.entry(name)
        state = entry and self.states.get(entry["entity_id"], {}).get("state")
        return None if re.fullmatch(OF_HUB[name], str(state)) else f"{name} is shown as {state}, not {OF_HUB[name]}"

    async def everything_is_shown(self, what):
        """Every entity shows what hearthd says; it is given time to."""
        differences = [None]

        async def same():
            await self.look()
            all_shown = [*map(self.shown, self.expected()), *map(self.shown_of_hub, OF_HUB)]
            differences[:] = filter(None, all_shown)
            return not differences

        await until(what, same, 20)
        row = self.report.row(what)
        row[0] += len(self.expected()) + len(OF_HUB)
        row[1] += len(differences)
        self.report.differences += [f"{what}: {difference}" for difference in differences]

    # What is done

    async def services(self):
        for unique_id, entry in sorted(self.registry.items()):
            entity, point = entry["entity_id"], unique_id.removeprefix(f"hearthd_{HUB}_")
            platform = entity.split(".")[0]
            await self.look()
            attributes = self.states[entity]["attributes"]
            calls = getattr(self, f"calls_of_{platform}", None)
            if not calls:
                continue
            for service, data, expected in calls(point, attributes):
                await self.call(entity, service, data, expected)

    async def call(self, entity, service, data, expected):
        """Calls a service; the points of hearthd come to be as expected."""
        said = f"{entity} {service} {data or ''}".strip()
        what = f"services of {entity.split('.')[0]}"
        try:
            await self.home.service(entity, service, **data)
        except AssertionError as refused:
            self.report.note(what, False, f"{said} is refused: {refused}")
            return
        seen = {}

        async def follows():
            points = await self.hub.points()
            seen.update({name: points[name] for name in expected})
            return all(matches(points[name], value) for name, value in expected.items())

        holds = await until(said, follows, 10)
        self.report.note(what, holds, f"{said}: {[(n, p['value'], p['why']) for n, p in seen.items()]}, not {expected}")

        async def is_shown():
            await self.look()
            return not any(self.shown(self.points[name]) for name in expected if "part_of" not in self.points[name])

        # The next call may go by what it shows.
        await until(f"{said} is shown", is_shown, 10)

    def calls_of_light(self, point, attributes):
        yield "turn_on", {}, {point: "ON"}
        if "brightness" in attributes["supported_color_modes"]:
            yield "turn_on", {"brightness_pct": 40}, {point: "ON", f"{point}.level": 40}
            yield "turn_on", {"brightness": 255}, {f"{point}.level": 100}
        yield "turn_off", {}, {point: "OFF"}
        yield "toggle", {}, {point: "ON"}

    def calls_of_switch(self, point, attributes):
        yield "turn_on", {}, {point: "ON"}
        yield "turn_off", {}, {point: "OFF"}
        yield "toggle", {}, {point: "ON"}
        yield "toggle", {}, {point: "OFF"}

    calls_of_siren = calls_of_switch

    def calls_of_fan(self, point, attributes):
        yield "turn_on", {}, {point: "ON"}
        if "percentage_step" in attributes and f"{point}.level" in self.points:
            step = attributes["percentage_step"]
            yield "set_percentage", {"percentage": round(step)}, {f"{point}.level": round(step)}
            yield "set_percentage", {"percentage": 100}, {f"{point}.level": 100}
            # A speed of three is said as 66.
            less = lambda point: is_number(point["value"], 100 - step, 1)
            yield "decrease_speed", {}, {f"{point}.level": less}
            yield "increase_speed", {}, {f"{point}.level": 100}
        yield "toggle", {}, {point: "OFF"}
        yield "toggle", {}, {point: "ON"}
        yield "turn_off", {}, {point: "OFF"}

    def calls_of_cover(self, point, attributes):
        if point == "gate":
            return
        has_position = f"{point}.position" in self.points
        # One of a single wire knows no way between its ends.
        is_wire = self.points[point]["value"] in ("ON", "OFF")
        is_open, is_closed = ("ON", "OFF") if is_wire else ("open", "closed")
        yield "open_cover", {}, {point: is_open}
        if has_position:
            # Its way is short, and the machine may be busy: a tenth of a second is 3 % of it.
            near = lambda point: is_number(point["value"], 30, 5)
            yield "set_cover_position", {"position": 30}, {f"{point}.position": near, point: "stopped"}
        elif not is_wire:
            # Stopped on its way down, it would be closed to Home Assistant.
            yield "close_cover", {}, {point: is_closed}
        if not is_wire:
            yield "open_cover", {}, {point: "opening"}
            yield "stop_cover", {}, {point: "stopped"}
        yield "close_cover", {}, {point: is_closed}
        yield "toggle", {}, {point: is_open}
        yield "toggle", {}, {point: is_closed}

    def calls_of_valve(self, point, attributes):
        yield "open_valve", {}, {point: "ON"}
        if f"{point}.level" in self.points:
            yield "set_valve_position", {"position": 40}, {f"{point}.level": 40}
        yield "close_valve", {}, {point: "OFF"}
        # Of one with positions it does not see that it is closed, and closes it first.
        if f"{point}.level" not in self.points:
            yield "toggle", {}, {point: "ON"}
            yield "toggle", {}, {point: "OFF"}

    def calls_of_number(self, point, attributes):
        for value in (attributes["max"], attributes["min"]):
            yield "set_value", {"value": value}, {point: value}

    def calls_of_select(self, point, attributes):
        for option in attributes["options"]:
            yield "select_option", {"option": option}, {point: option}
        first, *_, last = attributes["options"]
        yield "select_next", {"cycle": True}, {point: first}
        yield "select_previous", {"cycle": True}, {point: last}
        yield "select_first", {}, {point: first}
        yield "select_last", {}, {point: last}
        yield "select_first", {}, {point: first}

    def calls_of_climate(self, point, attributes):
        zone = point.split(".")[0]
        mode, target, cool = f"{zone}.mode", f"{zone}.target", f"{zone}.cool_target"
        middle = round((attributes["min_temp"] + attributes["max_temp"]) / 2)
        for word in attributes["hvac_modes"]:
            yield "set_hvac_mode", {"hvac_mode": word}, {mode: word}
            if word == "heat_cool":
                low, high = middle - 2, middle + 2.5
                yield "set_temperature", {"target_temp_low": low, "target_temp_high": high}, {target: low, cool: high}
            elif word == "cool" and cool in self.points:
                yield "set_temperature", {"temperature": middle + 1.5}, {cool: middle + 1.5}
            elif word in ("heat", "cool"):
                yield "set_temperature", {"temperature": middle - 0.5}, {target: middle - 0.5}
            if word in ("heat", "cool"):
                asked = cool if word == "cool" and cool in self.points else target
                yield "turn_off", {}, {mode: "off"}
                data = {"temperature": middle + 0.5, "hvac_mode": word}
                yield "set_temperature", data, {mode: word, asked: middle + 0.5}
        yield "turn_off", {}, {mode: "off"}
        on = next(word for word in ("heat_cool", "heat", "cool") if word in attributes["hvac_modes"])
        yield "turn_on", {}, {mode: on}
        for preset in attributes.get("preset_modes", []):
            yield "set_preset_mode", {"preset_mode": preset}, {f"{zone}.preset": preset}

    def calls_of_button(self, point, attributes):
        """Those of points; those of the hub are pressed where it may end."""
        given, _, word = point.rpartition(".")
        facets = [f"{given}.{facet}" for facet in ("mode", "preset", "target", "cool_target")]
        zone = [facet for facet in facets if facet in self.points]
        if word == "auto" and (given in self.points or zone):
            by_rules = lambda point: not (point["why"] or "").startswith("manual")
            yield "press", {}, dict.fromkeys(zone or [given], by_rules)
        elif given.endswith(".tuning"):
            yield "press", {}, {given: {"start": "running", "stop": "idle"}[word]}

    def calls_of_scene(self, point, attributes):
        scenes = {"scene.evening": {"hall_light": "ON", "living_lamp.level": 30}, "scene.leave": {"everything": "OFF"}}
        yield "turn_on", {}, scenes[point]

    # What happens in the house

    async def inputs(self):
        """What the wires tell arrives: on and off, clicks, readings."""
        points = await self.hub.points()
        for point in points.values():
            name = point["id"]
            if point["kind"] == "input" and f"{name}.event" not in points:
                for value in ("on", "off"):
                    await self.hub.tell(name, value)
                    await self.is_shown("inputs", name, lambda state, value=value: state["state"] == value)
            elif point["kind"] == "input":
                await self.hub.tell(name, "on")
                await self.hub.tell(name, "off")
                click = lambda state: state["attributes"].get("event_type") == "click"
                await self.is_shown("clicks", f"{name}.event", click)
        await self.hub.tell("living.temperature", "18.25")
        await self.is_shown("readings", "living.temperature", lambda state: is_number(state["state"], 18.25))
        await self.hub.tell("electricity.energy", "12345.6")
        await self.is_shown("readings", "electricity.energy", lambda state: is_number(state["state"], 12345.6))

    async def gate(self):
        """A door with one button is where its switches say."""
        gate = self.entry("gate")["entity_id"]
        for does, wires, state in [
            (None, {"gate_shut": "closed", "gate_up": "off"}, "closed"),
            ("open_cover", {}, "opening"),
            (None, {"gate_shut": "open"}, "opening"),
            (None, {"gate_up": "on"}, "open"),
            ("close_cover", {}, "closing"),
            (None, {"gate_up": "off"}, "closing"),
            (None, {"gate_shut": "closed"}, "closed"),
            ("toggle", {}, "opening"),
            (None, {"gate_shut": "open"}, "opening"),
            # It has no word for a door that stands half open.
            ("stop_cover", {}, "open"),
        ]:
            if does:
                await self.home.service(gate, does)
            for wire, value in wires.items():
                await self.hub.tell(wire, value)
            await self.is_shown("a door with one button", "gate", lambda shown, state=state: shown["state"] == state)

    async def triggers(self):
        """Each click of a button is offered as a trigger of its device, and fires."""
        of_room = {entry["device"]["id"]: u for u, entry in self.registry.items() if u.endswith(".event")}
        for device, event in of_room.items():
            button = event.removeprefix(f"hearthd_{HUB}_").removesuffix(".event")
            offered = await self.home.ask("device_automation/trigger/list", device_id=device)
            offered = [trigger for trigger in offered if trigger["domain"] == "mqtt"]
            self.report.note("triggers", len(offered) == 5, f"{button} has {len(offered)}")
            click = next((trigger for trigger in offered if trigger["type"] == "button_short_press"), None)
            if not click:
                self.report.note("triggers", False, f"{button} has none for a click")
                continue
            number = await self.home.listen(click | {"platform": "device"})
            await self.hub.tell(button, "on")
            await self.hub.tell(button, "off")

            async def fires():
                await self.home.states()
                return number in self.home.fired

            self.report.note("triggers", await until(f"{button} fires", fires, 10), f"{button} does not fire")

    async def hub_itself(self):
        """What it tells people, and its buttons."""
        await self.hub.tell("bell", "on")
        await self.hub.tell("bell", "off")
        says = lambda key, text: lambda state: text in state["attributes"].get(key, "")
        await self.is_shown("the hub itself", "hub.notice", says("text", "Somebody is at the door"))
        whole = says("text", "Somebody is at the door")
        last = lambda state: state["state"] == "Somebody is at the door" and state["attributes"]["rule"] and whole(state)
        await self.is_shown("the hub itself", "hub.last_notice", last)
        # From here on it is known, also after a restart.
        OF_HUB["hub.last_notice"] = re.escape("Somebody is at the door")
        wrong = {"topic": f"hearthd/{HUB}/hall_light/set", "payload": "banana"}
        await self.home.ask("call_service", domain="mqtt", service="publish", service_data=wrong)
        await self.is_shown("the hub itself", "hub.refusal", says("reason", "ON, OFF"))
        await self.home.service(self.entry("hub.identify")["entity_id"], "press")
        identified = lambda: "it is me: Full house" in self.hub.log.read_text()
        self.report.note("the hub itself", await until("it is identified", identified, 10), "identify is not in its log")

    async def is_shown(self, what, point, holds):
        entity, seen = self.entry(point)["entity_id"], {}

        async def shown():
            seen.update((await self.home.states())[entity])
            return holds(seen)

        self.report.note(what, await until(f"{entity} follows", shown, 10), f"{entity}: {seen}")

    # What goes wrong

    async def without_hub(self):
        """Its button ends it; who starts it again is systemd, and here this check."""
        await self.home.service(self.entry("hub.restart")["entity_id"], "press")
        ended = await until("hearthd ends", lambda: self.hub.process.returncode is not None)
        self.report.note("the hub itself", ended, "restart does not end it")
        connectivity, there = self.entry("hub.connectivity")["entity_id"], []

        async def gone():
            states = await self.home.states()
            there[:] = [f"{e} is {states[e]['state']}" for e in map(lambda entry: entry["entity_id"], self.registry.values())
                        if states[e]["state"] != ("off" if e == connectivity else "unavailable")]
            return not there

        self.report.note("unavailable without hearthd", await until("all is unavailable", gone), there)
        await self.hub.start()
        await until("hearthd serves", self.hub.serves)

    async def taken_away(self, house, gone):
        """Points that a reload takes away are gone, and the others are as they were."""
        before = {unique_id: entry["id"] for unique_id, entry in self.registry.items()}
        self.hub.change(house)

        async def reloaded():
            points = await self.hub.points()
            return not any(point.split(".")[0] in gone for point in points)

        await until("hearthd has read its file", reloaded)
        return before

    async def changed(self, what, house):
        """A file with the same points, otherwise described: each stays the entity that it is."""
        await self.look()
        before = {unique_id: entry["id"] for unique_id, entry in self.registry.items()}
        reloads = self.hub.reloads()
        self.hub.change(house)
        await until("hearthd has read its file", lambda: self.hub.reloads() > reloads)
        # What moves is let go of first, and described anew five seconds later.
        await asyncio.sleep(8)
        await self.zombies(what, before, [])

        # What went before is described once more for a moment, to be removed for sure.
        async def none_is_new():
            await self.look()
            return self.registry.keys() <= before.keys()

        await until(f"{what}: none is new", none_is_new, 45)
        added = sorted(self.registry.keys() - before.keys())
        self.report.note(f"{what}: none is new", not added, f"new: {added}")

    async def zombies(self, what, before, gone):
        """None is left of what is gone, and all the others are the same entities as before."""
        of_gone = lambda unique_id: any(
            unique_id.removeprefix(f"hearthd_{HUB}_").split(".")[0] == point for point in gone
        )

        async def clean():
            await self.look()
            return not any(map(of_gone, self.registry))

        await until(what, clean, 45)
        await self.everything_is_shown(f"{what}, shown")
        left = [entry["entity_id"] for unique_id, entry in self.registry.items() if of_gone(unique_id)]
        restored = [e for e, state in self.states.items() if state["attributes"].get("restored") and e not in left]
        self.report.note(f"{what}: gone", not left, f"left: {left}")
        self.report.note(f"{what}: no zombies", not restored, f"zombies: {restored}")
        after = {unique_id: entry["id"] for unique_id, entry in self.registry.items()}
        moved = [u for u, entry in before.items() if not of_gone(u) and after.get(u) != entry]
        self.report.note(f"{what}: others unmoved", not moved, f"moved: {moved}")


def is_number(found, expected, tolerance=0.006):
    try:
        return abs(float(found) - float(expected)) <= tolerance
    except (TypeError, ValueError):
        return False


def moment(text):
    """To the second, as attributes tell it."""
    return datetime.fromisoformat(text).replace(microsecond=0)


def matches(point, expected):
    if callable(expected):
        return expected(point)
    value = point["value"]
    return is_number(value, expected) if isinstance(expected, (int, float)) else value == expected


def without(house, tables):
    """A house without some of its tables."""
    for table in tables:
        house, count = re.subn(rf"(?ms)^\[{re.escape(table)}\]\n.*?(?=^\[|\Z)", "", house)
        assert count == 1, table
    return house


async def main(folder):
    house = (Path(__file__).parent / "house.toml").read_text()
    async with aiohttp.ClientSession() as session:
        broker = Broker(folder)
        hub, home = Hub(folder, house, broker, session), HomeAssistant(folder, session)
        check, covers = Check(hub, home, broker), Covers(broker)
        try:
            await broker.start()
            covers.start()
            await hub.start()
            await home.start()
            await until("hearthd serves", hub.serves)
            await home.add_mqtt(broker)
            await check.everything_is_found()
            await check.everything_is_shown("shown at first")
            await check.services()
            await check.everything_is_shown("shown after all services")
            await check.inputs()
            await check.gate()
            await check.triggers()
            await check.hub_itself()
            await check.without_hub()
            await check.everything_is_shown("shown after a restart of hearthd")

            check.first_names = {"espresso": "coffee"}
            renamed = hub.house.replace("[outputs.coffee]\n", '[outputs.espresso]\nwas = "coffee"\n')
            await check.changed("renamed", renamed)
            moved = renamed.replace('room = "cellar"\nmax_on', 'room = "bath"\nmax_on')
            await check.changed("moved to another room", moved)
            area = check.entry("pump")["area"]
            check.report.note("moved to another room: area", area == "Bath", f"pump is in {area}")
            single = moved.replace("[mqtt]\n", '[mqtt]\ndiscovery = "single"\n')
            await check.changed("announced one by one", single)
            await check.changed("announced by device again", moved)

            lamp, room = ["reading_lamp", "living_lights"], ["outside", "shed_plug"]
            smaller = without(moved, ["outputs.living_lights", "outputs.reading_lamp"])
            before = await check.taken_away(smaller, lamp)
            await check.zombies("a reload", before, lamp)
            await home.stop()
            smaller = without(smaller, ["sensors.outside", "outputs.shed_plug"])
            before = await check.taken_away(smaller, room)
            await home.start()
            await check.zombies("a reload while it was down", before, room)

            for complaint in home.complaints():
                # As docs/mqtt.md says of the change to entities one by one.
                if "No device components to cleanup" in complaint:
                    continue
                check.report.note("complaints in its log", False, complaint)
            check.report.row("complaints in its log")

            # Of this it complains by right.
            await broker.stop()
            await broker.start()
            await check.everything_is_shown("shown after a restart of the broker")
        finally:
            for part in (home, hub, broker):
                await part.stop()
            covers.stop()
            check.report.print()
    return 1 if check.report.differences else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        sys.exit(asyncio.run(main(Path(where))))
