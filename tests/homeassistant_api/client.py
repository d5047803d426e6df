"""Home Assistant's own client of the API. Reads a line of JSON for each thing to do, answers each by a line.

{"do": "connect", "port": 6053, "key": null}   {"do": "list"}   {"do": "subscribe"}   {"do": "states"}   {"do": "happened"}
{"do": "call", "method": "light_command", "with": {...}}   {"do": "action", "name": "auto", "with": {...}}
{"do": "entity", "entity": "sensor.garden", "attribute": null, "state": "21"}   {"do": "asked"}
{"do": "logs", "level": 3}   {"do": "log"}   {"do": "clock", "seconds": 1000000000}   {"do": "ended"}   {"do": "disconnect"}   {"do": "cuts", "port": 6053, "key": null, "count": 200, "seed": 1}
"""

import asyncio
import json
import logging
import math
import random
import sys
import time

from aioesphomeapi import APIClient, APIConnectionError, LogLevel

PATIENCE = 60
# That a connection is cut is what is tried here.
logging.getLogger("aioesphomeapi").setLevel(logging.CRITICAL)


def plain(value):
    """As JSON has it: what is no number is null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, dict):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    return plain(value.to_dict()) if hasattr(value, "to_dict") else str(value)


def described(thing):
    return {"type": type(thing).__name__, **plain(thing.to_dict())}


class Client:
    def __init__(self):
        self.api = None
        self.ended = None
        self.states = {}
        self.happened = []
        self.log = []
        self.services = []
        # What Home Assistant has of its own, and what it was asked for.
        self.entities = {}
        self.asked = []

    async def connect(self, port, key):
        self.api = APIClient("127.0.0.1", port, None, noise_psk=key)
        self.ended = asyncio.get_running_loop().create_future()
        self.states, self.happened, self.asked = {}, [], []

        async def stopped(expected):
            if not self.ended.done():
                self.ended.set_result(expected)

        await self.api.connect(on_stop=stopped, login=True)

    async def list(self):
        info, entities, self.services = await self.api.device_info_and_list_entities()
        return {
            "device": plain(info.to_dict()),
            "entities": [described(entity) for entity in entities],
            "actions": [service.name for service in self.services],
        }

    def state(self, state):
        told = described(state)
        if told["type"] == "Event":
            self.happened.append(told)
        else:
            self.states[f"{told['type']} {told['key']}"] = told

    def subscribe(self):
        self.api.subscribe_home_assistant_states_and_services(
            self.state, lambda call: self.happened.append(described(call)), self.ask, self.tell
        )

    def logs(self, level):
        def on_log(entry):
            self.log.append([entry.level, entry.message.decode()])

        self.api.subscribe_logs(on_log, log_level=LogLevel(level))

    def ask(self, entity, attribute):
        self.asked.append(f"{entity}/{attribute}" if attribute else entity)
        self.tell(entity, attribute)

    def tell(self, entity, attribute):
        state = self.entities.get((entity, attribute or None))
        if state is not None:
            self.api.send_home_assistant_state(entity, attribute, state)

    def entity(self, entity, attribute, state):
        self.entities[(entity, attribute)] = state
        if self.ended and (f"{entity}/{attribute}" if attribute else entity) in self.asked:
            self.tell(entity, attribute)

    async def call(self, method, arguments):
        answer = getattr(self.api, method)(**arguments)
        if asyncio.iscoroutine(answer):
            await answer

    async def action(self, name, arguments):
        service = next(service for service in self.services if service.name == name)
        answer = await self.api.execute_service(service, arguments, return_response=False)
        return {"done": answer.success, "error": answer.error_message}


async def cuts(port, key, count, seed):
    """Connects through a network that breaks after a number of bytes by chance, so often; returns how far it came."""
    dice = random.Random(seed)
    allowed = 0

    async def carry(reader, writer, budget):
        try:
            while part := await reader.read(4096):
                part = part[: budget[0]]
                budget[0] -= len(part)
                writer.write(part)
                await writer.drain()
                if budget[0] == 0:
                    break
        except OSError:
            pass
        writer.transport.abort()

    async def proxy(reader, writer):
        try:
            to, fro = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        budget = [allowed]
        await asyncio.gather(carry(reader, fro, budget), carry(to, writer, budget))

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    through = server.sockets[0].getsockname()[1]
    reached = {"connected": 0, "listed": 0, "lost": 0}
    for _ in range(count):
        # Sometimes in the handshake, sometimes in the middle of the list, sometimes later.
        allowed = dice.choice([dice.randrange(1, 300), dice.randrange(300, 30_000), dice.randrange(30_000, 60_000)])
        client = Client()
        try:
            await client.connect(through, key)
            reached["connected"] += 1
            await client.list()
            reached["listed"] += 1
            client.subscribe()
            while not client.ended.done():
                client.api.switch_command(0, True)
                await asyncio.sleep(0.001)
        except (APIConnectionError, OSError):
            pass
        reached["lost"] += 1
        await client.api.disconnect(force=True)
    server.close()
    return reached


async def main():
    loop = asyncio.get_running_loop()
    client = Client()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        ask = json.loads(line)
        try:
            async with asyncio.timeout(PATIENCE * 4):
                match ask["do"]:
                    case "connect":
                        answer = await client.connect(ask["port"], ask["key"])
                    case "list":
                        answer = await client.list()
                    case "subscribe":
                        answer = client.subscribe()
                    case "states":
                        answer = list(client.states.values())
                    case "happened":
                        answer = client.happened
                    case "call":
                        answer = await client.call(ask["method"], ask["with"])
                    case "action":
                        answer = await client.action(ask["name"], ask["with"])
                    case "entity":
                        answer = client.entity(ask["entity"], ask["attribute"], ask["state"])
                    case "asked":
                        answer = client.asked
                    case "logs":
                        answer = client.logs(ask["level"])
                    case "log":
                        answer = client.log
                    case "clock":
                        # What the library tells when it is asked for the time.
                        if ask["seconds"] is not None:
                            time.time = lambda told=ask["seconds"]: told
                        answer = None
                    case "ended":
                        answer = await client.ended
                    case "disconnect":
                        answer = await client.api.disconnect()
                    case "cuts":
                        answer = await cuts(ask["port"], ask["key"], ask["count"], ask["seed"])
            print(json.dumps({"answer": answer}), flush=True)
        except (APIConnectionError, TimeoutError) as error:
            print(json.dumps({"error": type(error).__name__, "text": str(error)}), flush=True)


asyncio.run(main())
