"""A kernel that leaves released lines driven, as Raspberry Pi's do: `detect` says so, and `safe` is the answer there too."""

import json

from house import BcmLines, Daemon
from machine import same, wait
from releases import TRIXIE

ON = [TRIXIE]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "chardev"
[outputs.heater]
kind = "heater"
gpio = 17
[outputs.alarm]
kind = "siren"
gpio = 22
safe = "on"
"""
HEATER, ALARM = 17, 22


def run(boards):
    guest = boards.raspi3b(words="pinctrl_bcm2835.persist_gpio_outputs=1")
    wires = BcmLines(guest)
    same(json.loads(guest.sh("hearthd detect --json"))["released"], "stays_driven", "what it detects")
    house = Daemon(guest, CONFIG)
    house.start()
    guest.sh("hearthd --socket /run/hearthd.sock set heater on")
    wait("the heater is on", lambda: wires.levels(HEATER, ALARM) == [1, 0])
    house.kill("KILL")
    same((wires.are_outputs(HEATER, ALARM), wires.levels(HEATER, ALARM)), ([True, True], [1, 0]), "driven on by nobody")
    guest.sh("hearthd safe")
    same((wires.are_outputs(HEATER, ALARM), wires.levels(HEATER, ALARM)), ([True, True], [0, 1]), "after `hearthd safe`")
