"""chardev: a TMP105 changed while hearthd runs; no chip at an address; its wire broken and mended; a rule meanwhile."""

from house import Daemon
from machine import check, same, wait

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "chardev"
gpiochip = "gpiochip0"
[outputs.fan]
kind = "fan"
gpio = 11
[sensors.room]
chip = "tmp105"
bus = 2
every = "1s"
[sensors.absent]
chip = "tmp105"
bus = 2
address = 0x4f
every = "1s"
[[rules]]
name = "Air when it is warm"
while = "room.temperature > 26"
set = { fan = "on" }
"""


def connect(guest, yes: bool):
    """Makes or breaks the wires between the bus and the thermometer."""
    guest.sh(f"i2cset -y 2 0x70 {int(yes)}")


def run(boards):
    guest = boards.imx8mp()
    guest.set_temperature("thermometer", 21.5)
    connect(guest, True)

    def fan():
        return guest.registers(0x3020_0000, 1)[0] >> 11 & 1

    house = Daemon(guest, CONFIG)
    house.start()
    house.wait_point("room.temperature", value=21.5, quality="good")
    house.wait_point("absent.temperature", value=None, quality="fault")
    absent = house.points()["absent.temperature"]["fault"]
    for celsius in (30, -25, 26.5):
        guest.set_temperature("thermometer", celsius)
        house.wait_point("room.temperature", value=celsius)
        wait(f"the fan at {celsius} °C", lambda: fan() == int(celsius > 26), 5)

    connect(guest, False)
    wait("the reading is bad", lambda: house.points()["room.temperature"]["quality"] in ("fault", "stale"))
    gone = house.points()["room.temperature"]
    wait("an unknown temperature keeps nothing on", lambda: fan() == 0, 10)
    connect(guest, True)
    house.wait_point("room.temperature", value=26.5, quality="good")
    wait("the fan is on again", lambda: fan() == 1, 5)
    house.kill("TERM")
    same(fan(), 0, "the fan at the end")
    check("panicked" not in house.log(), house.log())
    return [f"no chip: {absent}", f"broken wire: {gone['quality']}, {gone['fault']}"]
