"""The .deb on a board with GPIO of its own: SIGKILL, SIGABRT, a panic, SIGSTOP and a power cut, seen in its registers."""

import time

import ends
from boards import DISK
from house import ImxLines, Trace
from machine import same, wait
from releases import BOOKWORM
from unit import CONFIG, KEPT_AFTER_S, LINES, Unit

ON = [BOOKWORM]


def run(boards):
    guest = boards.imx8mp_debian()
    unit = Unit(guest, ImxLines(guest))
    unit.install_package(CONFIG.replace("[hardware]", '[hardware]\ngpiochip = "gpiochip0"'))
    told = ends.play(unit, ends.ENDS)

    # The rule lets go first: what is on then is on by the command.
    unit.pull("motion", False)
    unit.wait_levels(pump=0)
    unit.command("pump", "ON")
    unit.wait_levels(lamp=1, pump=1, alarm=0)
    time.sleep(KEPT_AFTER_S)
    guest.power_cut()
    guest = boards.imx8mp_debian(disk=boards.folder / DISK)
    unit = Unit(guest, ImxLines(guest))
    wait("the service", lambda: unit.property("ActiveState") == "active", 300)
    unit.wait_levels(lamp=1, pump=1, alarm=0)
    outputs = [LINES[name] for name in ("lamp", "pump", "alarm")]
    same(unit.wires.are_outputs(*outputs), [True, True, True], "lines after the power cut")
    # Since the kernel started, nobody but the daemon had them.
    rows = unit.driven(Trace(guest, since_boot=True))
    same({process for _, process, _, _ in rows}, {int(unit.property("MainPID"))}, "who drove the lines")
    same({name: on for _, _, name, on in rows}, {"lamp": 1, "pump": 1, "alarm": 0}, "the outputs as before")
    return [*told, f"power cut: inputs until {rows[0][0]:.1f} s after the kernel started, as before at {rows[-1][0]:.1f} s"]
