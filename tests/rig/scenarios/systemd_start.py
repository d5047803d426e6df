"""scripts/install as a real unit: start, READY, commands over the broker, reload of a good and a broken file, security."""

import re

from machine import check, same, wait
from releases import BOOKWORM, TRIXIE
from unit import CONFIG, Unit

ON = [BOOKWORM, TRIXIE]


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    unit.install()
    same(unit.property("ActiveState"), "active", "the unit")
    same(unit.property("Type"), "notify", "the unit's type")
    check("3 outputs" in unit.property("StatusText"), unit.property("StatusText"))
    check("chardev" in unit.property("StatusText"), unit.property("StatusText"))
    same(unit.levels(), {"lamp": 0, "pump": 0, "alarm": 0}, "outputs after the start")

    # A command by MQTT, the state back on MQTT, and the wire.
    same(unit.broker("availability"), "online", "availability")
    unit.command("lamp", "ON")
    unit.wait_levels(lamp=1)
    wait("the state on MQTT", lambda: unit.broker("lamp/state") == "ON")
    unit.pull("motion", True)
    unit.wait_levels(pump=1)
    unit.pull("motion", False)
    unit.wait_levels(pump=0)

    # A good change, taken in without a restart: nothing that was driven moves.
    pid = unit.property("MainPID")
    unit.configure(CONFIG.replace('set = { pump = "on" }', 'set = { alarm = "on" }'))
    guest.sh("systemctl reload hearthd")
    unit.pull("motion", True)
    unit.wait_levels(alarm=1, pump=0, lamp=1)
    same(unit.property("MainPID"), pid, "the process after the reload")
    # A broken one changes nothing, and the log says where it is wrong.
    unit.configure(CONFIG.replace("gpio = 22", 'gpio = "twenty-two"').replace("motion is active", "motion is alive"))
    guest.sh("systemctl reload hearthd")
    wait("the log says what is wrong", lambda: "config.toml:" in unit.journal() and "alive" in unit.journal())
    unit.pull("motion", False)
    unit.wait_levels(alarm=0, lamp=1)
    same(unit.property("ActiveState"), "active", "the unit with a broken file")
    unit.configure(CONFIG)
    guest.sh("systemctl reload hearthd")

    guest.sh("systemctl stop hearthd")
    same(unit.property("Result"), "success", "how it ended")
    same(unit.broker("availability"), "offline", "availability after the end")
    score = re.search(r"Overall exposure level for hearthd.service: ([0-9.]+)", guest.sh("systemd-analyze security hearthd 2>&1"))
    check(float(score.group(1)) < 2.5, f"systemd-analyze security: {score.group(1)}")
    return [guest.sh("systemd-analyze").splitlines()[0], f"systemd-analyze security: {score.group(1)}"]
