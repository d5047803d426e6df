"""Devices on Modbus, played by pymodbus, and the line between them and hearthd, which can be bad. Reads a line of JSON for each
thing to do, answers each by a line. The first line says what there is:

{"units": [1, 2], "tcp": 1502, "framer": "socket"}    or without "tcp": on a serial line, and the answer names its port
{"do": "set", "unit": 1, "function": 4, "address": 0, "values": [1]}      {"do": "get", ..., "count": 1}
{"do": "line", "fault": "corrupt", "times": 3}   what happens to the next answers: corrupt, cut, other, noise, late (by "delay" seconds), lost
{"do": "dead", "units": [2]}   {"do": "stuck", "units": [1]}: it says that it was written, and is not
{"do": "several", "units": [1]}: it has only the functions that write several   {"do": "deaf", "at": [[1, 3, 40]]}: to unit 1, function 3,
address 40 nothing is answered
{"do": "requests"}   when each unit was asked since the last time, in seconds
"""

import asyncio
import json
import logging
import os
import pty
import sys
import time
import tty

from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
WRITES = (5, 6, 15, 16)


def device(unit):
    bits = lambda: [SimData(0, count=64, values=False, datatype=DataType.BITS)]
    registers = lambda: [SimData(0, count=200, values=0, datatype=DataType.REGISTERS)]
    return SimDevice(id=unit, simdata=(bits(), bits(), registers(), registers()))


def checksum(data):
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


class Line:
    """Two pseudo-terminals, and what happens to answers between them."""

    def __init__(self):
        self.ours, ours = pty.openpty()
        self.theirs, theirs = pty.openpty()
        for end in (self.ours, ours, self.theirs, theirs):
            tty.setraw(end)
            os.set_blocking(end, False)
        # Kept open, so that neither hangs up while nobody has it open.
        self.kept = (ours, theirs)
        self.port, self.server_port = os.ttyname(ours), os.ttyname(theirs)
        self.fault, self.times, self.delay = None, 0, 0.0
        self.dead, self.stuck, self.several, self.deaf = set(), set(), set(), set()
        self.asked = []
        loop = asyncio.get_running_loop()
        loop.add_reader(self.ours, self.request)
        loop.add_reader(self.theirs, self.answer)

    def request(self):
        frame = os.read(self.ours, 4096)
        self.asked.append((time.monotonic(), frame[0]))
        if frame[0] in self.dead or (frame[0], frame[1], int.from_bytes(frame[2:4], "big")) in self.deaf:
            return
        if frame[0] in self.several and frame[1] in (5, 6):
            refusal = bytes([frame[0], frame[1] | 0x80, 1])
            self.send(refusal + checksum(refusal))
            return
        if frame[0] in self.stuck and frame[1] in WRITES:
            self.send(frame[:6] + checksum(frame[:6]))
            return
        os.write(self.theirs, frame)

    def answer(self):
        frame = os.read(self.theirs, 4096)
        if self.times == 0:
            return self.send(frame)
        self.times -= 1
        middle = len(frame) // 2
        if self.fault == "corrupt":
            self.send(frame[:middle] + bytes([frame[middle] ^ 0x10]) + frame[middle + 1 :])
        elif self.fault == "cut":
            self.send(frame[:middle])
        elif self.fault == "other":
            other = bytes([frame[0] % 247 + 1]) + frame[1:-2]
            self.send(other + checksum(other))
        elif self.fault == "noise":
            self.send(b"\x00\xff" + frame)
        elif self.fault == "late":
            asyncio.get_running_loop().call_later(self.delay, self.send, frame)

    def send(self, frame):
        os.write(self.ours, frame)


async def main():
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    first = json.loads(await lines.readline())
    devices = [device(unit) for unit in first["units"]]
    line = None
    if first.get("tcp"):
        framer = FramerType(first.get("framer", "socket"))
        server = ModbusTcpServer(devices, framer=framer, address=("127.0.0.1", first["tcp"]))
    else:
        line = Line()
        server = ModbusSerialServer(devices, framer=FramerType.RTU, port=line.server_port, baudrate=9600)
    await server.serve_forever(background=True)
    print(json.dumps({"port": line and line.port}), flush=True)
    while asked := await lines.readline():
        asked = json.loads(asked)
        answer = None
        match asked["do"]:
            case "set":
                await server.async_setValues(asked["unit"], asked["function"], asked["address"], asked["values"])
            case "get":
                values = await server.async_getValues(asked["unit"], asked["function"], asked["address"], asked["count"])
                answer = [int(value) for value in values]
            case "line":
                line.fault, line.times, line.delay = asked["fault"], asked["times"], asked.get("delay", 0.0)
            case "faults":
                answer = line.times
            case "dead":
                line.dead = set(asked["units"])
            case "stuck":
                line.stuck = set(asked["units"])
            case "several":
                line.several = set(asked["units"])
            case "deaf":
                line.deaf = {tuple(at) for at in asked["at"]}
            case "requests":
                answer, line.asked = line.asked, []
        print(json.dumps({"answer": answer}), flush=True)


asyncio.run(main())
