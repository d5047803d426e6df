"""SIGKILL, SIGABRT, a panic and SIGSTOP: safe and as before, after which time."""

import ends
from releases import BOOKWORM, TRIXIE
from unit import Unit

ON = [BOOKWORM, TRIXIE]


def run(boards):
    unit = Unit(boards.systemd())
    unit.install()
    return ends.play(unit, ends.ENDS)
