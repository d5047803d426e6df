"""What ends the daemon under systemd, and how its outputs get safe and then as before."""

import dataclasses
import itertools

from house import Trace
from machine import check, same, wait
from unit import Unit

SAFE = {"lamp": 0, "pump": 0, "alarm": 1}


@dataclasses.dataclass
class End:
    """A way to end it."""

    name: str
    # A line of shell; $PID is the daemon's process.
    cause: str
    # What the kernel says at that moment.
    kind: str
    text: str
    # How long systemd may take to act on it.
    patience_s: float = 60


ENDS = [
    End("SIGKILL", "kill -KILL $PID", "signal_generate", "sig=9 "),
    # This one it still hears.
    End("SIGABRT", "kill -ABRT $PID", "signal_generate", "sig=6 "),
    # As after a fault in its own code: not even a panic is left to it. (The first SIGSEGV that another sends, Rust swallows.)
    End("SIGILL", "kill -ILL $PID", "signal_generate", "sig=4 "),
    # WatchdogSec= is 30 s.
    End("SIGSTOP", "kill -STOP $PID", "signal_generate", "sig=19 ", 120),
]


def play(unit: Unit, ends: list[End]) -> list[str]:
    """Ends the daemon in each way; how long it took."""
    return [play_one(unit, end) for end in ends]


def play_one(unit: Unit, end: End) -> str:
    unit.start_state()
    before = int(unit.property("MainPID"))
    trace = Trace(unit.guest)
    unit.guest.sh(f"PID={before}; {end.cause}", good=False)
    wait(f"a new process after {end.name}", lambda: restarted(unit, before), end.patience_s, 0.5)
    # The command and the rule are as before; the broker is told so.
    unit.wait_levels(lamp=1, pump=1, alarm=0)
    wait("the broker knows", lambda: unit.broker("availability") == "online" and unit.broker("lamp/state") == "ON")
    start = next(seen.at for seen in trace.seen() if seen.kind.startswith(end.kind) and end.text in seen.text)
    rows = [row for row in unit.driven(trace) if row[0] > start]
    # Who drove, one after another: the daemon itself if it still could, `hearthd safe`, and the next daemon.
    *safe, after = [list(group) for _, group in itertools.groupby(rows, lambda row: row[1])]
    same(len(safe), 2 if end.name == "SIGABRT" else 1, f"processes that drove the safe state after {end.name}")
    for group in safe:
        same({name: on for _, _, name, on in group}, SAFE, f"the safe state after {end.name}")
    if end.name == "SIGABRT":
        same(safe[0][0][1], before, "the first to drive the safe state after SIGABRT")
    # Lines are claimed off before on, each at its level of before.
    # After an orderly end, its level of before is the safe one.
    first = 0 if end.name == "SIGABRT" else 1
    same(next(on for _, _, name, on in after if name == "lamp"), first, "what the next daemon drives the lamp to first")
    restored = next(at for at, _, name, on in after if (name, on) == ("pump", 1))
    return f"{end.name:8} safe after {safe[0][-1][0] - start:7.3f} s, as before after {restored - start:5.1f} s"


def restarted(unit, before) -> bool:
    return unit.property("SubState") == "running" and int(unit.property("MainPID")) not in (0, before)
