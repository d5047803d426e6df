"""hearthd in a guest, and the wires of a guest."""

import dataclasses
import json
import re

from machine import Guest, check, wait


class Daemon:
    """hearthd started by hand in a guest without systemd."""

    def __init__(self, guest: Guest, config: str):
        self.guest = guest
        self.configure(config)

    def configure(self, config: str):
        """Writes the configuration; a running daemon takes it in."""
        self.guest.put("/etc/hearthd/config.toml", config)

    def start(self, inputs=True):
        """Starts it and waits until it serves and, if they can be, has read its inputs."""
        self.guest.sh("hearthd --socket /run/hearthd.sock run --state /var/lib/hearthd >>/run/hearthd.log 2>&1 & echo $! >/run/hearthd.pid")
        wait("hearthd serves", lambda: self.guest.code("hearthd --socket /run/hearthd.sock status") == 0)
        if inputs:
            read = lambda point: point["kind"] != "input" or point["quality"] != "unknown"
            wait("the inputs are read", lambda: all(read(point) for point in self.points().values()))

    def kill(self, signal: str):
        """Sends it a signal and waits for its end."""
        self.guest.sh(f"kill -{signal} $(cat /run/hearthd.pid)")
        wait("hearthd has ended", lambda: self.guest.code("kill -0 $(cat /run/hearthd.pid)") != 0)

    def points(self) -> dict[str, dict]:
        """All points by name."""
        text = self.guest.sh("hearthd --socket /run/hearthd.sock status --json")
        return {point["id"]: point for point in json.loads(text)["points"]}

    def wait_point(self, name: str, **expected):
        """Waits until a point is as expected: `value=21.5, quality="good"`."""
        def looks():
            point = self.points()[name]
            return all(point[key] == value for key, value in expected.items())
        wait(f"{name} with {expected}", looks)

    def log(self) -> str:
        """Everything it logged."""
        return self.guest.sh("cat /run/hearthd.log")


class SimChip:
    """A chip of the kernel's gpio-sim in a guest."""

    def __init__(self, guest: Guest, name: str = "board", label: str = "pinctrl-bcm2835", lines: int = 28, path: str = "",
                 named: str = "yes"):
        self.guest = guest
        self.label = label
        # A chip that is there already is told by its path.
        self.path = path or guest.sh(f"sim-chip {name} {label} {lines} {named}").split()[-1]
        self.node = self.path.rsplit("/", 1)[1]

    def pull(self, line: int, level: bool):
        """Pulls a line from outside."""
        self.guest.sh(self._pull(line, level))

    def bounce(self, line: int, times: int):
        """Pulls a line down and up again so often, as fast as the guest can."""
        self.guest.sh(" && ".join([self._pull(line, False), self._pull(line, True)] * times))

    def _pull(self, line: int, level: bool) -> str:
        return f"echo pull-{'up' if level else 'down'} >{self.path}/sim_gpio{line}/pull"

    def levels(self, *lines: int) -> list[int]:
        """The electric levels of lines."""
        text = self.guest.sh("cat " + " ".join(f"{self.path}/sim_gpio{line}/value" for line in lines))
        return [int(word) for word in text.split()]


class BcmLines:
    """The GPIO registers of a Raspberry Pi up to the 4, read from outside the guest."""

    SELECT, LEVEL = 0x00, 0x34

    def __init__(self, guest: Guest, base: int = 0x3F20_0000):
        """The base of the registers is that of a Raspberry Pi 3, if nothing is said."""
        self.guest = guest
        self.base = base

    def levels(self, *lines: int) -> list[int]:
        """The electric levels of lines."""
        words = self.guest.registers(self.base + self.LEVEL, 2)
        return [words[line // 32] >> line % 32 & 1 for line in lines]

    def functions(self, *lines: int) -> list[int]:
        """What pins do: 0 is input, 1 output, 2 the alternate function 5."""
        words = self.guest.registers(self.base + self.SELECT, 6)
        return [words[line // 10] >> 3 * (line % 10) & 7 for line in lines]

    def are_outputs(self, *lines: int) -> list[bool]:
        """Whether the lines are driven."""
        return [function == 1 for function in self.functions(*lines)]


class ImxLines:
    """The first GPIO chip of an i.MX 8M, its registers read and its inputs driven from outside the guest."""

    label = "30200000.gpio"
    DEVICE = "/machine/soc/gpio1"
    # Data, direction, state of the wires.
    REGISTERS = 0x3020_0000

    def __init__(self, guest: Guest):
        self.guest = guest

    def pull(self, line: int, level: bool):
        """Drives an input from outside."""
        self.guest.set_line_in(self.DEVICE, line, level)

    def levels(self, *lines: int) -> list[int]:
        """The levels to which lines are driven."""
        data = self.guest.registers(self.REGISTERS, 1)[0]
        return [data >> line & 1 for line in lines]

    def are_outputs(self, *lines: int) -> list[bool]:
        """Whether the lines are driven."""
        direction = self.guest.registers(self.REGISTERS, 2)[1]
        return [bool(direction >> line & 1) for line in lines]


@dataclasses.dataclass(order=True)
class Seen:
    """Something that the kernel did."""

    # Seconds of the kernel's monotonic clock.
    at: float
    kind: str
    # What the kernel says of it.
    text: str
    # Who was running.
    process: int


class Trace:
    """What the kernel does with GPIO lines, with the times at which it did."""

    ROOT = "/sys/kernel/tracing"
    # For the kernel's command line.
    AT_BOOT = "trace_event=gpio:gpio_value trace_clock=mono"
    LINE = re.compile(r"-(\d+)\s.*\s(\d+\.\d+): (gpio_value|irq_handler_entry|signal_generate|sys_clone3?)(?::| ->) (.*)")
    # What is traced, and of that, which.
    EVENTS = {
        "gpio/gpio_value": "",
        "irq/irq_handler_entry": 'name ~ "hearthd*"',
        "signal/signal_generate": 'comm ~ "hearthd*"',
        # A new thread was refused: EAGAIN.
        "syscalls/sys_exit_clone": "ret == -11",
        "syscalls/sys_exit_clone3": "ret == -11",
    }

    def __init__(self, guest: Guest, since_boot=False):
        """Begins now, or takes what a kernel with the words `AT_BOOT` has seen."""
        self.guest = guest
        if since_boot:
            return
        root = self.ROOT
        events = "; ".join(f"echo '{which or 0}' >{root}/events/{event}/filter; echo 1 >{root}/events/{event}/enable"
                           for event, which in self.EVENTS.items())
        guest.sh(f"echo 0 >{root}/tracing_on; echo >{root}/trace; echo mono >{root}/trace_clock; "
                 f"echo 8192 >{root}/buffer_size_kb; {events}; echo 1 >{root}/tracing_on")

    def seen(self) -> list[Seen]:
        """Everything since the beginning or the last `clear`, the oldest first."""
        text = self.guest.sh(f"cat {self.ROOT}/trace")
        check("LOST" not in text, "the trace is incomplete")
        return sorted(Seen(float(at), kind, rest, int(process)) for process, at, kind, rest in self.LINE.findall(text))

    def driven(self) -> list[Seen]:
        """Levels to which lines were driven."""
        return [seen for seen in self.seen() if seen.kind == "gpio_value" and " set " in seen.text]

    def clear(self):
        """Forgets what was."""
        self.guest.sh(f"echo >{self.ROOT}/trace")


def percentile(values: list[float], share: float) -> float:
    """The value below which a share of all are."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
