"""The GPIO chips of a pretended Raspberry Pi 5, under the numbers and labels that its kernels since 6.12.96 show."""

from house import SimChip
from machine import Guest

# Those of the processor: their lines switch the board's own power, Bluetooth and Wi-Fi.
OF_THE_PROCESSOR = {
    "gpio-brcmstb@107d508500": 32,
    "gpio-brcmstb@107d508520": 4,
    "gpio-brcmstb@107d517c00": 17,
    "gpio-brcmstb@107d517c20": 6,
}
# The number of the first of them. That of the header has the next one after them.
FIRST_NUMBER = 11


class Pi5:
    """The chips of the processor; that of the header comes by itself."""

    def __init__(self, guest: Guest):
        self.guest = guest
        self.soc = self._without_the_first_numbers(lambda: [
            SimChip(guest, f"soc{number}", label, lines, named="no")
            for number, (label, lines) in enumerate(OF_THE_PROCESSOR.items())])
        # By which rppal knows that it may reach the registers.
        guest.sh(": >/dev/gpiomem0")

    def add_header(self) -> SimChip:
        """The chip whose lines are on the header."""
        return self._without_the_first_numbers(lambda: SimChip(self.guest, "header", "pinctrl-rp1", 54))

    def _without_the_first_numbers(self, make):
        """The kernel gives the first free number: meanwhile others have those that shall stay free."""
        others = "/sys/kernel/config/gpio-sim/others"
        banks = " ".join(f"bank{number}" for number in range(FIRST_NUMBER))
        self.guest.sh(f"mkdir {others} && cd {others} && mkdir {banks} && echo 1 >live")
        made = make()
        self.guest.sh(f"cd {others} && echo 0 >live && rmdir bank* && cd .. && rmdir others")
        return made
