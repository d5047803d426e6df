"""Every sensor that QEMU emulates, on the real I2C driver, two of one address behind a multiplexer; `hearthd detect`; a clock."""

import re

from house import Daemon
from machine import check, same, wait
from releases import BOOKWORM, TRIXIE

ON = [BOOKWORM, TRIXIE]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "chardev"
[sensors.board]
chip = "tmp105"
every = "1s"
[sensors.case]
chip = "tmp421"
address = 0x4e
every = "1s"
[sensors.racks]
chip = "emc1413"
address = 0x4c
every = "1s"
[sensors.air]
chip = "dps310"
every = "1s"
[sensors.left]
chip = "tmp105"
address = 0x49
mux = "0x70/0"
every = "1s"
[sensors.right]
chip = "tmp105"
address = 0x49
mux = "0x70/3"
every = "1s"
"""
# A point, the device, QEMU's name of the temperature.
POINTS = [
    ("board.temperature", "thermometer", "temperature"),
    ("case.temperature", "tmp421", "temperature0"),
    ("case.remote_temperature_1", "tmp421", "temperature1"),
    ("racks.temperature", "emc1413", "temperature0"),
    ("racks.remote_temperature_1", "emc1413", "temperature1"),
    ("racks.remote_temperature_2", "emc1413", "temperature2"),
    ("left.temperature", "left", "temperature"),
    ("right.temperature", "right", "temperature"),
]


def failures(log: str) -> list[str]:
    """What was said of sensors. Not that the bus was late by the kernel's clock, as that of a busy machine is, and that the
    sensor works again after it."""
    late, others = {}, []
    for line in log.splitlines():
        sensor = re.search(r"sensor (\w+)", line)
        if sensor and "no answer in time" in line:
            late[sensor[1]] = line
        elif sensor and "works again" in line and sensor[1] in late:
            del late[sensor[1]]
        elif sensor or "panicked" in line:
            others.append(line)
    return [*others, *late.values()]


def run(boards):
    guest = boards.raspi3b_chips()
    # A clock is the kernel's.
    guest.sh("echo ds1338 0x68 >/sys/bus/i2c/devices/i2c-1/new_device")
    clock = guest.sh("cat /sys/class/rtc/rtc0/date").strip()
    check(clock > "2026", f"the clock says {clock}")
    found = guest.sh("hearthd detect --bus 1")
    # The emulated DPS310 has no register that tells what it is.
    for address, chip in [("0x48", "tmp105"), ("0x4c", "emc1413"), ("0x4e", "tmp421"), ("0x68", "rtc-ds1307")]:
        check(any(address in line and chip in line for line in found.splitlines()), f"{chip} at {address}: {found}")
    house = Daemon(guest, CONFIG)
    house.start()
    for shift in (0, 40, 15):
        # None is like another; below 0 °C, the emulated EMC1413 does as it likes.
        expected = {point: shift + 2.5 * number for number, (point, _, _) in enumerate(POINTS)}
        for point, device, name in POINTS:
            guest.set_temperature(device, expected[point], name)

        def measured():
            points = house.points()
            # Some of the emulated chips keep whole degrees.
            return all(points[point]["quality"] == "good" and abs(points[point]["value"] - celsius) <= 0.6
                       for point, celsius in expected.items())
        wait(f"{expected}", measured)
    air = wait("the air is measured", lambda: (points := house.points())["air.pressure"]["quality"] == "good" and points)
    house.kill("TERM")
    same(failures(house.log()), [], "what sensors failed at")
    shown = [f"{point} {air[point]['text']}" for point in ("air.temperature", "air.pressure")]
    return [f"{len(POINTS)} temperatures, three times each; {', '.join(shown)}; the clock says {clock}"]
