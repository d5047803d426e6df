"""SIGKILL, SIGABRT (it stands for a panic in a thread that cannot be caught) and SIGSTOP: safe and restored, after which time."""

from house import Trace
from machine import check, same, wait
from unit import Unit

# What ends the daemon; how many seconds systemd may take to act on it.
ENDS = {"KILL": 30, "ABRT": 30, "STOP": 90}


def run(boards):
    guest = boards.systemd()
    unit = Unit(guest)
    unit.install()
    table = []
    for signal, patience_s in ENDS.items():
        unit.start_state()
        guest.sh("sleep 1")
        before = int(unit.property("MainPID"))
        trace = Trace(guest)
        guest.sh(f"kill -{signal} {before}")
        wait(f"a new process after SIG{signal}", lambda: restarted(unit, before), patience_s, 0.5)
        # The command and the rule are as before; the broker is told so.
        unit.wait_levels(lamp=1, pump=1, alarm=0)
        wait("the broker knows", lambda: unit.broker("availability") == "online" and unit.broker("lamp/state") == "ON")
        number = {"KILL": "sig=9 ", "ABRT": "sig=6 ", "STOP": "sig=19 "}[signal]
        start = next(seen.at for seen in trace.seen() if seen.kind == "signal_generate" and number in seen.text)
        # Three processes: the one that ends, `hearthd safe`, and the next daemon.
        rows = [row for row in unit.driven(trace) if row[0] > start and row[1] != before]
        safe = [row for row in rows if row[1] == rows[0][1]]
        same({name: on for _, _, name, on in safe}, {"lamp": 0, "pump": 0, "alarm": 1}, f"the safe state after SIG{signal}")
        after = rows[len(safe):]
        same(after[0][2:], ("lamp", 1), "the first line that the next daemon drives")
        last = next(at for at, _, name, on in after if (name, on) == ("pump", 1))
        check(safe[-1][0] < after[0][0], "safe before restored")
        table.append(f"SIG{signal:5} safe after {safe[-1][0] - start:5.1f} s, as before after {last - start:5.1f} s")
    log = unit.journal()
    check("panicked" not in log, log)
    return table


def restarted(unit, before) -> bool:
    return unit.property("SubState") == "running" and int(unit.property("MainPID")) not in (0, before)
