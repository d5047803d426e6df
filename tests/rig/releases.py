"""The releases of Debian that guests run: what one of them does unlike the others stands here."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Release:
    """A Debian."""

    number: int
    name: str
    # Its QEMU lacks a board of the rig; that of its backports has it.
    qemu_of_backports: bool = False


# The base of Raspberry Pi OS until 2025: Linux 6.1, systemd 252.
BOOKWORM = Release(12, "bookworm", qemu_of_backports=True)
# And since: Linux 6.12, systemd 257.
TRIXIE = Release(13, "trixie")
RELEASES = (BOOKWORM, TRIXIE)
