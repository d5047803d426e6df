"""PWM of a Raspberry Pi 3, led to GPIO 18 and 13: a pin that it is not led to is refused with the overlay that is missing."""

from house import BcmLines, Daemon
from machine import check, same, wait
from releases import TRIXIE

ON = [TRIXIE]

CONFIG = """
[hub]
id = "hut"
[outputs.strip]
kind = "light"
pwm = STRIP
[outputs.fan]
kind = "fan"
pwm = 13
"""
CHIP = "/sys/class/pwm/pwmchip0"


def run(boards):
    guest = boards.raspi3b_pwm("pwm0-gpio18", "pwm1-gpio13")
    pins = BcmLines(guest)
    same(pins.functions(12, 13, 18), [0, 4, 2], "what the pins do")
    house = Daemon(guest, CONFIG.replace("STRIP", "12"))
    house.start()
    strip = wait("the wrong pin has a fault", lambda: (point := house.points()["strip"])["quality"] == "fault" and point)
    check("GPIO 18" in strip["fault"] and "dtoverlay=pwm" in strip["fault"] and "pin=12" in strip["fault"], strip["fault"])
    same(house.points()["fan"]["quality"], "good", "the other channel")
    same(guest.code(f"test -e {CHIP}/pwm0"), 1, "the channel that comes out elsewhere")

    house.kill("TERM")
    house.configure(CONFIG.replace("STRIP", "18"))
    house.start()
    same(house.points()["strip"]["quality"], "good", "the pin that the PWM is led to")
    guest.sh("hearthd --socket /run/hearthd.sock set strip 100")

    def duty():
        period, pulse, on = guest.sh(f"cd {CHIP}/pwm0 && cat period duty_cycle enable").split()
        return on == "1" and round(100 * int(pulse) / int(period))
    wait("full power", lambda: duty() == 100)
    same(pins.functions(12, 13, 18), [0, 4, 2], "what the pins do at the end")
    return [strip["fault"]]
