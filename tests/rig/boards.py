"""The machines that guests are, and how QEMU makes them."""

import dataclasses
import pathlib
import shutil
import subprocess
import threading

import cpio
from house import Trace
from images import DEVICE_TREES, Images
from machine import AGENT_ON_CONSOLE, AGENT_ON_FIRST, AGENT_PORT, Failed, Guest
from packages import run

# Modules that the rig builds: the kernel's simulated GPIO chip, and /dev/gpiomem of a Raspberry Pi 3.
SIM = ("irq_sim", "gpio-sim")
GPIOMEM = ("gpiomem",)
# What a Raspberry Pi 5 has in its device tree; and the chip and the button of this machine, which that does not have.
PI5 = [
    ("/", "model", "Raspberry Pi 5 Model B Rev 1.0"),
    ("/", "compatible", "raspberrypi,5-model-b", "brcm,bcm2712", "linux,dummy-virt"),
    ("/pl061@9030000", "status", "disabled"),
    ("/gpio-keys", "status", "disabled"),
]
# What Debian's kernel would wait for or fall over: QEMU's Raspberry Pi 4 does not emulate it, or not the interrupt of it.
RASPI4B_LACKS = [f"/soc/{node}" for node in (
    "interrupt-controller@7ef00100", "i2c@7ef04500", "i2c@7ef09500", "clock@7ef00000", "hdmi@7ef00700", "hdmi@7ef05700",
    "serial@7e215040")]
# In the folder of a scenario.
DISK = "disk.ext4"
# What is worth seeing when a scenario has failed, and how to see it.
LOGS = {
    "hearthd": "tail -n 40 /run/hearthd.log 2>/dev/null; journalctl -n 60 -o short-monotonic --no-pager 2>/dev/null",
}


@dataclasses.dataclass
class Programs:
    """hearthd as it was built."""

    # For the guests, and as a Debian package.
    arm64: pathlib.Path
    package: pathlib.Path
    # For this machine.
    native: pathlib.Path
    # What else there is to install it.
    source: pathlib.Path


@dataclasses.dataclass
class Sleeper:
    """The guest with systemd, started once and put to sleep. The scenarios wake up copies, since each start takes its time."""

    # Its disk is here too.
    folder: pathlib.Path
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)
    ready: bool = False

    @property
    def file(self) -> pathlib.Path:
        return self.folder / "asleep"


