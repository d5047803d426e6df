"""What the guests boot from: kernels, first file systems and disks, made once and kept in a cache."""

import hashlib
import os
import pathlib
import shutil
import subprocess

import cpio
from packages import RELEASE, Packages, Unavailable

HERE = pathlib.Path(__file__).parent
# Debian's names of a processor, and ours of its compiler.
COMPILERS = {"arm64": "aarch64-linux-gnu-", "amd64": ""}

# What each guest's kernel needs as modules before anything else, in any order: what they need themselves is found.
MODULES = {
    "raspi3b": ["i2c-bcm2835", "i2c-dev", "gpio-sim"],
    "imx8mp": ["i2c-imx", "i2c-dev"],
    "virt": ["virtio_pci", "virtio_console", "gpio-sim"],
    "systemd": ["virtio_pci", "virtio_blk", "ext4"],
}
# Our own programs in the first file system.
FIRST_PROGRAMS = {"init": "init", "agent": "bin/agent", "sim-chip": "bin/sim-chip"}
DEVICE_TREES = ["broadcom/bcm2837-rpi-3-b.dtb", "freescale/imx8mp-evk.dtb"]
# For the guest with systemd, on its disk.
DISK_MODULES = ["virtio_console", "i2c-dev", "gpio-sim"]
DISK_PACKAGES = ["systemd", "systemd-sysv", "udev", "kmod", "mosquitto", "mosquitto-clients", "passwd"]


class Images:
    """The cache."""

    def __init__(self, cache: pathlib.Path):
        self.cache = cache
        cache.mkdir(parents=True, exist_ok=True)
        self.packages = Packages(cache / "apt")

    def _made(self, name: str, recipe: str, make, parts=()) -> pathlib.Path:
        """The folder `name`, made by `make(folder)` unless it is there already, made by the same recipe
        of the same parts."""
        digest = hashlib.sha256(recipe.encode())
        for file in [HERE / "images.py", HERE / "cpio.py", *parts]:
            digest.update(file.read_bytes() if file.is_file() else b"")
        folder = self.cache / f"{name}-{digest.hexdigest()[:12]}"
        if not folder.exists():
            for old in self.cache.glob(f"{name}-*"):
                shutil.rmtree(old)
            print(f"rig: making {name}", flush=True)
            unfinished = self.cache / f"unfinished.{name}"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
        return folder

    def kernel(self, architecture: str) -> pathlib.Path:
        """A folder with `vmlinuz`, device trees, and `lib/modules` with gpio-sim, which Debian's kernels lack."""
        image = self.packages.depends(f"linux-image-{architecture}:{architecture}", r"linux-image-[0-9]\S*?")
        version = self.packages.versions(f"{image}:{architecture}")[0]
        release = image.removeprefix("linux-image-")
        return self._made(f"kernel-{architecture}", f"{image} {version}",
                          lambda folder: self._make_kernel(folder, architecture, release, version))

    def _make_kernel(self, folder, architecture, release, version):
        series = ".".join(version.split(".")[:2])
        flavour = release.rsplit("-", 1)[1]
        raw = folder / "raw"
        self.packages.unpack(
            raw, f"linux-image-{release}:{architecture}={version}", f"linux-headers-{release}:{architecture}={version}",
            f"linux-headers-{release.removesuffix(flavour)}common={version}", f"linux-kbuild-{series}:amd64={version}",
            f"linux-source-{series}={version}")
        (raw / f"boot/vmlinuz-{release}").rename(folder / "vmlinuz")
        for tree in DEVICE_TREES if architecture == "arm64" else []:
            shutil.copy(raw / f"usr/lib/linux-image-{release}" / tree, folder)
        modules = folder / "lib/modules" / release
        shutil.copytree(raw / "lib/modules" / release, modules, symlinks=True,
                        ignore=shutil.ignore_patterns("build", "source", "sound", "media", "gpu", "wireless"))
        (modules / "extra").mkdir()
        for module in build_gpio_sim(raw, folder / "gpio-sim", architecture, release, series):
            shutil.copy(module, modules / "extra")
        run("depmod", "-b", str(folder), release)
        shutil.rmtree(raw)

    def first_file_system(self, guest: str, architecture: str) -> pathlib.Path:
        """An archive for the kernel: busybox, drivers, the C library, init and agent."""
        kernel = self.kernel(architecture)
        names = [f"{name}:{architecture}" for name in ("busybox-static", "libc6", "libgcc-s1")]
        recipe = f"{kernel.name} {self.packages.versions(*names)}"
        folder = self._made(f"initramfs-{guest}", recipe,
                            lambda folder: self._make_first_file_system(folder, kernel, MODULES[guest], names),
                            [HERE / "guest" / name for name in FIRST_PROGRAMS])
        return folder / "initramfs"

    def _make_first_file_system(self, folder, kernel, modules, names):
        root = folder / "root"
        self.packages.unpack(folder / "raw", *names)
        for part in ("bin", "modules", "lib"):
            (root / part).mkdir(parents=True)
        for name, place in FIRST_PROGRAMS.items():
            shutil.copy(HERE / "guest" / name, root / place)
            (root / place).chmod(0o755)
        shutil.copy(folder / "raw/bin/busybox", root / "bin/busybox")
        for library in ("libc.so.6", "libm.so.6", "libgcc_s.so.1"):
            shutil.copy(next((folder / "raw").glob(f"lib/*/{library}")), root / "lib" / library)
        loader = next((folder / "raw").glob("lib/*/ld-linux-*.so.*"))
        shutil.copy(loader, root / "lib" / loader.name)
        (root / "lib64").symlink_to("lib")
        for number, module in enumerate(needed_modules(kernel, modules)):
            shutil.copy(module, root / "modules" / f"{number:02}-{module.name}")
        (folder / "initramfs").write_bytes(cpio.archive(root))
        shutil.rmtree(root)
        shutil.rmtree(folder / "raw")

    def disk(self) -> pathlib.Path:
        """A disk with Debian for amd64: systemd, a broker, the agent, and a gpio-sim chip at boot."""
        kernel = self.kernel("amd64")
        recipe = f"{kernel.name} {self.packages.versions(*DISK_PACKAGES)}"
        return self._made("disk-amd64", recipe, lambda folder: self._make_disk(folder, kernel),
                          sorted((HERE / "guest").rglob("*"))) / "disk.ext4"

    def _make_disk(self, folder, kernel):
        if os.getuid() != 0:
            raise Unavailable("only root can make the disk of a guest: run it as root")
        root = folder / "root"
        root.mkdir()
        run("mmdebstrap", "--quiet", "--variant=minbase", "--architectures=amd64", f"--include={','.join(DISK_PACKAGES)}",
            '--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "3"',
            *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")),
            RELEASE, str(root), str(self.packages.sources))
        shutil.copytree(HERE / "guest/disk", root, symlinks=True, dirs_exist_ok=True)
        for name in ("agent", "sim-chip"):
            shutil.copy(HERE / "guest" / name, root / "usr/local/bin" / name)
        for program in (root / "usr/local/bin").iterdir():
            program.chmod(0o755)
        for module in needed_modules(kernel, DISK_MODULES):
            target = root / "usr" / module.relative_to(kernel)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(module, target)
        release = next((kernel / "lib/modules").iterdir()).name
        for list_of_all in ("modules.builtin", "modules.order", "modules.builtin.modinfo"):
            shutil.copy(kernel / "lib/modules" / release / list_of_all, root / "usr/lib/modules" / release)
        run("depmod", "-b", str(root), release)
        (root / "etc/machine-id").write_text("")
        (root / "etc/hostname").write_text("rig\n")
        (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        wants = root / "etc/systemd/system/multi-user.target.wants"
        for unit in ("rig-agent.service", "rig-gpio.service"):
            (wants / unit).symlink_to(f"/etc/systemd/system/{unit}")
        # They only take time from the test.
        for unit in ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_reap.service",
                     "fstrim.timer", "e2scrub_all.timer", "getty@tty1.service", "getty-static.service",
                     "systemd-networkd.service",
                     "systemd-logind.service", "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service",
                     "systemd-binfmt.service", "modprobe@drm.service", "modprobe@fuse.service", "modprobe@efi_pstore.service"):
            (root / "etc/systemd/system" / unit).unlink(missing_ok=True)
            (root / "etc/systemd/system" / unit).symlink_to("/dev/null")
        generators = root / "etc/systemd/system-generators"
        generators.mkdir(exist_ok=True)
        for generator in (root / "usr/lib/systemd/system-generators").iterdir():
            (generators / generator.name).symlink_to("/dev/null")
        run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(folder / "disk.ext4"), "1G")
        shutil.rmtree(root)


