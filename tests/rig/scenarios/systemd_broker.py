"""`hearthd broker`: mosquitto with passwords, restarted; hearthd finds it by itself; taken back again."""

import re

from machine import check, same, wait
from releases import BOOKWORM, TRIXIE
from unit import CONFIG, Unit

ON = [BOOKWORM, TRIXIE]


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    unit.install_package(CONFIG.replace('[mqtt]\nurl = "mqtt://localhost"\n', ""))
    told = guest.sh("hearthd broker --write", timeout_s=120)
    password = re.search(r"password\s+(\w{24})", told)
    check(password is not None, told)
    same(guest.sh("systemctl is-active mosquitto").strip(), "active", "the broker")
    same(guest.sh("stat -c %U:%a /etc/mosquitto/hearthd.passwords").strip(), "mosquitto:600", "the list of passwords")
    same(guest.sh("stat -c %U:%G:%a /etc/hearthd/mqtt-password").strip(), "root:hearthd:640", "hearthd's password")

    # The running service reads the changed file by itself, as its own user.
    app = f"-u apps -P {password.group(1)}"
    state = lambda: guest.sh(f"mosquitto_sub {app} -W 5 -C 1 -t hearthd/hut/lamp/state", good=False).strip()
    wait("hearthd is on the broker", lambda: state() == "OFF", 120)
    guest.sh(f"mosquitto_pub {app} -t hearthd/hut/lamp/set -m ON")
    unit.wait_levels(lamp=1)
    check(guest.code("mosquitto_pub -t hearthd/hut/lamp/set -m OFF") != 0, "somebody entered without a password")

    # Port 1883 of 0.0.0.0, as the kernel writes it.
    is_open = lambda: "00000000:075B" in guest.sh("cat /proc/net/tcp")
    check(not is_open(), "it listens on the network")
    guest.sh("hearthd broker --network", timeout_s=120)
    wait("it listens on the network", is_open, 60)

    check("nothing was changed" in guest.sh("hearthd broker --write", timeout_s=120), "the second run changed something")
    guest.sh("hearthd broker --remove --write", timeout_s=120)
    same(guest.code("ls /etc/mosquitto/hearthd.* /etc/mosquitto/conf.d/hearthd.conf"), 2, "its files after --remove")
    same(guest.sh("systemctl is-active mosquitto").strip(), "active", "the broker afterwards")
    return ["with passwords and back"]
