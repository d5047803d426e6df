"""One house, one list of inputs: the same outputs on simulated wires, on gpio-sim and on a Raspberry Pi 3 by rppal."""

import json
import pathlib
import subprocess
import tempfile

from boards import SIM
from house import BcmLines, Daemon, SimChip
from machine import same, wait
from releases import BOOKWORM

ON = [BOOKWORM]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "BACKEND"
[inputs.motion]
kind = "motion"
gpio = 4
debounce = "5ms"
[inputs.leak]
kind = "leak"
gpio = 5
debounce = "5ms"
[inputs.key]
kind = "motion"
gpio = 6
debounce = "5ms"
[outputs.lamp]
kind = "light"
gpio = 17
active = "low"
[outputs.slow]
kind = "fan"
gpio = 22
active = "low"
interlock = "fan"
interlock_wait = "200ms"
[outputs.fast]
kind = "fan"
gpio = 23
active = "low"
interlock = "fan"
[outputs.pump]
kind = "switch"
gpio = 24
safe = "on"
[[rules]]
name = "Fast against the water"
while = "leak is active"
set = { fast = "on", slow = "off" }
[[rules]]
name = "Somebody is there"
while = "motion is active"
set = { lamp = "on", slow = "on" }
[[rules]]
name = "By the key and alone"
while = "key is active and not (motion is active)"
set = { pump = "on" }
"""
INPUTS = {"motion": 4, "leak": 5, "key": 6}
OUTPUTS = {"lamp": 17, "slow": 22, "fast": 23, "pump": 24}
ACTIVE_LOW = {"lamp", "slow", "fast"}
# An input and its level, then the outputs that are on.
STEPS = [
    (("motion", 1), {"lamp", "slow"}),
    (("leak", 1), {"lamp", "fast"}),
    (("motion", 0), {"fast"}),
    (("key", 1), {"fast", "pump"}),
    (("motion", 1), {"lamp", "fast"}),
    (("leak", 0), {"lamp", "slow"}),
    (("key", 0), {"lamp", "slow"}),
    (("motion", 0), set()),
    (("key", 1), {"pump"}),
]
SAFE = {"pump"}


def play(place: str, set_input, outputs_on, stop) -> list[set]:
    """Goes through the list at one place."""
    wait(f"{place}: everything is off", lambda: outputs_on() == set())
    for (name, level), expected in STEPS:
        set_input(name, level)
        wait(f"{place}: after {name} {level}: {sorted(expected)}", lambda: outputs_on() == expected)
    stop()


def wires_on(wires) -> set:
    levels = wires.levels(*OUTPUTS.values())
    return {name for name, level in zip(OUTPUTS, levels) if level != (name in ACTIVE_LOW)}


def run(boards):
    simulated(boards)
    guest = boards.virt()
    chip = SimChip(guest)
    for name in ACTIVE_LOW:
        chip.pull(OUTPUTS[name], True)
    house = Daemon(guest, CONFIG.replace("BACKEND", "chardev"))
    house.start()
    play("gpio-sim", lambda name, level: chip.pull(INPUTS[name], bool(level)), lambda: wires_on(chip),
         lambda: house.kill("TERM"))
    # A released line of this chip goes where it is pulled, not where it was driven.
    same(wires_on(chip), set(), "gpio-sim at the end")
    guest.power_cut()

    guest = boards.raspi3b(built=SIM)
    chip = SimChip(guest)
    guest.sh(f"mv /dev/gpiochip0 /dev/gpiochip-real && mv /dev/{chip.node} /dev/gpiochip0")
    wires = BcmLines(guest)
    house = Daemon(guest, CONFIG.replace("BACKEND", "rppal"))
    house.start()
    play("raspi3b", lambda name, level: chip.pull(INPUTS[name], bool(level)), lambda: wires_on(wires),
         lambda: house.kill("TERM"))
    same(wires_on(wires), SAFE, "raspi3b at the end")
    return [f"{len(STEPS)} steps, {len(OUTPUTS)} outputs, three places: the same"]


def simulated(boards):
    """On this machine, without wires."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rig-"))
    (folder / "config.toml").write_text(CONFIG.replace("BACKEND", "simulated"))
    command = [boards.programs.native, "--config", folder / "config.toml", "--socket", folder / "socket"]
    with open(boards.folder / "simulated.log", "w") as log:
        daemon = subprocess.Popen([*command, "run", "--state", folder / "state"], stdout=log, stderr=log)

    def outputs_on():
        result = subprocess.run([*command, "status", "--json"], capture_output=True, text=True)
        if result.returncode:
            return None
        return {point["id"] for point in json.loads(result.stdout)["points"] if point["text"] == "ON"} & set(OUTPUTS)

    def set_input(name, level):
        subprocess.run([*command, "set", name, "ON" if level else "OFF"], check=True, capture_output=True)

    def stop():
        daemon.terminate()
        same(daemon.wait(60), 0, "the exit code of the simulated house")

    try:
        play("simulated", set_input, outputs_on, stop)
    finally:
        daemon.kill()