class Boards:
    """Starts guests."""

    def __init__(self, images: Images, programs: Programs, sleeper: Sleeper, folder: pathlib.Path):
        self.images = images
        self.programs = programs
        self.sleeper = sleeper
        # Where logs and what guests write go.
        self.folder = folder
        self.guests: list[Guest] = []

    def end(self) -> str:
        """Ends all guests; the last words of their logs."""
        words = []
        for guest in self.guests:
            for log, look in LOGS.items():
                try:
                    words.append(f"--- {log}\n" + guest.sh(look, good=False, timeout_s=10))
                except (Failed, OSError):
                    break
            guest.power_cut()
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()
            words.append(f"--- {log.name}\n" + "\n".join(line for line in lines[-40:] if not line.startswith("~ ")))
        return "\n".join(words)

    def _start(self, command: list[str], qtest: bool, asleep: pathlib.Path | None = None) -> Guest:
        guest = Guest(command, self.folder, qtest, asleep)
        self.guests.append(guest)
        return guest

    def raspi3b(self, built: tuple[str, ...] = (), words: str = "") -> Guest:
        """A Raspberry Pi 3: its GPIO registers, and a TMP105 on I2C bus 1; with modules that the rig builds, and with words for
        the kernel."""
        # Without iomem= the registers are the kernel's alone.
        return self._raspi3b(f"iomem=relaxed {words}", built=built)

    def raspi3b_pwm(self, *groups: str) -> Guest:
        """The same with its PWM led to pins, as an overlay does it."""
        tree = self._tree("raspi3b")
        phandles = [run("fdtget", "-t", "x", str(tree), f"/soc/gpio@7e200000/{group}", "phandle").strip() for group in groups]
        run("fdtput", "-t", "x", str(tree), "/soc/pwm@7e20c000", "pinctrl-0", *phandles)
        return self._raspi3b("", tree=tree)

    def raspi3b_chips(self) -> Guest:
        """The same with every sensor that QEMU emulates and hearthd reads, two of them behind a multiplexer, and a clock."""
        chips = ["tmp421,id=tmp421,bus=i2c-bus.1,address=0x4e", "emc1413,id=emc1413,bus=i2c-bus.1,address=0x4c",
                 "dps310,bus=i2c-bus.1,address=0x77", "ds1338,bus=i2c-bus.1,address=0x68",
                 "pca9548,bus=i2c-bus.1,address=0x70", "tmp105,id=left,bus=i2c.0,address=0x49",
                 "tmp105,id=right,bus=i2c.3,address=0x49"]
        return self._raspi3b("iomem=relaxed", *(word for chip in chips for word in ("-device", chip)))

    def raspi3b_debian(self) -> Guest:
        """The same with a whole Debian on its SD card and /dev/gpiomem; the package is in /root/hearthd."""
        return self._raspi3b("rig.root=/dev/mmcblk0", *self._card(), built=GPIOMEM)

    def _raspi3b(self, words: str, *options: str, built: tuple[str, ...] = (), tree: pathlib.Path | None = None) -> Guest:
        command = ["qemu-system-aarch64", "-M", "raspi3b", *self._arm64("raspi3b", tree or self._tree("raspi3b"), built),
                   # More processors start in 5 to 30 s, at random.
                   "-append", f"console=ttyS1,115200 panic=-1 quiet maxcpus=1 rig.agent=/dev/ttyS1 {words}",
                   *AGENT_ON_CONSOLE, "-device", "tmp105,id=thermometer,bus=i2c-bus.1,address=0x48", *options]
        return self._start(command, qtest=True)

    def raspi4b(self) -> Guest:
        """A Raspberry Pi 4: its GPIO registers."""
        tree = self._tree("raspi4b")
        for node in RASPI4B_LACKS:
            run("fdtput", "-t", "s", str(tree), node, "status", "disabled")
        # Its only serial port that works here.
        run("fdtput", "-r", str(tree), "/soc/serial@7e201000/bluetooth")
        command = ["qemu-system-aarch64", "-M", "raspi4b", *self._arm64("raspi3b", tree),
                   "-append", "console=ttyAMA0,115200 panic=-1 quiet maxcpus=1 iomem=relaxed rig.agent=/dev/ttyAMA0",
                   *AGENT_ON_FIRST]
        return self._start(command, qtest=True)

    def imx8mp(self) -> Guest:
        """Another board, with interrupts of its GPIO; a TMP105 on I2C bus 2, behind a switch by which it can be cut off."""
        return self._imx8mp("")

    def imx8mp_debian(self, disk: pathlib.Path | None = None) -> Guest:
        """The same with a whole Debian on its SD card, a new one or one that an earlier guest left; the package is in
        /root/hearthd."""
        return self._imx8mp(f"rig.root=/dev/mmcblk2 {Trace.AT_BOOT}", *self._card(disk, bus=2))

    def _imx8mp(self, words: str, *options: str) -> Guest:
        # Two processors are slower than one where this machine is busy: they wait for each other.
        command = ["qemu-system-aarch64", "-M", "imx8mp-evk", "-smp", "1", "-m", "1024", *self._arm64("imx8mp", self._tree("imx8mp")),
                   "-append", f"console=ttymxc1,115200 panic=-1 clk_ignore_unused cpuidle.off=1 quiet rig.agent=/dev/ttymxc1 {words}",
                   *options, *AGENT_ON_CONSOLE, "-device", "pca9548,bus=i2c-bus.2,address=0x70",
                   "-device", "tmp105,id=thermometer,bus=i2c.0,address=0x48"]
        return self._start(command, qtest=True)

    def virt(self) -> Guest:
        """A machine without wires, for the kernel's simulated GPIO chips."""
        return self._start(self._virt(self._arm64("virt", built=SIM), "rig.agent=/dev/vport0p1"), qtest=False)

    def pi5(self) -> Guest:
        """The same, whose device tree says that it is a Raspberry Pi 5; it has no chip yet, see `Pi5`."""
        tree = self.folder / "pi5.dtb"
        machine = self._virt([], "")
        run(*(f"{word},dumpdtb={tree}" if word == "virt" else word for word in machine[:machine.index("-append")]))
        for node, name, *words in PI5:
            run("fdtput", "-t", "s", str(tree), node, name, *words)
        return self._start(self._virt(self._arm64("virt", tree, SIM), "rig.agent=/dev/vport0p1"), qtest=False)

    def systemd(self, disk: pathlib.Path | None = None) -> Guest:
        """The same with a whole Debian, a broker and a simulated GPIO chip, on a new disk where it has started already, or
        starting from a disk that an earlier guest left. hearthd, its installer and its package are in /root/hearthd."""
        with self.sleeper.lock:
            if not self.sleeper.ready:
                self._put_to_sleep()
                self.sleeper.ready = True
        if disk:
            return self._start(self._systemd(disk), qtest=False)
        return self._start(self._systemd(self._copy(self.sleeper.folder / DISK)), qtest=False, asleep=self.sleeper.file)

    def _put_to_sleep(self):
        folder = self.sleeper.folder
        folder.mkdir(exist_ok=True)
        guest = Guest(self._systemd(self._copy(self.images.disk(), folder)), folder, qtest=False)
        try:
            guest.sh("systemctl is-system-running --wait", good=False, timeout_s=300)
            guest.sleep(self.sleeper.file)
        finally:
            guest.power_cut()

    def _systemd(self, disk: pathlib.Path) -> list[str]:
        return self._virt(self._arm64("virt", built=SIM), "systemd.getty_auto=no rig.gpio rig.root=/dev/vda rig.agent=/dev/virtio-ports/rig",
                          "-smp", "2", "-drive", f"if=virtio,format=raw,file={disk}")

    @staticmethod
    def _virt(boot: list[str], words: str, *options: str) -> list[str]:
        return ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "768", "-nic", "none", *boot,
                "-append", f"console=ttyAMA0 panic=-1 quiet {words}", *options, *AGENT_PORT]

    def _card(self, disk: pathlib.Path | None = None, bus: int = 0) -> list[str]:
        return ["-drive", f"if=sd,bus={bus},format=raw,file={disk or self._copy(self.images.disk())}"]

    def _copy(self, disk: pathlib.Path, folder: pathlib.Path | None = None) -> pathlib.Path:
        copy = (folder or self.folder) / DISK
        subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
        return copy

    def _tree(self, guest: str) -> pathlib.Path:
        """A copy of Debian's device tree of a board."""
        return pathlib.Path(shutil.copy(self.images.kernel() / pathlib.Path(DEVICE_TREES[guest]).name, self.folder / f"{guest}.dtb"))

    def _arm64(self, guest: str, tree: pathlib.Path | None = None, built: tuple[str, ...] = ()) -> list[str]:
        """Kernel, device tree, and the first file system of a guest; with hearthd in `/payload/hearthd` of it, which with a
        disk comes to `/root/hearthd` of that, and with modules that the rig builds."""
        kernel, added = self.images.kernel(), self.folder / "added"
        payload = {self.programs.arm64: "payload/hearthd/hearthd", self.programs.package: "payload/hearthd/hearthd.deb"}
        for name in ("scripts/install", "scripts/manual", "systemd", "docs", "config.toml", "README.md"):
            payload[self.programs.source / name] = f"payload/hearthd/{name}"
        for number, module in enumerate(built):
            # After those of Debian.
            payload[self.images.built() / f"{module}.ko"] = f"modules/built-{number}.ko"
        shutil.rmtree(added, ignore_errors=True)
        for file, name in payload.items():
            target = added / name
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if file.is_dir() else shutil.copy)(file, target)
        first = self.folder / "initramfs"
        first.write_bytes(self.images.first_file_system(guest).read_bytes() + cpio.archive(added))
        shutil.rmtree(added)
        return ["-kernel", str(kernel / "vmlinuz"), "-initrd", str(first), *(["-dtb", str(tree)] if tree else [])]