def build_gpio_sim(raw, folder, architecture, release, series) -> list[pathlib.Path]:
    """Builds the kernel's simulated GPIO chip, and the interrupts that it needs, as modules."""
    headers = raw / f"usr/src/linux-headers-{release}"
    common = raw / f"usr/src/linux-headers-{release.rsplit('-', 1)[0]}-common"
    # It names the place where the package would be installed.
    (headers / "Makefile").write_text(f"include {common}/Makefile\n")
    tree = f"linux-source-{series}"
    names = ["drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"]
    folder.mkdir()
    run("tar", "-xf", str(raw / f"usr/src/{tree}.tar.xz"), "-C", str(folder), "--strip-components=3", "--occurrence=1",
        *(f"{tree}/{name}" for name in names))
    irq_sim = folder / "irq_sim.c"
    text = irq_sim.read_text()
    # As a module it must not use a function that the kernel keeps to itself, and must name its licence.
    text = text.replace("irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))")
    irq_sim.write_text(f'#include <linux/module.h>\n{text}\nMODULE_LICENSE("GPL");\n')
    (folder / "Kbuild").write_text("obj-m := irq_sim.o gpio-sim.o\n")
    foreign = [f"ARCH={architecture}", f"CROSS_COMPILE={COMPILERS[architecture]}"] if COMPILERS[architecture] else []
    run("make", "-C", str(headers), f"M={folder}", *foreign, "modules")
    modules = [folder / "irq_sim.ko", folder / "gpio-sim.ko"]
    for module in modules:
        run(f"{COMPILERS[architecture]}objcopy", "--strip-debug", str(module))
    return modules


def needed_modules(kernel: pathlib.Path, names: list[str]) -> list[pathlib.Path]:
    """The files of modules and of all that they need, in the order in which they can be loaded."""
    release = next((kernel / "lib/modules").iterdir()).name
    files = {}
    for name in names:
        for line in run("modprobe", "-d", str(kernel), "-S", release, "--show-depends", name).splitlines():
            words = line.split()
            if words[0] == "insmod":
                files[pathlib.Path(words[1])] = None
    return list(files)


def run(*command: str) -> str:
    """Runs a command; what it printed, or an error with it."""
    environment = os.environ | {"LC_ALL": "C", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}
    result = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode:
        raise Unavailable(f"{' '.join(command)[:300]} failed:\n{result.stdout[-3000:]}")
    return result.stdout
