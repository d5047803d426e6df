"""A Raspberry Pi 5 whose header has no chip: no line of the processor is driven in its place, until the header's comes."""

from house import Daemon, Trace
from machine import check, same, wait
from pi5 import OF_THE_PROCESSOR, Pi5
from releases import TRIXIE

ON = [TRIXIE]

CONFIG = """
[hub]
id = "hut"
[outputs.lamp]
kind = "light"
gpio = 17
[outputs.alarm]
kind = "siren"
gpio = 22
safe = "on"
[inputs.motion]
kind = "motion"
gpio = 4
"""
LAMP, ALARM = 17, 22


def run(boards):
    guest = boards.pi5()
    board = Pi5(guest)
    trace = Trace(guest)
    house = Daemon(guest, CONFIG)
    house.start(inputs=False)
    points = wait("all have a fault", lambda: (points := house.points()) and
                  all(points[name]["quality"] == "fault" for name in ("lamp", "alarm", "motion")) and points)
    fault = points["lamp"]["fault"]
    check("pinctrl-rp1" in fault, f"which chip is missing: {fault}")
    check(guest.code("hearthd safe") != 0, "`hearthd safe` drove nothing and says that it did")
    same(trace.driven(), [], "lines driven in place of the header's")
    lines = " ".join(f"{chip.path}/sim_gpio*/value" for chip in board.soc)
    same(set(guest.sh(f"cat {lines}").split()), {"0"}, f"the {sum(OF_THE_PROCESSOR.values())} lines of the processor")

    header = board.add_header()
    wait("its chip is there: both are good", lambda: all(house.points()[name]["quality"] == "good" for name in ("lamp", "alarm")), 180)
    guest.sh("hearthd --socket /run/hearthd.sock set lamp on")
    wait("the lamp is on", lambda: header.levels(LAMP, ALARM) == [1, 0])
    house.kill("TERM")
    same([int(seen.text.split()[-1]) for seen in trace.driven()][-2:], [0, 1], "the safe state at the end")
    return [fault]
