"""The .deb: installed beside nothing, upgraded while it runs, refused files left alone, removed, purged."""

from house import Trace
from machine import check, same, wait
from releases import BOOKWORM, TRIXIE
from unit import CONFIG, Unit

ON = [BOOKWORM, TRIXIE]


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    text = unit.install_package()
    check("still the example" in text, text)
    same(unit.property("NRestarts"), "0", "restarts")
    unit.start_state()
    before = unit.property("MainPID")

    # The same package with a later version.
    guest.sh("cd /root/hearthd && dpkg-deb --raw-extract hearthd.deb next && sed -i 's/^Version: .*/&+later/' next/DEBIAN/control"
             " && dpkg-deb -Znone --build next later.deb", timeout_s=180)
    trace = Trace(guest)
    guest.sh("dpkg --install --force-confdef /root/hearthd/later.deb", timeout_s=180)
    wait("another process", lambda: unit.property("SubState") == "running" and unit.property("MainPID") != before)
    unit.wait_levels(lamp=1, pump=1, alarm=0)
    rows = unit.driven(trace)
    moved = [name for _, _, name, on in rows if (name, on) == ("lamp", 0)]
    gap = max(row[0] for row in rows) - min(row[0] for row in rows)
    check("+later" in guest.sh("dpkg-query --show hearthd"), "the later version")
    same(guest.sh("cat /etc/hearthd/config.toml").strip(), CONFIG.strip(), "the configuration after the upgrade")
    same(guest.sh("stat -c %U:%G /etc/hearthd/config.toml").strip(), "root:root", "its owner, as the user left it")

    # A file that this version refuses: the upgrade goes through, and the running service goes on.
    before = unit.property("MainPID")
    unit.configure(CONFIG.replace("gpio = 22", 'gpio = "twenty-two'))
    text = guest.sh("dpkg --install --force-confdef /root/hearthd/later.deb 2>&1", timeout_s=180)
    check("refuses" in text, text)
    same(unit.property("MainPID"), before, "the process with a refused file")
    unit.wait_levels(lamp=1, pump=1)
    unit.configure(CONFIG)

    guest.sh("dpkg --remove hearthd", timeout_s=180)
    same(guest.code("test -e /usr/bin/hearthd"), 1, "the program after the removal")
    same(guest.code("test -e /etc/hearthd/config.toml"), 0, "the configuration after the removal")
    unit.wait_levels(lamp=0, pump=0)
    guest.sh("dpkg --purge hearthd", timeout_s=180)
    same(guest.code("test -e /etc/hearthd -o -e /var/lib/hearthd"), 1, "folders after the purge")
    return [f"upgrade: safe and as before again within {gap:.1f} s (the lamp was {'' if moved else 'not '}switched off)"]
