"""`auto` on a kernel without /dev/gpiomem takes the character device; what released lines do on a Raspberry Pi 3."""

from house import BcmLines, Daemon
from machine import check, same, wait
from releases import BOOKWORM, TRIXIE

ON = [BOOKWORM, TRIXIE]

CONFIG = """
[hub]
id = "hut"
[outputs.lamp]
kind = "light"
gpio = "GPIO17"
active = "low"
at_start = "on"
safe = "on"
[outputs.pump]
kind = "switch"
gpio = 18
[outputs.taken]
kind = "light"
gpio = 23
"""


def run(boards):
    guest = boards.raspi3b()
    wires = BcmLines(guest)
    # Somebody else has a line: the kernel, for its files of old.
    guest.sh("cd /sys/class/gpio; chip=$(grep -l pinctrl-bcm2835 gpiochip*/label | cut -d/ -f1); echo $(($(cat $chip/base) + 23)) >export")
    house = Daemon(guest, CONFIG)
    house.start()
    wait("the lamp is off, the lines drive", lambda: wires.levels(17, 18) == [1, 0])
    same(wires.are_outputs(17, 18), [True, True], "claimed lines drive")
    guest.sh("hearthd --socket /run/hearthd.sock set lamp on && hearthd --socket /run/hearthd.sock set pump on")
    same(wires.levels(17, 18), [0, 1], "pins after commands")
    taken = house.points()["taken"]
    same(taken["quality"], "fault", "a line that somebody else has")
    check("sysfs" in taken["fault"], f"who has it: {taken['fault']}")
    house.kill("TERM")
    same(wires.are_outputs(17, 18), [False, False], "this kernel makes a released line an input")
    return [f"a busy line: {taken['fault']}"]
