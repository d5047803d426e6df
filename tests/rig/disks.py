"""Disks with a whole Debian: systemd, a broker, and the agent."""

import pathlib
import re
import shutil

from packages import Packages, run

HERE = pathlib.Path(__file__).parent
PACKAGES = ["systemd", "systemd-sysv", "udev", "kmod", "mosquitto", "mosquitto-clients", "passwd", "usr-is-merged"]
# What nobody reads in a guest, in /usr/share.
EXCLUDED = ["doc", "man", "locale", "info"]

# They only take time from the test.
MASKED = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_reap.service", "fstrim.timer",
    "e2scrub_all.timer", "getty@tty1.service", "getty-static.service", "systemd-networkd.service", "systemd-logind.service",
    "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service", "systemd-binfmt.service", "modprobe@drm.service",
    "modprobe@fuse.service", "modprobe@efi_pstore.service", "modprobe@dm_mod.service", "modprobe@loop.service",
    "dev-hugepages.mount", "dev-mqueue.mount", "systemd-user-sessions.service", "systemd-random-seed.service",
    "systemd-pcrphase.service", "systemd-pcrphase-sysinit.service",
]


def make(folder: pathlib.Path, packages: Packages):
    """`disk.ext4` for arm64, whose programs this machine cannot run to install them. So Debian is installed for this machine's
    own processor, the arm64 packages are unpacked over that, and dpkg is told that it was them."""
    root = folder / "root"
    root.mkdir()
    run("mmdebstrap", "--quiet", "--variant=minbase", "--architectures=amd64", f"--include={','.join(PACKAGES)}",
        '--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "3"',
        *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in EXCLUDED),
        packages.release.name, str(root), str(packages.sources))
    furnish(root)
    shutil.rmtree(root / "usr/lib/x86_64-linux-gnu")
    shutil.rmtree(root / "usr/lib64")
    (root / "lib64").unlink()
    (root / "etc/ld.so.cache").unlink()
    database = root / "var/lib/dpkg"
    for old in (database / "info").glob("*.*"):
        old.unlink()
    debs = packages.fetch_system(folder / "debs", "arm64", *PACKAGES)
    (database / "status").write_text("".join(unpack(deb, root) for deb in debs))
    shutil.rmtree(folder / "debs")
    # Or the first boot would build what Debian builds once: indexes of hardware, libraries and messages.
    for part in ("etc", "var"):
        (root / part / ".updated").touch()
    # Its size is a power of two: SD cards are so.
    run("mke2fs", "-q", "-t", "ext4", "-d", str(root), str(folder / "disk.ext4"), "1G")
    shutil.rmtree(root)


def unpack(deb: pathlib.Path, root: pathlib.Path) -> str:
    """Unpacks a package as an installed one; what is to be said of it in dpkg's database."""
    excluded = " ".join(f"--exclude=./usr/share/{part}/*" for part in EXCLUDED)
    files = run("sh", "-c", f"dpkg-deb --fsys-tarfile {deb} | tar -xv -C {root} --keep-directory-symlink {excluded}")
    fields = run("dpkg-deb", "--field", str(deb))
    name, same = re.search(r"^Package: (\S+)", fields).group(1), re.search("^Multi-Arch: same", fields, re.MULTILINE)
    architecture = re.search(r"^Architecture: (\S+)", fields, re.MULTILINE).group(1)
    info = root / f"var/lib/dpkg/info/{name}{f':{architecture}' if same else ''}.list"
    info.write_text("".join(f"{file.removeprefix('.').removesuffix('/') or '/.'}\n" for file in files.splitlines()))
    return f"{fields.strip()}\nStatus: install ok installed\n\n"


def furnish(root: pathlib.Path):
    """Adds what is the rig's own."""
    shutil.copytree(HERE / "guest/disk", root, symlinks=True, dirs_exist_ok=True)
    for name in ("agent", "sim-chip"):
        shutil.copy(HERE / "guest" / name, root / "usr/local/bin" / name)
    for program in (root / "usr/local/bin").iterdir():
        program.chmod(0o755)
    (root / "etc/machine-id").write_text("72696700726967007269670072696700\n")
    (root / "etc/hostname").write_text("rig\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    system = root / "etc/systemd/system"
    wants = system / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    for unit in ("rig-agent.service", "rig-gpio.service"):
        (wants / unit).symlink_to(f"/etc/systemd/system/{unit}")
    for unit in MASKED:
        (system / unit).unlink(missing_ok=True)
        (system / unit).symlink_to("/dev/null")
    generators = root / "etc/systemd/system-generators"
    generators.mkdir(exist_ok=True)
    for generator in (root / "usr/lib/systemd/system-generators").iterdir():
        (generators / generator.name).symlink_to("/dev/null")
