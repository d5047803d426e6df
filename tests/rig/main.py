"""Builds what the guests need, runs the scenarios, and sums up."""

import argparse
import concurrent.futures
import dataclasses
import fcntl
import importlib
import json
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import traceback
import types

from boards import Boards, Programs, Sleeper
from images import Images, tidy
from machine import Failed
from packages import Unavailable
from releases import RELEASES, Release

SOURCE = pathlib.Path(__file__).parents[2]
# Programs, and the packages that bring them.
TOOLS = {
    "mmdebstrap": "mmdebstrap", "mke2fs": "e2fsprogs", "depmod": "kmod", "make": "make", "xz": "xz-utils",
    "aarch64-linux-gnu-gcc-12": "gcc-12-aarch64-linux-gnu", "fdtput": "device-tree-compiler",
}
QEMU = "qemu-system-arm"
# Guests also wait: for watchdogs, for each other.
LANES = 3
# How hearthd is built if not as it is released: of the same source, in less time.
QUICK = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16", "CARGO_PROFILE_RELEASE_OPT_LEVEL": "s"}


def main(words: list[str]) -> int:
    arguments = argparse.ArgumentParser(prog="scripts/rig", description="Runs hearthd on emulated boards.")
    arguments.add_argument("--list", action="store_true", help="print the scenarios and exit")
    arguments.add_argument("--prepare", action="store_true", help="make what the scenarios need and exit")
    arguments.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="keep the guests' logs and disks here")
    arguments.add_argument("--lanes", type=int, default=LANES, metavar="N",
                           help=f"run so many scenarios at once ({LANES}; with 1 the times that they tell are truer)")
    arguments.add_argument("--release", action="store_true", help="build hearthd as it is released, which takes minutes more")
    arguments.add_argument("scenario", nargs="*", help="run only scenarios whose names begin so")
    options = arguments.parse_args(words)
    scenarios = find(options.scenario)
    if options.list:
        for scenario in scenarios:
            print(f"{scenario.name:24} {scenario.shows}")
        return 0
    if not scenarios:
        print("rig: no scenario has such a name; see scripts/rig --list", file=sys.stderr)
        return 2
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hearthd-rig"
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "in-use", "w") as in_use:
        try:
            fcntl.flock(in_use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("rig: another one of this user works with the same files; this one waits for its end", flush=True)
            fcntl.flock(in_use, fcntl.LOCK_EX)
        return run_all(scenarios, options, cache)


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A file of the folder `scenarios`, on one of the releases that it is for."""

    module: types.ModuleType
    release: Release

    @property
    def name(self) -> str:
        return f"{self.module.__name__.rsplit('.', 1)[1]}-{self.release.number}"

    @property
    def shows(self) -> str:
        """What it shows, in one line."""
        return self.module.__doc__.splitlines()[0]


def run_all(scenarios: list[Scenario], options: argparse.Namespace, cache: pathlib.Path) -> int:
    """Makes what the scenarios need and runs them; the exit code."""
    started = time.monotonic()
    try:
        images = prepare(cache)
        with concurrent.futures.ThreadPoolExecutor() as beside:
            made = [] if options.scenario else [beside.submit(one.make_all) for one in images.values()]
            programs = build(cache, options.release)
            for one in made:
                one.result()
    except Unavailable as problem:
        print(f"rig: {problem}\nrig: 0 passed; 0 failed; {len(scenarios)} SKIPPED: the guests cannot be made on this machine")
        return exit_code(["SKIPPED"])
    print(f"rig: prepared in {time.monotonic() - started:.0f} s", flush=True)
    if options.prepare:
        return 0
    with (tempfile.TemporaryDirectory(prefix="hearthd-rig-") as asleep,
          concurrent.futures.ThreadPoolExecutor(options.lanes) as lanes):
        sleepers = {release: Sleeper(pathlib.Path(asleep) / release.name) for release in RELEASES}
        times = Times(cache / "times.json")

        def run_one(scenario: Scenario) -> tuple[str, str]:
            release = scenario.release
            return run(scenario, lambda folder: Boards(images[release], programs, sleepers[release], folder), options.keep, times)

        ordered = sorted(scenarios, key=lambda scenario: times.of(scenario.name), reverse=True)
        ran = list(lanes.map(run_one, ordered))
    results = [result for result, _ in ran]
    # Once more at the end, where it is found below all the logs.
    for scenario, (result, problem) in zip(ordered, ran):
        if result == "failed":
            print(f"failed: {scenario.name}: {problem}")
    summary = ", ".join(f"{results.count(result)} {result}" for result in ("passed", "failed", "SKIPPED"))
    failed = " ".join(scenario.name for scenario, result in zip(ordered, results) if result == "failed")
    print(f"\nrig: {summary} in {time.monotonic() - started:.0f} s{failed and '; failed: '}{failed}")
    return exit_code(results)


def exit_code(results: list[str]) -> int:
    """1 if a scenario failed, or if one was skipped and this is continuous integration (CI is set); 77, by which harnesses of tests
    know one that could not be run here, if one was skipped elsewhere."""
    if "failed" in results:
        return 1
    if "SKIPPED" in results:
        return 1 if os.environ.get("CI", "") not in ("", "0", "false") else 77
    return 0


def find(beginnings: list[str]) -> list[Scenario]:
    """Every file of the folder `scenarios`, once for each release that it names; those whose names begin so."""
    files = sorted(file.stem for file in (SOURCE / "tests/rig/scenarios").glob("*.py"))
    modules = [importlib.import_module(f"scenarios.{name}") for name in files]
    all_of_them = [Scenario(module, release) for module in modules for release in module.ON]
    return [one for one in all_of_them if not beginnings or any(one.name.startswith(beginning) for beginning in beginnings)]


def prepare(cache: pathlib.Path) -> dict[Release, Images]:
    """Installs what the rig needs on this machine."""
    tidy(cache)
    if platform.machine() != "x86_64" or not shutil.which("apt-get"):
        raise Unavailable("the rig runs on Debian for amd64")
    images = {release: Images(cache, release) for release in RELEASES}
    system = pathlib.Path("/etc/os-release").read_text()
    own = next((release for release in RELEASES if f"={release.name}\n" in system), RELEASES[-1])
    packages = images[own].packages
    missing = {package for tool, package in TOOLS.items() if not shutil.which(tool)}
    if missing:
        packages.install(*sorted(missing))
    if not has_all_boards():
        # Debian 12 has a QEMU without the board imx8mp-evk; its backports have one with it.
        packages.install(*(["-t", f"{own.name}-backports"] if own.qemu_of_backports else []), QEMU)
    if not has_all_boards():
        raise Unavailable("QEMU 10 or newer cannot be had here: it is the first with all boards of the rig")
    return images


def has_all_boards() -> bool:
    if not shutil.which("qemu-system-aarch64"):
        return False
    return "imx8mp-evk" in subprocess.run(["qemu-system-aarch64", "-M", "help"], capture_output=True, text=True).stdout


def build(cache: pathlib.Path, release: bool) -> Programs:
    """Builds hearthd: for the guests, and for this machine as the tests do. What cargo makes for the guests stays in the
    cache: from a new clone, hearthd alone is built again."""
    target = cache / ("target-release" if release else "target-quick")
    version = tomllib.loads((SOURCE / "Cargo.toml").read_text())["package"]["version"]
    # With a test beside it, it has the features of `cargo test`: after that, there is nothing to build, and nothing is replaced
    # that runs.
    subprocess.run(["cargo", "build", "--locked", "--bin", "hearthd", "--test", "architecture"], cwd=SOURCE, check=True)
    native = pathlib.Path(os.environ.get("CARGO_TARGET_DIR") or SOURCE / "target") / "debug/hearthd"
    environment = os.environ | ({} if release else QUICK) | {"CARGO_TARGET_DIR": str(target)}
    subprocess.run([SOURCE / "scripts/package", "--native", native, "arm64"], cwd=SOURCE, env=environment, check=True)
    return Programs(arm64=target / "aarch64-unknown-linux-gnu/release/hearthd", package=target / f"hearthd_{version}_arm64.deb",
                    native=native, source=SOURCE)


class Times:
    """How long each scenario took when it last ran: the longest begin first, so that none is left alone at the end."""

    def __init__(self, file: pathlib.Path):
        self.file = file
        self.lock = threading.Lock()
        try:
            self.seconds = json.loads(file.read_text())
        except (OSError, ValueError):
            self.seconds = {}

    def of(self, name: str) -> float:
        return self.seconds.get(name, float("inf"))

    def took(self, name: str, seconds: float):
        with self.lock:
            self.seconds[name] = round(seconds, 1)
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps(self.seconds))
            new.replace(self.file)


def run(scenario: Scenario, make_boards, keep: pathlib.Path | None, times: Times) -> tuple[str, str]:
    """Runs one scenario and says how it went: the result, and what was wrong."""
    name = scenario.name
    folder = pathlib.Path(tempfile.mkdtemp(prefix="hearthd-rig-")) if keep is None else keep / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    boards = make_boards(folder)
    started, seen, problem = time.monotonic(), [], ""
    try:
        seen = scenario.module.run(boards) or []
        result = "passed"
    except Unavailable as error:
        result, problem = "SKIPPED", str(error)
    # Also what nobody thought of.
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)
        line = next((frame for frame in reversed(where) if "scenarios" in frame.filename), where[-1])
        what = error if isinstance(error, Failed) else repr(error)
        result, problem = "failed", f"{what}\n    at {pathlib.Path(line.filename).name}:{line.lineno}: {line.line}"
    finally:
        logs = boards.end()
    took = time.monotonic() - started
    if result == "passed":
        times.took(name, took)
    print(f"{result:7} {took:6.1f} s  {name}: {scenario.shows}", flush=True)
    for text in seen:
        print(f"{'':19}{text}", flush=True)
    if problem:
        print(f"    {problem}", flush=True)
    if result == "failed":
        print(logs, flush=True)
    if keep is None:
        shutil.rmtree(folder)
    return result, problem


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
