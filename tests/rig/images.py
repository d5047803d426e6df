"""What the guests boot from: kernels, first file systems and disks, made once and kept in a cache."""

import functools
import hashlib
import lzma
import os
import pathlib
import re
import shutil
import threading

import cpio
import disks
from packages import Packages, Unavailable, run, series
from releases import RELEASES, Release

HERE = pathlib.Path(__file__).parent
COMPILER = "aarch64-linux-gnu-"
LOADER = "ld-linux-aarch64.so.1"

# What each guest's kernel needs as modules before anything else, in any order: what they need themselves is found.
MODULES = {
    "raspi3b": ["i2c-bcm2835", "i2c-dev", "configfs", "bcm2835", "mmc_block", "ext4", "pwm-bcm2835"],
    "imx8mp": ["i2c-imx", "i2c-dev", "sdhci-esdhc-imx", "mmc_block", "ext4"],
    "virt": ["virtio_pci", "virtio_console", "configfs", "virtio_blk", "ext4", "i2c-dev"],
}
# What the rig builds, since Debian's kernels lack it, in the order in which it can be loaded.
BUILT = ["irq_sim", "gpio-sim", "gpiomem"]
# What else is in the cache.
OTHER_FILES = {"in-use", "times.json", "target-quick", "target-release"}
# Our own programs in the first file system.
FIRST_PROGRAMS = {"init": "init", "agent": "bin/agent", "sim-chip": "bin/sim-chip"}
# One compiler for all: Debian 12's knows all that gpio-sim needs. What it does not know of, and what takes a whole kernel, is
# switched off; neither is seen from other modules.
SAID_TO_MAKE = [f"CC={COMPILER}gcc-12", "CONFIG_CC_HAS_MIN_FUNCTION_ALIGNMENT=", "CONFIG_DEBUG_INFO_BTF_MODULES="]
# What of kbuild a module needs, and the name of the program itself: modpost comes in one for each kind of processor.
KBUILD_PROGRAMS = {"basic/fixdep": "fixdep.elf", "genksyms/genksyms": "genksyms.elf", "mod/modpost": "modpost.real-lsb-64"}
KBUILD = r"linux-kbuild-[0-9]\S*?"
DEVICE_TREES = {
    "raspi3b": "broadcom/bcm2837-rpi-3-b.dtb",
    "raspi4b": "broadcom/bcm2711-rpi-4-b.dtb",
    "imx8mp": "freescale/imx8mp-evk.dtb",
}


def tidy(cache: pathlib.Path):
    """Removes what other versions of the rig left in the cache, under names that are not used here."""
    parts = "|".join(("apt", "kernel", "built", "disk", *(f"initramfs-{guest}" for guest in MODULES)))
    known = re.compile(rf"({parts})-({'|'.join(release.name for release in RELEASES)})(-[0-9a-f]+)?")
    for entry in cache.iterdir():
        if entry.name in OTHER_FILES or known.fullmatch(entry.name):
            continue
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


