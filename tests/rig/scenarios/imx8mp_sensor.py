"""chardev: a TMP105 changed while it runs, no chip, a broken wire, a rule meanwhile; a line that reads otherwise than driven."""

from house import Daemon, ImxLines
from machine import check, same, wait
from releases import BOOKWORM

ON = [BOOKWORM]

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
FAN = 11


def connect(guest, yes: bool):
    """Makes or breaks the wires between the bus and the thermometer."""
    guest.sh(f"i2cset -y 2 0x70 {int(yes)}")


def about_fan(house) -> list[str]:
    """What was logged of the output."""
    return [line for line in house.log().splitlines() if "output fan" in line]


def run(boards):
    guest = boards.imx8mp()
    wires = ImxLines(guest)
    guest.set_temperature("thermometer", 21.5)
    connect(guest, True)

    def fan():
        return wires.levels(FAN)[0]

    house = Daemon(guest, CONFIG)
    house.start()
    house.wait_point("room.temperature", value=21.5, quality="good")
    house.wait_point("absent.temperature", value=None, quality="fault")
    absent = house.points()["absent.temperature"]["fault"]
    for celsius in (30, -25, 26.5):
        guest.set_temperature("thermometer", celsius)
        house.wait_point("room.temperature", value=celsius)
        wait(f"the fan at {celsius} °C", lambda: fan() == int(celsius > 26))

    connect(guest, False)
    wait("the reading is bad", lambda: house.points()["room.temperature"]["quality"] in ("fault", "stale"))
    gone = house.points()["room.temperature"]
    wait("an unknown temperature keeps nothing on", lambda: fan() == 0)
    connect(guest, True)
    house.wait_point("room.temperature", value=26.5, quality="good")
    wait("the fan is on again", lambda: fan() == 1)

    # Something else switches the line. The daemon reads its lines back once a minute, says so, and drives it again.
    guest.write_register(wires.REGISTERS, guest.registers(wires.REGISTERS, 1)[0] & ~(1 << FAN))
    same(fan(), 0, "the fan, switched behind the daemon's back")
    wait("the fan is driven again", lambda: fan() == 1, 180)
    # That is told after the wire was driven.
    told = wait("it is told of", lambda: (said := about_fan(house)) and "works again" in said[-1] and said)
    check("reads OFF" in told[-2], f"what was said of the fan: {told}")
    house.kill("TERM")
    same(fan(), 0, "the fan at the end")
    check("panicked" not in house.log(), house.log())
    return [f"no chip: {absent}", f"broken wire: {gone['quality']}, {gone['fault']}",
            f"read back: {told[-2].split('output ', 1)[1]}"]
