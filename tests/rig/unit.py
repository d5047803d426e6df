"""hearthd as a unit of the guest with systemd."""

from house import SimChip
from machine import Guest, check, wait

CONFIG = """
[hub]
id = "hut"
[mqtt]
url = "mqtt://localhost"
[hardware]
backend = "chardev"
[outputs.lamp]
kind = "light"
gpio = 17
active = "low"
[outputs.pump]
kind = "switch"
gpio = 22
[outputs.alarm]
kind = "siren"
gpio = 23
safe = "on"
[inputs.motion]
kind = "motion"
gpio = 4
debounce = "10ms"
[[rules]]
name = "Water while somebody is there"
while = "motion is active"
set = { pump = "on" }
"""
LINES = {"lamp": 17, "pump": 22, "alarm": 23, "motion": 4}
ACTIVE_LOW = {"lamp"}
# More than what may be lost in a power cut.
KEPT_AFTER_S = 10


class Unit:
    """The service, the broker beside it, and wires: those of the disk's simulated chip, or others."""

    def __init__(self, guest: Guest, wires=None):
        self.guest = guest
        if wires is None:
            wires = SimChip(guest, path=guest.sh("cat /run/sim-chip").strip())
            # The resistors of the relay boards: off.
            wires.pull(LINES["lamp"], True)
        self.wires = wires

    def install(self, config: str = CONFIG):
        """As a user does it: describe the house, run the installer."""
        self.guest.sh("mkdir -p /etc/hearthd")
        self.configure(config)
        self.guest.sh("cd /root/hearthd && scripts/install --binary ./hearthd", timeout_s=120)

    def install_package(self, config: str = CONFIG) -> str:
        """As a user does it: install the package, describe the house, start the service. Returns what the installation told."""
        told = self.guest.sh("dpkg --install /root/hearthd/hearthd.deb", timeout_s=300)
        check(self.property("ActiveState") == "inactive", "the service runs beside the example")
        self.configure(config)
        self.guest.sh("hearthd check && systemctl enable --now hearthd", timeout_s=120)
        return told

    def configure(self, config: str):
        """Writes the configuration."""
        self.guest.put("/etc/hearthd/config.toml", config)
        self.guest.sh("chmod 644 /etc/hearthd/config.toml")

    def property(self, name: str) -> str:
        """What systemd knows of the unit."""
        return self.guest.sh(f"systemctl show hearthd --property={name} --value").strip()

    def journal(self) -> str:
        """What the unit logged since the guest started."""
        return self.guest.sh("journalctl --boot --unit=hearthd --output=cat --no-pager")

    def pull(self, name: str, level: bool):
        """Pulls a wire from outside."""
        self.wires.pull(LINES[name], level)

    def levels(self) -> dict[str, int]:
        """Which outputs are on, by their wires."""
        outputs = [name for name in LINES if name != "motion"]
        levels = self.wires.levels(*(LINES[name] for name in outputs))
        return {name: level ^ (name in ACTIVE_LOW) for name, level in zip(outputs, levels)}

    def wait_levels(self, **expected: int):
        """Waits until some outputs are so."""
        wait(f"outputs {expected}", lambda: expected.items() <= self.levels().items())

    def broker(self, topic: str) -> str:
        """A retained message."""
        return self.guest.sh(f"mosquitto_sub -W 20 -C 1 -t hearthd/hut/{topic}", good=False).strip()

    def command(self, output: str, payload: str):
        """A command by MQTT. It is not retained: before the daemon listens, nobody would hear it."""
        wait("the daemon listens to the broker", lambda: self.broker("availability") == "online")
        self.guest.sh(f"mosquitto_pub -t hearthd/hut/{output}/set -m {payload}")

    def start_state(self):
        """Puts the house into the state from which ends are tried: the lamp on by a command, the pump by a rule."""
        self.command("lamp", "ON")
        self.pull("motion", True)
        self.wait_levels(lamp=1, pump=1, alarm=0)

    def driven(self, trace) -> list[tuple[float, int, str, int]]:
        """Time, process, output and whether it is on, of all that the kernel was told."""
        base = int(self.guest.sh(f"cd /sys/class/gpio && cat $(dirname $(grep -lx {self.wires.label} gpiochip*/label))/base"))
        names = {base + line: name for name, line in LINES.items()}
        rows = []
        for seen in trace.driven():
            line, _, level = seen.text.split()
            name = names[int(line)]
            rows.append((seen.at, seen.process, name, int(level) ^ (name in ACTIVE_LOW)))
        return rows
