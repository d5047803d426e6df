"""Disks with a whole Debian: systemd, a broker, and the agent."""

import pathlib
import shutil

from machine import AGENT_PORT, Failed, Guest
from packages import RELEASE, Packages, Unavailable, run

HERE = pathlib.Path(__file__).parent
PACKAGES = ["systemd", "systemd-sysv", "udev", "kmod", "mosquitto", "mosquitto-clients", "passwd", "usr-is-merged"]
# Installing is the guest's own work where this machine cannot run its programs. It takes minutes.
INSTALL_TIMEOUT_S = 1800

# They only take time from the test.
MASKED = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_reap.service", "fstrim.timer",
    "e2scrub_all.timer", "getty@tty1.service", "getty-static.service", "systemd-networkd.service", "systemd-logind.service",
    "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-binfmt.service", "modprobe@drm.service",
    "modprobe@fuse.service", "modprobe@efi_pstore.service",
]


def make_native(folder: pathlib.Path, packages: Packages):
    """`disk.ext4` for this machine's processor, with a simulated GPIO chip at boot."""
    root = folder / "root"
    root.mkdir()
    run("mmdebstrap", "--quiet", "--variant=minbase", "--architectures=amd64", f"--include={','.join(PACKAGES)}",
        '--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "3"',
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "man", "locale", "info")),
        RELEASE, str(root), str(packages.sources))
    furnish(root, ["rig-agent.service", "rig-gpio.service"])
    write(folder, root)


def make_foreign(folder: pathlib.Path, packages: Packages, architecture: str, qemu: list[str]):
    """`disk.ext4` for another processor. This machine only unpacks; a guest with that processor, which `qemu` starts with
    the disk as its first, installs. So nothing here must run foreign programs."""
    root = folder / "root"
    debs = packages.fetch_system(folder / "debs", architecture, *PACKAGES)
    for part in ("bin", "sbin", "lib"):
        (root / "usr" / part).mkdir(parents=True)
        (root / part).symlink_to(f"usr/{part}")
    (root / "debs").mkdir()
    for deb in debs:
        run("sh", "-c", f"dpkg-deb --fsys-tarfile '{deb}' | tar -x -C '{root}' --keep-directory-symlink")
        # Decompressing again would take an emulated processor a minute.
        run("dpkg-deb", "--raw-extract", str(deb), str(folder / "deb"))
        run("dpkg-deb", "-Znone", "--build", str(folder / "deb"), str(root / "debs" / deb.name))
        shutil.rmtree(folder / "deb")
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    (root / "var/lib/dpkg/status").touch()
    furnish(root, ["rig-agent.service"])
    write(folder, root)
    shutil.rmtree(folder / "debs")
    try:
        install(folder, qemu)
    except Failed as problem:
        raise Unavailable(f"the disk for {architecture} could not be made: {problem}") from None


def install(folder: pathlib.Path, qemu: list[str]):
    """In a guest, installs the packages that are in /debs of the disk."""
    guest = Guest([*qemu, "-drive", f"if=virtio,format=raw,file={folder}/disk.ext4", *AGENT_PORT], folder, qtest=False)
    try:
        guest.sh("mkdir /mnt && mount -t ext4 /dev/vda /mnt && mount -t proc none /mnt/proc && mount --bind /dev /mnt/dev")
        # The names of programs are whole, since busybox would take its own otherwise.
        guest.sh("DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin /bin/chroot /mnt /usr/bin/dash -c "
                 "'dpkg --force-unsafe-io --force-depends --install /debs/*.deb && dpkg --configure --pending'",
                 timeout_s=INSTALL_TIMEOUT_S)
        guest.sh("rm -r /mnt/debs && : >/mnt/etc/machine-id && umount /mnt/proc /mnt/dev /mnt && sync")
    finally:
        guest.power_cut()


def furnish(root: pathlib.Path, units: list[str]):
    """Adds what is the rig's own."""
    shutil.copytree(HERE / "guest/disk", root, symlinks=True, dirs_exist_ok=True)
    for name in ("agent", "sim-chip"):
        shutil.copy(HERE / "guest" / name, root / "usr/local/bin" / name)
    for program in (root / "usr/local/bin").iterdir():
        program.chmod(0o755)
    (root / "etc/machine-id").write_text("")
    (root / "etc/hostname").write_text("rig\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    system = root / "etc/systemd/system"
    wants = system / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for unit in units:
        (wants / unit).symlink_to(f"/etc/systemd/system/{unit}")
    for unit in MASKED:
        (system / unit).unlink(missing_ok=True)
        (system / unit).symlink_to("/dev/null")
    generators = root / "etc/systemd/system-generators"
    generators.mkdir(exist_ok=True)
    for generator in (root / "usr/lib/systemd/system-generators").iterdir():
        (generators / generator.name).symlink_to("/dev/null")


def write(folder: pathlib.Path, root: pathlib.Path):
    """Makes the disk of the folder `root`, and removes that. Its size is a power of two: SD cards are so."""
    run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(folder / "disk.ext4"), "1G")
    shutil.rmtree(root)
