"""gpio-sim: names, chips, labels, active low, pulls, debounce, busy lines, levels at claim and at the end."""

from house import Daemon, SimChip, Trace
from machine import check, same, wait
from releases import BOOKWORM, TRIXIE

ON = [BOOKWORM, TRIXIE]

CONFIG = """
[hub]
id = "hut"
[hardware]
backend = "chardev"
[outputs.by_name]
kind = "light"
gpio = "GPIO17"
active = "low"
at_start = "on"
[outputs.by_number]
kind = "light"
gpio = 22
[outputs.by_label]
kind = "switch"
gpio = "spare/3"
safe = "on"
[outputs.taken]
kind = "switch"
gpio = 23
[inputs.motion]
kind = "motion"
gpio = 4
debounce = "0s"
[inputs.contact]
kind = "contact"
gpio = 5
debounce = "300ms"
[inputs.window]
kind = "window"
gpio = 6
[inputs.leak]
kind = "leak"
gpio = 7
pull = "down"
[[rules]]
name = "Light for whoever comes"
while = "motion is active"
set = { by_name = "on", by_number = "on" }
[[rules]]
name = "Contact"
while = "contact is active"
set = { by_label = "on" }
"""


def run(boards):
    guest = boards.virt()
    spare = SimChip(guest, "spare", "spare", 4)
    chip = SimChip(guest)
    # What boards of relays that are active low do to a wire that nobody drives.
    chip.pull(17, True)
    chip.pull(7, True)
    # Somebody else has a line: the first hearthd.
    other = '[hub]\nid = "other"\n[hardware]\nbackend = "chardev"\n[outputs.mine]\nkind = "light"\ngpio = 23\n'
    guest.put("/run/other.toml", other)
    guest.sh("hearthd --config /run/other.toml --socket /run/other.sock run --state /run/other >/run/other.log 2>&1 & echo $! >/run/other.pid")
    wait("the other hearthd has its line", lambda: guest.code("hearthd --socket /run/other.sock status") == 0)

    trace = Trace(guest)
    house = Daemon(guest, CONFIG)
    house.start()
    points = house.points()
    taken = points["taken"]
    same(taken["quality"], "fault", "a line that another program has")
    check("hearthd" in taken["fault"], f"who has the line: {taken['fault']}")
    # Active low and closed by its pull-up; pulled down by the request; a window that is open shows a high wire.
    same([points[name]["text"] for name in ("contact", "window", "leak")], ["OFF", "ON", "OFF"], "inputs by their pulls")
    same(chip.levels(5, 6, 7), [1, 1, 0], "pulls of the requests")
    # Lines are claimed with their level: the kernel sees no other one first.
    claims = levels(trace)
    same(claims[:3], [0, 0, 0], "levels at which lines were claimed: one is on at the start, active low")
    same(chip.levels(17, 22), [1, 0], "relays off")

    for active in (True, False):
        chip.pull(4, active)
        wait(f"lights {active}", lambda: chip.levels(17, 22) == [int(not active), int(active)])
    # Shorter than the debounce time: not heard of. Longer: once.
    chip.bounce(5, 3)
    guest.sh("sleep 1")
    same(spare.levels(3), [0], "a bouncing contact")
    chip.pull(5, False)
    wait("the switch is on", lambda: spare.levels(3) == [1])
    chip.pull(5, True)
    wait("the switch is off", lambda: spare.levels(3) == [0])

    # When the other lets go, the line is taken without a restart.
    guest.sh("kill $(cat /run/other.pid)")
    wait("the freed line is taken", lambda: house.points()["taken"]["quality"] == "good", 90)

    chip.pull(4, True)
    wait("lights on", lambda: chip.levels(17, 22) == [0, 1])
    trace.clear()
    house.kill("TERM")
    same(levels(trace), [1, 0, 1], "levels at the end, driven before the lines are released")
    # A released line of this chip goes where it is pulled.
    same(chip.levels(17, 22), [1, 0], "released lines")
    return [f"a busy line: {taken['fault']}"]


def levels(trace) -> list[int]:
    """The levels that lines were driven to, in order."""
    return [int(seen.text.split()[-1]) for seen in trace.driven()]
