"""A Raspberry Pi 5 without /dev/gpiochip0: `auto`, `safe` and `detect` by the chip of the header; one wire under two names."""

import json

from house import Daemon, Trace
from machine import check, same, wait
from pi5 import Pi5
from releases import TRIXIE

ON = [TRIXIE]

CONFIG = """
[hub]
id = "hut"
[outputs.lamp]
kind = "light"
gpio = 17
active = "low"
[outputs.alarm]
kind = "siren"
gpio = "GPIO22"
safe = "on"
[outputs.again]
kind = "light"
gpio = "gpiochip15/17"
[outputs.another]
kind = "switch"
gpio = "gpiochip12/3"
[inputs.motion]
kind = "motion"
gpio = 3
debounce = "0s"
[[rules]]
name = "Light for whoever comes"
while = "motion is active"
set = { lamp = "on", another = "on" }
"""
LAMP, ALARM, MOTION = 17, 22, 3
# Positions on the header, written for GPIOs.
POSITIONS = '[hub]\nid = "hut"\n[outputs.lamp]\nkind = "light"\ngpio = 40\n[outputs.pump]\nkind = "switch"\ngpio = 11\n'


def run(boards):
    guest = boards.pi5()
    board = Pi5(guest)
    header = board.add_header()
    same([chip.node for chip in (*board.soc, header)], [f"gpiochip{number}" for number in range(11, 16)], "chips")
    # What a relay board does to a wire that nobody drives.
    header.pull(LAMP, True)

    found = json.loads(guest.sh("hearthd detect --json"))
    same((found["board"], found["backend"]), ("Raspberry Pi 5 Model B Rev 1.0", "chardev"), "what it detects")
    check("gpiochip0" in found["backend_because"], found["backend_because"])
    check("gpiochip15 (pinctrl-rp1)" in found["gpio_numbers"], found["gpio_numbers"])
    guest.put("/run/positions.toml", POSITIONS)
    advice = guest.sh("hearthd check /run/positions.toml 2>&1", good=False)
    check("header pin 40 is GPIO 21" in advice and "header pin 11" not in advice, advice)

    house = Daemon(guest, CONFIG)
    house.start()
    log = house.log()
    check(any("chardev" in line and "rppal" in line and "gpiochip0" in line for line in log.splitlines()), log)
    points = house.points()
    same({name: points[name]["quality"] for name in ("lamp", "alarm", "again", "another", "motion")},
         {"lamp": "good", "alarm": "good", "again": "fault", "another": "good", "motion": "good"}, "points")
    check("`lamp`" in points["again"]["fault"], points["again"]["fault"])

    def wires():
        return [*header.levels(LAMP, ALARM), *board.soc[1].levels(3)]

    same(wires(), [1, 0, 0], "wires: lamp, alarm, line 3 of another chip")
    header.pull(MOTION, True)
    wait("the lamp and its companion are on", lambda: wires() == [0, 0, 1])
    guest.sh("hearthd --socket /run/hearthd.sock set alarm on")
    same(wires(), [0, 1, 1], "wires after a command")
    house.kill("KILL")
    trace = Trace(guest)
    told = guest.sh("hearthd safe 2>&1", good=False)
    # Off comes first: lamp, another, alarm. The fourth has a wire that is not its own, where its off is the lamp's on.
    same([int(seen.text.split()[-1]) for seen in trace.driven()], [1, 0, 1], f"lines that `hearthd safe` drove: {told}")
    check("again: line 17 of gpiochip15" in told and "used by `lamp`" in told, told)
    return [f"one wire twice: {points['again']['fault']}", f"detect: {found['backend_because']}"]
