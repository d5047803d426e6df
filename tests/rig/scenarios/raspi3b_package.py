"""The .deb on a Raspberry Pi 3 with Debian on its SD card: rppal inside the service's sandbox, relays, a TMP105 on MQTT, the end."""

from house import BcmLines
from machine import check, same, wait
from releases import BOOKWORM, TRIXIE
from unit import Unit

ON = [BOOKWORM, TRIXIE]

CONFIG = """
[hub]
id = "hut"
[mqtt]
url = "mqtt://localhost"
[outputs.fan]
kind = "fan"
gpio = 17
active = "low"
[outputs.lamp]
kind = "light"
gpio = 22
[outputs.alarm]
kind = "siren"
gpio = 23
safe = "on"
[sensors.room]
chip = "tmp105"
every = "1s"
[[rules]]
name = "Air when it is warm"
while = "room.temperature > 26"
set = { fan = "on" }
"""
FAN, LAMP, ALARM = 17, 22, 23


def run(boards):
    guest = boards.raspi3b_debian()
    guest.set_temperature("thermometer", 21.5)
    wires = BcmLines(guest)
    unit = Unit(guest, wires)
    check("still the example" in unit.install_package(CONFIG), "what the package says of its example")
    check("rppal" in unit.property("StatusText"), unit.property("StatusText"))
    same(unit.property("User"), "hearthd", "who it is")
    same(wires.are_outputs(FAN, LAMP, ALARM), [True, True, True], "lines of the relays")
    # The fan's relay is active low: off is high.
    same(wires.levels(FAN, LAMP, ALARM), [1, 0, 0], "pins after the start")

    for celsius, pin in [(21.5, 1), (30, 0), (-10.5, 1)]:
        guest.set_temperature("thermometer", celsius)
        wait(f"{celsius} °C on the broker", lambda: unit.broker("room/temperature/state") == f"{celsius:.2f}")
        wait(f"the fan's pin at {celsius} °C", lambda: wires.levels(FAN) == [pin])
    unit.command("lamp", "ON")
    wait("the lamp's pin", lambda: wires.levels(LAMP) == [1])
    wait("the lamp on the broker", lambda: unit.broker("lamp/state") == "ON")
    same(unit.property("NRestarts"), "0", "restarts")

    guest.sh("systemctl stop hearthd", timeout_s=120)
    same(unit.property("Result"), "success", "how it ended")
    same(wires.are_outputs(FAN, LAMP, ALARM), [True, True, True], "lines after the end")
    same(wires.levels(FAN, LAMP, ALARM), [1, 0, 1], "the safe state after the end")
    same(unit.broker("availability"), "offline", "availability after the end")
    ready = int(unit.property("ActiveEnterTimestampMonotonic")) - int(unit.property("InactiveExitTimestampMonotonic"))
    return [f"boot {guest.boot_s:.0f} s; the service is ready {ready / 1e6:.1f} s after its start"]
