"""rppal: a TMP105 on the real I2C driver, its temperature changed from outside, switches a relay's pin."""

from house import BcmLines, Daemon
from machine import same, wait
from releases import BOOKWORM

ON = [BOOKWORM]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "rppal"
[outputs.fan]
kind = "fan"
gpio = 17
active = "low"
[outputs.heater]
kind = "heater"
gpio = 27
[sensors.room]
chip = "tmp105"
every = "1s"
[[rules]]
name = "Air when it is warm"
while = "room.temperature > 26"
until = "room.temperature < 24.5"
set = { fan = "on" }
[[rules]]
name = "Frost"
while = "room.temperature < 5"
set = { heater = "on" }
"""


def run(boards):
    guest = boards.raspi3b()
    guest.set_temperature("thermometer", 21.5)
    wires = BcmLines(guest)
    same(wires.are_outputs(17, 27), [False, False], "lines before hearthd")
    house = Daemon(guest, CONFIG)
    house.start()
    house.wait_point("room.temperature", value=21.5)
    same(wires.are_outputs(17, 27), [True, True], "lines of the relays")
    # The fan's relay is active low: off is high.
    for celsius, levels in [(21.5, [1, 0]), (27, [0, 0]), (25, [0, 0]), (24, [1, 0]), (-10.5, [1, 1]), (21.5, [1, 0])]:
        guest.set_temperature("thermometer", celsius)
        house.wait_point("room.temperature", value=celsius)
        wait(f"pins {levels} at {celsius} °C", lambda: wires.levels(17, 27) == levels)
    house.kill("TERM")
    same(wires.levels(17, 27), [1, 0], "pins at the end")
    return [f"boot {guest.boot_s:.1f} s"]
