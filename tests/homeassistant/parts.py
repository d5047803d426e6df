"""Real parts, each on loopback: a mosquitto, a hearthd, a Home Assistant. Each ends with the check."""

import asyncio
import itertools
import os
import signal
import socket
import sys
from pathlib import Path

import aiohttp
import paho.mqtt.client as mqtt

SOURCE = Path(__file__).resolve().parents[2]
# Longer than anything here takes on a busy machine.
PATIENCE_S = 60


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


async def until(what, holds, patience_s=PATIENCE_S):
    """Looks until `holds` is true, and says whether it came to be."""
    for _ in range(int(patience_s / 0.05)):
        result = holds()
        if asyncio.iscoroutine(result):
            result = await result
        if result:
            return True
        await asyncio.sleep(0.05)
    print(f"waited in vain: {what}", file=sys.stderr)
    return False


class Program:
    """A child of this check, with its output in a file."""

    def __init__(self, command, log, **environment):
        self.command, self.log, self.process = command, log, None
        self.environment = os.environ | environment

    async def start(self):
        with open(self.log, "ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *map(str, self.command), stdout=log, stderr=log, env=self.environment
            )

    async def stop(self):
        if self.process and self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), PATIENCE_S)
            except TimeoutError:
                self.process.kill()
                await self.process.wait()


class Broker(Program):
    def __init__(self, folder):
        self.port = free_port()
        settings = folder / "mosquitto.conf"
        settings.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n")
        super().__init__(["mosquitto", "-c", settings], folder / "mosquitto.log")


class Covers:
    """The covers of the house that are on the broker: they take a few seconds from one end to the other, and tell where they are."""

    # By name: whether it takes positions, too.
    HAS_POSITION = {"blind": True, "awning": False}
    # Percents in a tenth of a second.
    STEP = 1

    def __init__(self, broker):
        self.broker, self.task = broker, None
        self.position = dict.fromkeys(self.HAS_POSITION, 0)
        self.target = dict(self.position)
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        self.client.on_connect = self.connected
        self.client.on_message = self.commanded
        self.client.reconnect_delay_set(1, 1)

    def start(self):
        self.client.connect_async("127.0.0.1", self.broker.port)
        self.client.loop_start()
        self.task = asyncio.create_task(self.move())

    def stop(self):
        if self.task:
            self.task.cancel()
            self.client.disconnect()
            self.client.loop_stop()

    def connected(self, client, *_):
        client.subscribe([("shed/+/set", 1), ("shed/+/position/set", 1)])
        for name in self.position:
            self.tell(name)

    def commanded(self, _client, _data, message):
        name, payload = message.topic.split("/")[1], message.payload.decode()
        if name in self.position:
            ends = {"OPEN": 100, "CLOSE": 0, "STOP": self.position[name]}
            self.target[name] = ends[payload] if payload in ends else int(payload)
            self.tell(name)

    def tell(self, name):
        position, way = self.position[name], self.target[name] - self.position[name]
        if self.HAS_POSITION[name]:
            self.client.publish(f"shed/{name}/position", position, qos=1, retain=True)
        moving = "opening" if way > 0 else "closing"
        standing = {0: "closed", 100: "open"}.get(position, "stopped")
        self.client.publish(f"shed/{name}", moving if way else standing, qos=1, retain=True)

    async def move(self):
        while True:
            await asyncio.sleep(0.1)
            for name, position in list(self.position.items()):
                way = self.target[name] - position
                if way:
                    self.position[name] = position + max(-self.STEP, min(self.STEP, way))
                    self.tell(name)


class Hub(Program):
    """hearthd, and what it says of its points."""

    def __init__(self, folder, house, broker, session):
        self.port, self.file, self.session = free_port(), folder / "config.toml", session
        self.house = house.replace("HTTP_PORT", str(self.port))
        if broker:
            self.house = self.house.replace("MQTT_PORT", str(broker.port))
        self.file.write_text(self.house)
        program = os.environ.get("HEARTHD", SOURCE / "target/debug/hearthd")
        self.console = [program, "--config", self.file, "--socket", folder / "hearthd.sock"]
        # It has a button to restart it where systemd would start it again.
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.systemd.bind(str(folder / "notify"))
        asyncio.get_running_loop().add_reader(self.systemd, self.systemd.recv, 4096)
        self.state = folder / "state"
        command = [*self.console, "run", "--state", self.state]
        super().__init__(command, folder / "hearthd.log", NOTIFY_SOCKET=str(folder / "notify"))

    def change(self, house):
        self.file.write_text(house)

    def reloads(self):
        return self.log.read_text().count("the changed configuration is in force")

    async def all(self):
        async with self.session.get(f"http://127.0.0.1:{self.port}/api/v1/points") as answer:
            return await answer.json()

    async def points(self):
        return {point["id"]: point for point in (await self.all())["points"]}

    async def tell(self, point, value):
        """As `hearthd set`, which plays the wires, too."""
        said = await asyncio.create_subprocess_exec(*map(str, [*self.console, "set", point, value]), stdout=asyncio.subprocess.DEVNULL)
        assert await said.wait() == 0, f"{point} {value}"

    async def key(self):
        """What Home Assistant asks for when it adds the hub."""
        asked = map(str, [*self.console, "homeassistant", "key", "--state", self.state])
        told = await asyncio.create_subprocess_exec(*asked, stdout=asyncio.subprocess.PIPE)
        key = (await told.communicate())[0].decode().strip()
        assert told.returncode == 0, "hearthd does not tell the key"
        return key

    async def serves(self):
        try:
            return bool(await self.all())
        except aiohttp.ClientError:
            return False


