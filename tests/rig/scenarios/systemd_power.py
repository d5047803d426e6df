"""Reboot and power cut: the state is restored; boot without network and broker; the broker comes later."""

import time

from boards import DISK
from machine import check, same, wait
from releases import BOOKWORM
from unit import KEPT_AFTER_S, Unit

ON = [BOOKWORM]


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    unit.install()
    unit.command("lamp", "ON")
    unit.wait_levels(lamp=1)
    guest.sh("(sleep 0.5; systemctl reboot) >/dev/null 2>&1 &")
    guest.wait_for_agent(600)
    unit = Unit(guest)
    restored(unit, "the reboot")
    before = guest.sh("journalctl --boot=-1 --unit=hearthd --output=cat --no-pager").splitlines()
    check("stopped" in before, f"it did not end in order before the reboot: {before[-5:]}")

    # At the next boot there is no broker. On the disk, not only said: what systemctl removes is not synced by itself.
    guest.sh("systemctl disable mosquitto && sync")
    unit.command("lamp", "OFF")
    unit.command("pump", "ON")
    unit.wait_levels(lamp=0, pump=1)
    time.sleep(KEPT_AFTER_S)
    guest.power_cut()
    guest = boards.systemd(disk=boards.folder / DISK)
    unit = Unit(guest)
    wait("the service", lambda: unit.property("ActiveState") == "active", 300)
    unit.wait_levels(lamp=0, pump=1, alarm=0)
    same(guest.code("systemctl is-active --quiet mosquitto"), 3, "the broker")
    up = int(unit.property("ActiveEnterTimestampMonotonic")) / 1e6
    # It works without a broker, and finds it when it comes.
    unit.pull("motion", True)
    guest.sh("hearthd set lamp on")
    unit.wait_levels(lamp=1)
    guest.sh("systemctl start mosquitto")
    wait("the broker is told", lambda: unit.broker("availability") == "online" and unit.broker("lamp/state") == "ON", 300)
    return [f"power cut: as before {up:.1f} s after the kernel started"]


def restored(unit, after: str):
    wait(f"the service after {after}", lambda: unit.property("ActiveState") == "active", 300)
    unit.wait_levels(lamp=1, pump=0, alarm=0)
    wait("the broker is told", lambda: unit.broker("lamp/state") == "ON" and unit.broker("availability") == "online")
