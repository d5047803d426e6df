"""A missing group and a device without permission: said plainly, and healed without a reinstallation."""

from machine import check, wait
from releases import BOOKWORM
from unit import Unit

ON = [BOOKWORM]


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    unit.install()
    # The group is gone: the unit does not start, and systemd says why.
    guest.sh("systemctl stop hearthd && groupdel gpio")
    check(guest.code("systemctl start hearthd") != 0, "the unit started without its group")
    wait("systemd says why", lambda: "status=216/GROUP" in unit.journal())
    guest.sh("systemctl stop hearthd")

    # The group is there, but the devices are root's alone.
    guest.sh("groupadd --system gpio && chown root:root /dev/gpiochip* && chmod 600 /dev/gpiochip*")
    guest.sh("systemctl start hearthd")
    wait("the fault is told", lambda: "usermod -aG gpio hearthd" in unit.journal())
    fault = next(line for line in unit.journal().splitlines() if "no permission" in line)
    wait("all four are in fault", lambda: guest.sh("hearthd status").count(" fault: ") == 4)
    # The installer's rule for udev gives them back; the daemon tries again by itself.
    guest.sh("udevadm trigger --subsystem-match=gpio --action=add && udevadm settle")
    unit.pull("motion", True)
    wait("all is well", lambda: " fault: " not in guest.sh("hearthd status"), 120)
    unit.wait_levels(pump=1)
    return [fault]