SETTINGS = """
homeassistant:
  name: Check
  latitude: 52.37
  longitude: 4.89
  time_zone: Europe/Amsterdam
  unit_system: metric
http:
  server_host: 127.0.0.1
  server_port: {port}
config:
logger:
  default: warning
"""
# What it says at each start and is not about us.
USUAL = ("Skipping pip installation of required modules", "zlib_ng and isal are not available")


class HomeAssistant(Program):
    def __init__(self, folder, session):
        self.port, self.folder, self.session = free_port(), folder / "ha", session
        # What it gave at the log-in, and of that the token.
        self.login, self.token = None, None
        self.socket, self.ids = None, itertools.count(1)
        # The number of the last question, and those whose trigger fired.
        self.asked, self.fired = None, []
        self.folder.mkdir()
        (self.folder / "configuration.yaml").write_text(SETTINGS.format(port=self.port))
        command = [Path(sys.executable).parent / "hass", "-c", self.folder, "--skip-pip", "--log-no-color"]
        super().__init__(command, folder / "home-assistant.log")

    def address(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    async def post(self, path, **body):
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.post(self.address(path), headers=headers, **body) as answer:
            assert answer.status < 400, f"{path}: {answer.status} {await answer.text()}"
            return await answer.json()

    async def start(self):
        """Starts it and waits until it is ready, logged in as its owner."""
        await super().start()
        assert await until("Home Assistant answers", self.answers, 180)
        if not self.token:
            client = self.address("/")
            owner = {"client_id": client, "name": "Owner", "username": "owner", "password": "password", "language": "en"}
            code = (await self.post("/api/onboarding/users", json=owner))["auth_code"]
            grant = {"client_id": client, "grant_type": "authorization_code", "code": code}
            self.login = await self.post("/auth/token", data=grant)
            self.token = self.login["access_token"]
        self.socket = await self.session.ws_connect(self.address("/api/websocket"), max_msg_size=0)
        await self.socket.receive_json()
        await self.socket.send_json({"type": "auth", "access_token": self.token})
        assert (await self.socket.receive_json())["type"] == "auth_ok"
        assert await until("Home Assistant runs", self.runs, 180)

    async def finish_setup(self):
        """The rest of what it asks a new owner; without it, its pages ask."""
        client = self.address("/")
        for step, data in {"core_config": {}, "analytics": {}, "integration": {"client_id": client, "redirect_uri": client}}.items():
            await self.post(f"/api/onboarding/{step}", json=data)

    async def stop(self):
        if self.socket:
            await self.socket.close()
            self.socket = None
        await super().stop()

    async def answers(self):
        try:
            async with self.session.get(self.address("/api/onboarding")) as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    async def runs(self):
        return (await self.ask("get_config"))["state"] == "RUNNING"

    async def ask(self, kind, **more):
        """A command of the WebSocket API, and its result."""
        number = self.asked = next(self.ids)
        await self.socket.send_json({"id": number, "type": kind, **more})
        while True:
            answer = await self.socket.receive_json()
            if answer["type"] == "event":
                self.fired.append(answer["id"])
            if answer.get("id") == number and answer["type"] == "result":
                assert answer["success"], f"{kind} {more}: {answer['error']}"
                return answer["result"]

    async def listen(self, trigger):
        """Waits for a trigger as an automation does; its number is in `fired` when it fires."""
        await self.ask("subscribe_trigger", trigger=trigger)
        return self.asked

    async def service(self, entity, service, **data):
        domain = entity.split(".")[0]
        await self.ask(
            "call_service", domain=domain, service=service, service_data=data, target={"entity_id": entity}
        )

    async def answer(self, flow, answers):
        """Fills in the form of a dialog, and what it says then."""
        return await self.post(f"/api/config/config_entries/flow/{flow['flow_id']}", json=answers)

    async def add(self, integration, *forms):
        """Adds an integration as a person does in its settings."""
        flow = await self.post("/api/config/config_entries/flow", json={"handler": integration})
        for answers in forms:
            flow = await self.answer(flow, answers)
        return flow

    async def add_mqtt(self, broker):
        flow = await self.add("mqtt", {"broker": "127.0.0.1", "port": broker.port})
        assert flow["type"] == "create_entry", flow

    async def add_esphome(self, port, key):
        return await self.add("esphome", {"host": "127.0.0.1", "port": port}, {"noise_psk": key})

    async def states(self):
        return {state["entity_id"]: state for state in await self.ask("get_states")}

    async def registry(self):
        """Its entities of MQTT by unique id, each with what is known of it and the names of its device and area."""
        listed = [entry for entry in await self.ask("config/entity_registry/list") if entry["platform"] == "mqtt"]
        found = await self.ask("config/entity_registry/get_entries", entity_ids=[e["entity_id"] for e in listed])
        # Asked for last, so that they know the device of each entity.
        devices = {device["id"]: device for device in await self.ask("config/device_registry/list")}
        areas = {area["area_id"]: area["name"] for area in await self.ask("config/area_registry/list")}
        entities = {}
        for entry in found.values():
            device = devices[entry["device_id"]]
            entry["device"] = device
            entry["area"] = areas.get(entry["area_id"] or device["area_id"])
            entities[entry["unique_id"]] = entry
        return entities

    def complaints(self):
        """Each warning and error of its log that is not there in every house."""
        lines = Path(self.log).read_text(errors="replace").splitlines()
        said = [line for line in lines if " WARNING " in line or " ERROR " in line or " CRITICAL " in line]
        return [line for line in said if not any(usual in line for usual in USUAL)]
