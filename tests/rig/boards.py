"""The machines that guests are, and how QEMU makes them."""

import dataclasses
import pathlib
import shutil
import subprocess
import tarfile

import cpio
from images import Images
from machine import Failed, Guest

AGENT_CHANNEL = "socket,id=agent,path=@SOCKETS/agent,server=on,wait=off,logfile="
# The agent on a port of its own.
AGENT_PORT = ["-chardev", AGENT_CHANNEL + "/dev/null", "-device", "virtio-serial-pci", "-device",
              "virtserialport,chardev=agent,name=rig", "-serial", "file:@CONSOLE"]
# The agent on the console, where a board has no other port.
AGENT_ON_CONSOLE = ["-chardev", AGENT_CHANNEL + "@CONSOLE", "-serial", "null", "-serial", "chardev:agent"]


# What is worth seeing when a scenario has failed, and how to see it.
LOGS = {
    "hearthd": "tail -n 40 /run/hearthd.log 2>/dev/null; journalctl -n 60 -o short-monotonic --no-pager 2>/dev/null",
}


@dataclasses.dataclass
class Programs:
    """hearthd as it was built."""

    arm64: pathlib.Path
    amd64: pathlib.Path
    # The Debian package for amd64.
    package: pathlib.Path
    # Everything else that guests with systemd install it from.
    source: pathlib.Path


class Boards:
    """Starts guests."""

    def __init__(self, images: Images, programs: Programs, folder: pathlib.Path):
        self.images = images
        self.programs = programs
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

    def _start(self, command: list[str], qtest: bool) -> Guest:
        guest = Guest(command, self.folder, qtest)
        self.guests.append(guest)
        return guest

    def raspi3b(self) -> Guest:
        """A Raspberry Pi 3: its GPIO registers, and a TMP105 on I2C bus 1."""
        command = ["qemu-system-aarch64", "-M", "raspi3b", *self._first("raspi3b", "bcm2837-rpi-3-b.dtb", self.programs.arm64),
                   # More processors start in 5 to 30 s, at random. Without iomem= the registers are the kernel's alone.
                   "-append", "console=ttyS1,115200 panic=-1 quiet maxcpus=1 iomem=relaxed rig.agent=/dev/ttyS1",
                   *AGENT_ON_CONSOLE, "-device", "tmp105,id=thermometer,bus=i2c-bus.1,address=0x48"]
        return self._start(command, qtest=True)

    def imx8mp(self) -> Guest:
        """Another board, with interrupts of its GPIO; a TMP105 on I2C bus 2, behind a switch by which it can be cut off."""
        command = ["qemu-system-aarch64", "-M", "imx8mp-evk", "-smp", "2", "-m", "1024",
                   *self._first("imx8mp", "imx8mp-evk.dtb", self.programs.arm64),
                   "-append", "console=ttymxc1,115200 panic=-1 clk_ignore_unused cpuidle.off=1 quiet rig.agent=/dev/ttymxc1",
                   *AGENT_ON_CONSOLE, "-device", "pca9548,bus=i2c-bus.2,address=0x70",
                   "-device", "tmp105,id=thermometer,bus=i2c.0,address=0x48"]
        return self._start(command, qtest=True)

    def virt(self) -> Guest:
        """A machine without wires, for the kernel's simulated GPIO chips."""
        command = ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a53", "-m", "512", "-nic", "none",
                   *self._first("virt", None, self.programs.arm64),
                   "-append", "console=ttyAMA0 panic=-1 quiet rig.agent=/dev/vport0p1", *AGENT_PORT]
        return self._start(command, qtest=False)

    def systemd(self, disk: pathlib.Path | None = None) -> Guest:
        """A whole Debian for amd64 with a broker and a simulated GPIO chip. It starts from its own new disk, or from one
        that an earlier guest left."""
        if disk is None:
            disk = self.folder / "disk.ext4"
            subprocess.run(["cp", "--sparse=always", self.images.disk(), disk], check=True)
            self._write_payload(self.folder / "payload.tar")
        kernel = self.images.kernel("amd64")
        command = ["qemu-system-x86_64", "-M", "q35", "-cpu", "Nehalem", "-smp", "2", "-m", "768", "-nic", "none", "-vga", "none",
                   "-kernel", str(kernel / "vmlinuz"), "-initrd", str(self.images.first_file_system("systemd", "amd64")),
                   "-append", "console=ttyS0 panic=-1 quiet systemd.getty_auto=no rig.root=/dev/vda",
                   "-drive", f"if=virtio,format=raw,file={disk}",
                   "-drive", f"if=virtio,format=raw,readonly=on,file={self.folder}/payload.tar", *AGENT_PORT]
        return self._start(command, qtest=False)

    def _first(self, guest: str, device_tree: str | None, program: pathlib.Path) -> list[str]:
        """Kernel, device tree, and the first file system with hearthd added."""
        kernel = self.images.kernel("arm64")
        added = self.folder / "added"
        (added / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(program, added / "bin/hearthd")
        archive = self.folder / "initramfs"
        archive.write_bytes(self.images.first_file_system(guest, "arm64").read_bytes() + cpio.archive(added))
        tree = ["-dtb", str(kernel / device_tree)] if device_tree else []
        return ["-kernel", str(kernel / "vmlinuz"), *tree, "-initrd", str(archive)]

    def _write_payload(self, path: pathlib.Path):
        """What the guest finds on its second disk, as an archive."""
        source = self.programs.source
        with tarfile.open(path, "w") as archive:
            archive.add(self.programs.amd64, "hearthd")
            for name in ("scripts/install", "systemd", "config.toml", "README.md"):
                archive.add(source / name, name)
            archive.add(self.programs.package, "hearthd.deb")