class Images:
    """The cache, of what guests with one release of Debian need."""

    def __init__(self, cache: pathlib.Path, release: Release):
        self.cache = cache
        self.name = release.name
        self.packages = Packages(cache / f"apt-{release.name}", release)
        # Scenarios that run at once may want the same.
        self.lock = threading.RLock()
        # What could not be made, and is not tried again.
        self.problems: dict[str, Unavailable] = {}

    def make_all(self):
        """Makes everything now, not when it is needed."""
        for make in (*(functools.partial(self.first_file_system, guest) for guest in MODULES), self.built, self.disk):
            try:
                make()
            except Unavailable:
                # The scenarios that need it will say so; others do without.
                pass

    def _made(self, name: str, recipe: str, make, parts=()) -> pathlib.Path:
        """The folder `name` of this release, made by `make(folder)` unless it is there already, made by the same recipe of the
        same parts."""
        name = f"{name}-{self.name}"
        digest = hashlib.sha256(recipe.encode())
        for file in [HERE / "images.py", HERE / "cpio.py", *parts]:
            digest.update(file.read_bytes() if file.is_file() else b"")
        folder = self.cache / f"{name}-{digest.hexdigest()[:12]}"
        with self.lock:
            if name in self.problems:
                raise self.problems[name]
            if not folder.exists():
                for old in self.cache.glob(f"{name}-*"):
                    shutil.rmtree(old)
                print(f"rig: making {name}", flush=True)
                unfinished = self.cache / f"unfinished.{name}"
                shutil.rmtree(unfinished, ignore_errors=True)
                unfinished.mkdir()
                try:
                    make(unfinished)
                except Unavailable as problem:
                    self.problems[name] = problem
                    raise
                unfinished.rename(folder)
        return folder

    def kernel_release(self) -> str:
        """What the kernel calls itself."""
        return self.packages.depends("linux-image-arm64:arm64", r"linux-image-[0-9]\S*?").removeprefix("linux-image-")

    def kernel(self) -> pathlib.Path:
        """A folder with `vmlinuz`, device trees and `lib/modules`."""
        release = self.kernel_release()
        image = f"linux-image-{release}:arm64"
        return self._made("kernel", f"{image} {self.packages.versions(image)}",
                          lambda folder: self._make_kernel(folder, release, image))

    def _make_kernel(self, folder, release, image):
        raw = folder / "raw"
        self.packages.unpack(raw, image)
        # Since Debian 13 all is below usr.
        source = next(path for path in (raw / "usr/lib/modules", raw / "lib/modules") if path.exists())
        (raw / f"boot/vmlinuz-{release}").rename(folder / "vmlinuz")
        for tree in DEVICE_TREES.values():
            shutil.copy(raw / f"usr/lib/linux-image-{release}" / tree, folder)
        modules = folder / "lib/modules" / release
        shutil.copytree(source / release, modules, symlinks=True,
                        ignore=shutil.ignore_patterns("build", "source", "sound", "media", "gpu", "wireless"))
        run("depmod", "-b", str(folder), release)
        shutil.rmtree(raw)

    def built(self) -> pathlib.Path:
        """A folder with the modules that Debian's kernels lack."""
        release = self.kernel_release()
        headers = f"linux-headers-{release}:arm64"
        # The programs of kbuild run here, with the C library that they were built for.
        names = [headers, "libc6:amd64", f"linux-headers-{release.rsplit('-', 1)[0]}-common",
                 f"{self.packages.depends(headers, KBUILD)}:amd64"]
        versions = self.packages.versions(f"linux-image-{release}:arm64", *names)
        names.append(f"linux-source-{series(*(version for name, version in zip(names, versions[1:]) if 'linux' in name))}")
        recipe = f"{names} {versions} {self.packages.versions(names[-1])}"
        return self._made("built", recipe, lambda folder: self._make_built(folder, release, names), [HERE / "guest/gpiomem.c"])

    def _make_built(self, folder, release, names):
        raw = folder / "raw"
        self.packages.unpack(raw, *names)
        for module in build_modules(raw, folder / "build", release, names[-1]):
            shutil.copy(module, folder)
        shutil.rmtree(raw)
        shutil.rmtree(folder / "build")

    def first_file_system(self, guest: str) -> pathlib.Path:
        """An archive for the kernel: busybox, drivers, the C library, init and agent."""
        kernel = self.kernel()
        names = [f"{name}:arm64" for name in ("busybox-static", "libc6", "libgcc-s1")]
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
        # Below usr since Debian 13.
        for pattern, place in {"bin/busybox": "bin", "libc.so.6": "lib", "libm.so.6": "lib", "libgcc_s.so.1": "lib", LOADER: "lib"}.items():
            file = next((folder / "raw").rglob(pattern))
            shutil.copy(file, root / place / file.name)
        (root / "lib64").symlink_to("lib")
        for number, module in enumerate(needed_modules(kernel, modules)):
            text = module.read_bytes()
            if module.suffix == ".xz":
                text = lzma.decompress(text)
            (root / "modules" / f"{number:02}-{module.name.removesuffix('.xz')}").write_bytes(text)
        (folder / "initramfs").write_bytes(cpio.archive(root))
        shutil.rmtree(root)
        shutil.rmtree(folder / "raw")

    def disk(self) -> pathlib.Path:
        """A disk with Debian."""
        if os.getuid() != 0:
            raise Unavailable("only root can make the disk of a guest: run it as root")
        recipe = str(self.packages.versions(*disks.PACKAGES))
        parts = [HERE / "disks.py", *sorted((HERE / "guest/disk").rglob("*")), HERE / "guest/agent", HERE / "guest/sim-chip"]
        return self._made("disk", recipe, lambda folder: disks.make(folder, self.packages), parts) / "disk.ext4"


def build_modules(raw, folder, release, tree) -> list[pathlib.Path]:
    """Builds as modules the kernel's simulated GPIO chip, the interrupts that it needs, and /dev/gpiomem."""
    headers = raw / f"usr/src/linux-headers-{release}"
    common = raw / f"usr/src/linux-headers-{release.rsplit('-', 1)[0]}-common"
    # It names the place where the package would be installed.
    (headers / "Makefile").write_text(f"include {common}/Makefile\n")
    for program, real in KBUILD_PROGRAMS.items():
        run_by_own_library(raw, (headers / "scripts" / program).resolve(), real)
    names = ["drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c"]
    folder.mkdir()
    run("tar", "-xf", str(raw / f"usr/src/{tree}.tar.xz"), "-C", str(folder), "--strip-components=3", "--occurrence=1",
        *(f"{tree}/{name}" for name in names))
    irq_sim = folder / "irq_sim.c"
    text = irq_sim.read_text()
    # As a module it must not use a function that the kernel keeps to itself, and must name its licence.
    text = text.replace("irq_to_desc(irqnum)", "irq_data_to_desc(irq_get_irq_data(irqnum))")
    irq_sim.write_text(f'#include <linux/module.h>\n{text}\nMODULE_LICENSE("GPL");\n')
    shutil.copy(HERE / "guest/gpiomem.c", folder)
    (folder / "Kbuild").write_text(f"obj-m := {' '.join(f'{name}.o' for name in BUILT)}\n")
    run("make", "-C", str(headers), f"M={folder}", "ARCH=arm64", f"CROSS_COMPILE={COMPILER}", *SAID_TO_MAKE, "modules")
    built = [folder / f"{name}.ko" for name in BUILT]
    for module in built:
        run(f"{COMPILER}objcopy", "--strip-debug", str(module))
    return built


def run_by_own_library(raw: pathlib.Path, program: pathlib.Path, real: str):
    """Has a program find the C library of its own Debian, unpacked beside it: that of this machine may be older."""
    elf = program.with_name(real)
    if not elf.exists():
        program.rename(elf)
    library = next(file for file in raw.rglob("ld-linux-x86-64.so.2") if not file.is_symlink())
    program.unlink(missing_ok=True)
    program.write_text(f'#!/bin/sh\nexec {library} --library-path {library.parent} {elf} "$@"\n')
    program.chmod(0o755)


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
