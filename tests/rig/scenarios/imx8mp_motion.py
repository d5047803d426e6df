"""1,000 edges from outside, by the kernel's GPIO interrupts and the engine, to a relay: how long, and none lost."""

from house import Daemon, ImxLines, Trace, percentile
from machine import same, wait
from releases import BOOKWORM

ON = [BOOKWORM]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "chardev"
gpiochip = "gpiochip0"
[inputs.motion]
kind = "motion"
gpio = 4
debounce = "0s"
max_rate = 1000
[outputs.lamp]
kind = "light"
gpio = 11
active = "low"
max_rate = 100
[[rules]]
name = "Light for whoever comes"
while = "motion is active"
set = { lamp = "on" }
"""
EDGES = 1000
MOTION, LAMP = 4, 11


def run(boards):
    guest = boards.imx8mp()
    wires = ImxLines(guest)
    house = Daemon(guest, CONFIG)
    house.start()
    wait("the lamp's line drives high", lambda: wires.are_outputs(LAMP) == [True])
    same(wires.levels(LAMP), [1], "the lamp's line")
    trace = Trace(guest)
    for edge in range(EDGES):
        on = edge % 2 == 0
        wires.pull(MOTION, on)
        wait(f"the lamp follows edge {edge}", lambda: wires.levels(LAMP) == [int(not on)], 30, 0.002)
    seen = [seen for seen in trace.seen() if seen.kind == "irq_handler_entry" or " set " in seen.text]
    same([one.kind for one in seen], ["irq_handler_entry", "gpio_value"] * EDGES, "what the kernel saw")
    same([line for line in house.log().splitlines() if "warning" in line], [], "warnings")
    times = [(seen[i + 1].at - seen[i].at) * 1000 for i in range(0, len(seen), 2)]

    # As fast as they come: some may pass unseen, which is told, and the end is right.
    for edge in range(200):
        wires.pull(MOTION, edge % 2 == 0)
    wires.pull(MOTION, True)
    wait("the lamp is on after a storm", lambda: wires.levels(LAMP) == [0])
    house.kill("TERM")
    return [f"{EDGES} edges, {len(times)} changes of the relay's line; kernel's edge to line: "
            f"p50 {percentile(times, 0.5):.2f} ms, p99 {percentile(times, 0.99):.2f} ms, longest {max(times):.1f} ms (emulated)"]
