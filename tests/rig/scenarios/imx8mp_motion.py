"""1,000 edges from outside, by the kernel's GPIO interrupts and the engine, to a relay: how long, and none lost."""

from house import Daemon, Trace, percentile
from machine import check, same, wait

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
[outputs.lamp]
kind = "light"
gpio = 11
active = "low"
[[rules]]
name = "Light for whoever comes"
while = "motion is active"
set = { lamp = "on" }
"""
EDGES = 1000
CHIP = "/machine/soc/gpio1"
# Data, direction, state of the wires.
REGISTERS = 0x3020_0000


def run(boards):
    guest = boards.imx8mp()
    house = Daemon(guest, CONFIG)
    house.start()
    wait("the lamp's line drives high", lambda: guest.registers(REGISTERS, 2)[1] >> 11 & 1 == 1)
    same(guest.registers(REGISTERS, 1)[0] >> 11 & 1, 1, "the lamp's line")
    trace = Trace(guest)
    for edge in range(EDGES):
        on = edge % 2 == 0
        guest.set_line_in(CHIP, 4, on)
        wait(f"the lamp follows edge {edge}", lambda: guest.registers(REGISTERS, 1)[0] >> 11 & 1 == int(not on), 5, 0.002)
    seen = [seen for seen in trace.seen() if seen.kind == "irq_handler_entry" or " set " in seen.text]
    same([one.kind for one in seen], ["irq_handler_entry", "gpio_value"] * EDGES, "what the kernel saw")
    times = [(seen[i + 1].at - seen[i].at) * 1000 for i in range(0, len(seen), 2)]

    # As fast as they come: some pass unseen between two looks, and the end is right.
    for edge in range(200):
        guest.set_line_in(CHIP, 4, edge % 2 == 0)
    guest.set_line_in(CHIP, 4, True)
    wait("the lamp is on after a storm", lambda: guest.registers(REGISTERS, 1)[0] >> 11 & 1 == 0, 10)
    house.kill("TERM")
    check("warning" not in house.log(), house.log())
    return [f"{EDGES} edges, {len(times)} changes of the relay's line; kernel's edge to line: "
            f"p50 {percentile(times, 0.5):.2f} ms, p99 {percentile(times, 0.99):.2f} ms, longest {max(times):.1f} ms (emulated)"]
