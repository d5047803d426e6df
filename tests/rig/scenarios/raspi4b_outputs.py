"""A Raspberry Pi 4: rppal at its registers, then the character device; `auto` finds the chip of its header."""

import json

from house import BcmLines, Daemon
from machine import check, same, wait
from releases import TRIXIE

ON = [TRIXIE]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "BACKEND"
[outputs.lamp]
kind = "light"
gpio = 17
active = "low"
[outputs.alarm]
kind = "siren"
gpio = 22
safe = "on"
"""
LAMP, ALARM = 17, 22
REGISTERS = 0xFE20_0000


def run(boards):
    guest = boards.raspi4b()
    wires = BcmLines(guest, REGISTERS)
    found = json.loads(guest.sh("hearthd detect --json"))
    check(found["board"].startswith("Raspberry Pi 4 Model B"), found["board"])
    check("pinctrl-bcm2711" in found["gpio_numbers"], found["gpio_numbers"])
    # Without /dev/gpiomem only root reaches the registers.
    same(found["backend"], "chardev", "what `auto` comes to")
    for backend, stay in [("rppal", True), ("auto", False)]:
        house = Daemon(guest, CONFIG.replace("BACKEND", backend))
        house.start()
        wait(f"{backend}: wires at the start", lambda: wires.levels(LAMP, ALARM) == [1, 0])
        same(wires.are_outputs(LAMP, ALARM), [True, True], f"{backend}: lines drive")
        guest.sh("hearthd --socket /run/hearthd.sock set lamp on")
        wait(f"{backend}: the lamp is on", lambda: wires.levels(LAMP) == [0])
        # Or it would be on again after the next start.
        guest.sh("hearthd --socket /run/hearthd.sock set lamp off")
        house.kill("TERM")
        same(wires.are_outputs(LAMP, ALARM), [stay, stay], f"{backend}: lines drive after the end")
    return [found["gpio_numbers"]]
