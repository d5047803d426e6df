"""Debian packages, fetched and unpacked beside the system: its own package lists and sources stay as they are."""

import functools
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

from releases import Release

# Package lists younger than this are not asked for again.
LISTS_GOOD_FOR_S = 12 * 3600
# No program takes as long, also where it fetches a whole system over a slow line.
HANGS_AFTER_S = 3600
# How long apt may wait for another that installs something.
WAIT = ["-o", "DPkg::Lock::Timeout=600"]
# Those of this process work one after another: they do not wait for each other's locks by themselves.
ONE_AT_A_TIME = threading.Lock()


class Unavailable(Exception):
    """This machine cannot be made to have what the rig needs."""


def mirrors(sources: str) -> tuple[str, str]:
    """The addresses of Debian's archive and of its security archive in the text of apt's source files."""
    # One-line entries `deb [options] URI suite ...` and fields `URIs: URI ...`.
    uris = re.findall(r"^(?:deb(?:-src)?\s+(?:\[[^]]*\]\s+)?|URIs:\s*)(\S+)", sources, re.MULTILINE)
    debian = [uri for uri in uris if re.search(r"/debian/?$", uri)]
    security = [uri for uri in uris if "security" in uri]
    if not debian:
        raise Unavailable("no Debian mirror in this machine's apt sources: the guests are made of Debian packages")
    return debian[0], security[0] if security else debian[0].rstrip("/") + "-security"


class Packages:
    """The packages of a Debian for amd64 and arm64, whatever this machine itself runs."""

    def __init__(self, folder: pathlib.Path, release: Release):
        self.folder = folder
        self.release = release
        self.sources = folder / "sources" / "debian.sources"
        for part in ("lists/partial", "archives/partial", "sources"):
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._write_sources()
        config = folder / "apt.conf"
        config.write_text(
            f'Dir::Etc::sourcelist "/dev/null";\nDir::Etc::sourceparts "{folder}/sources";\n'
            f'Dir::State::lists "{folder}/lists";\nDir::Cache "{folder}";\n'
            'APT::Architectures { "amd64"; "arm64"; };\nAPT::Sandbox::User "root";\nAcquire::Languages "none";\n'
            'Acquire::Retries "3";\n'
        )
        self.environment = os.environ | {"APT_CONFIG": str(config), "DEBIAN_FRONTEND": "noninteractive"}
        self._update()

    def _write_sources(self):
        etc = pathlib.Path("/etc/apt")
        files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*.list")),
                 *sorted((etc / "sources.list.d").glob("*.sources"))]
        debian, security = mirrors("\n".join(file.read_text() for file in files if file.exists()))
        keys = next(pathlib.Path("/usr/share/keyrings").glob("debian-archive-keyring.*g"), None)
        if keys is None:
            raise Unavailable("no keys of Debian's archive: install the package debian-archive-keyring")

        def source(uri, suites, architectures):
            return (f"Types: deb\nURIs: {uri}\nSuites: {suites}\nComponents: main\n"
                    f"Architectures: {architectures}\nSigned-By: {keys}\n")

        name = self.release.name
        self.sources.write_text("\n".join([
            source(debian, f"{name} {name}-updates", "amd64 arm64"),
            source(security, f"{name}-security", "amd64 arm64"),
        ]))
        if self.release.qemu_of_backports:
            # Nothing else comes from here.
            (self.folder / "sources" / "backports.sources").write_text(source(debian, f"{name}-backports", "amd64"))

    def _run(self, *command: str, cwd=None) -> str:
        with ONE_AT_A_TIME:
            return run(*command, environment=self.environment, cwd=cwd)

    def _update(self, force=False):
        stamp = self.folder / "updated"
        if not force and stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_GOOD_FOR_S:
            return
        # Mirrors fail now and then.
        for wait_s in (0, 5, 20):
            time.sleep(wait_s)
            try:
                self._run("apt-get", "-q", *WAIT, "--error-on=any", "update")
                stamp.touch()
                return
            except Unavailable as error:
                problem = error
        raise problem

    @functools.cache
    def depends(self, name: str, pattern: str) -> str:
        """The name of the package that `name` depends on, of those that fit `pattern`."""
        found = re.search(rf"Depends: ({pattern})(?::\w+)?$", self._run("apt-cache", "depends", name), re.MULTILINE)
        if not found:
            raise Unavailable(f"{name} depends on no {pattern}")
        return found.group(1)

    @functools.cache
    def versions(self, *names: str) -> list[str]:
        """The newest versions of packages."""
        found = re.findall(r"^  Candidate: (\d\S*)", self._run("apt-cache", "policy", *names), re.MULTILINE)
        if len(found) != len(names):
            raise Unavailable(f"Debian lacks one of the packages {', '.join(names)}")
        return found

    def unpack(self, folder: pathlib.Path, *names: str):
        """Fetches packages and unpacks them into one folder."""
        debs = self.folder / "fetched"
        shutil.rmtree(debs, ignore_errors=True)
        debs.mkdir()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._run("apt-get", "-q", "download", *names, cwd=debs)
        except Unavailable:
            self._update(force=True)
            self._run("apt-get", "-q", "download", *names, cwd=debs)
        for deb in debs.glob("*.deb"):
            self._run("dpkg", "-x", str(deb), str(folder))
        shutil.rmtree(debs)

    def fetch_system(self, folder: pathlib.Path, architecture: str, *names: str) -> list[pathlib.Path]:
        """Fetches a whole system for one processor: what Debian calls essential, `names`, and what they need."""
        (folder / "partial").mkdir(parents=True)
        nothing_installed = folder / "status"
        nothing_installed.touch()
        self._run("apt-get", "-q", "-y", "--no-install-recommends", "--download-only", "-o", f"APT::Architecture={architecture}",
                  "-o", f"Dir::State::status={nothing_installed}", "-o", f"Dir::Cache::archives={folder}", "-o", "Debug::NoLocking=1",
                  "install", f"?and(?essential,?architecture({architecture}))", *names)
        return sorted(folder.glob("*.deb"))

    def install(self, *arguments: str):
        """Installs packages on this machine."""
        as_root = [] if os.getuid() == 0 else ["sudo", "-E"]
        self._run(*as_root, "apt-get", "-q", *WAIT, "install", "-y", "--no-install-recommends", *arguments)


def series(*versions: str) -> str:
    """The series of kernels, such as 6.1, that all these versions of packages belong to. Parts of a kernel come from different
    builds, one of them sometimes days before the other: within a series they fit each other."""
    found = {".".join(re.split(r"[.~+-]", version)[:2]) for version in versions}
    if len(found) != 1:
        raise Unavailable(f"Debian has parts of different kernels: {', '.join(versions)}")
    return found.pop()


def run(*command: str, environment=os.environ, cwd=None) -> str:
    """Runs a command; what it printed, or an error with it."""
    environment = environment | {"LC_ALL": "C", "PATH": environment["PATH"] + ":/usr/sbin:/sbin"}
    words = " ".join(command)[:300]
    try:
        result = subprocess.run(command, env=environment, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=HANGS_AFTER_S)
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{words} did not end in {error.timeout} s") from None
    if result.returncode:
        raise Unavailable(f"{words} failed:\n{result.stdout[-3000:]}")
    return result.stdout
