"""rppal: edges of inputs switch relays; SIGTERM, SIGKILL and `hearthd safe` at the registers."""

from boards import SIM
from house import BcmLines, Daemon, SimChip
from machine import check, same, wait
from releases import BOOKWORM

ON = [BOOKWORM]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "rppal"
[outputs.lamp]
kind = "light"
gpio = 17
active = "low"
[outputs.alarm]
kind = "siren"
gpio = 22
safe = "on"
[inputs.motion]
kind = "motion"
gpio = 4
debounce = "10ms"
[inputs.door]
kind = "door"
gpio = 5
debounce = "10ms"
[[rules]]
name = "Light for whoever comes"
while = "motion is active"
set = { lamp = "on" }
[[rules]]
name = "Nobody leaves the door open"
while = "door is open"
set = { alarm = "on" }
"""


def run(boards):
    guest = boards.raspi3b(built=SIM)
    wires = BcmLines(guest)
    # QEMU's Raspberry Pi tells no edges. A simulated chip in the place of the real one does; outputs are registers anyway.
    chip = SimChip(guest)
    guest.sh(f"mv /dev/gpiochip0 /dev/gpiochip-real && mv /dev/{chip.node} /dev/gpiochip0")
    house = Daemon(guest, CONFIG)
    house.start()
    wait("pins at the start: the door has a pull-up and no magnet yet", lambda: wires.levels(17, 22) == [1, 1])
    chip.pull(5, False)
    wait("the alarm is off with the door closed", lambda: wires.levels(22) == [0])
    for _ in range(20):
        chip.pull(4, True)
        wait("the lamp is on", lambda: wires.levels(17) == [0])
        chip.pull(4, False)
        wait("the lamp is off", lambda: wires.levels(17) == [1])
    chip.pull(4, True)
    wait("the lamp is on", lambda: wires.levels(17) == [0])

    house.kill("KILL")
    same(wires.levels(17, 22), [0, 0], "pins after SIGKILL: as they were")
    guest.sh("hearthd safe")
    same(wires.levels(17, 22), [1, 1], "pins after `hearthd safe`")
    same(wires.are_outputs(17, 22), [True, True], "released lines still drive")

    house.start()
    # To claim the door's line is to pull it up.
    chip.pull(5, False)
    wait("the lamp is on again after the restart", lambda: wires.levels(17, 22) == [0, 0])
    house.kill("TERM")
    same(wires.levels(17, 22), [1, 1], "pins after SIGTERM")
    check("panicked" not in house.log(), house.log())
