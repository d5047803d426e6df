"""A guest in QEMU: started, asked and changed from outside, ended."""

import base64
import json
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time


AGENT_CHANNEL = "socket,id=agent,path=@SOCKETS/agent,server=on,wait=off,logfile="
# The agent on a port of its own.
AGENT_PORT = ["-chardev", AGENT_CHANNEL + "/dev/null", "-device", "virtio-serial-pci", "-device",
              "virtserialport,chardev=agent,name=rig", "-serial", "file:@CONSOLE"]
# The agent on the console, where a board has no other port: that is the first or the second.
AGENT_ON_FIRST = ["-chardev", AGENT_CHANNEL + "@CONSOLE", "-serial", "chardev:agent"]
AGENT_ON_CONSOLE = [*AGENT_ON_FIRST[:2], "-serial", "null", *AGENT_ON_FIRST[2:]]


# For what QEMU itself answers; a busy machine runs it late.
QEMU_ANSWERS_WITHIN_S = 120


class Failed(Exception):
    """What a scenario saw is not what it must see."""


def check(condition, what: str):
    """Ends the scenario unless the condition holds."""
    if not condition:
        raise Failed(what)


def same(got, expected, what: str):
    """Ends the scenario unless both are equal."""
    check(got == expected, f"{what}: {got!r} instead of {expected!r}")


def wait(what: str, look, timeout_s: float = 60.0, every_s: float = 0.05):
    """Looks until there is something to see, and returns it. How long that takes is never a test: a busy machine emulates slowly."""
    end = time.monotonic() + timeout_s
    while True:
        seen = look()
        if seen:
            return seen
        check(time.monotonic() < end, f"not within {timeout_s:g} s: {what}")
        time.sleep(every_s)


class Lines:
    """Lines of text over one of QEMU's sockets."""

    def __init__(self, path: pathlib.Path):
        self.socket = socket.socket(socket.AF_UNIX)
        wait(f"QEMU's socket {path.name}", lambda: self.socket.connect_ex(str(path)) == 0, QEMU_ANSWERS_WITHIN_S)
        self.rest = b""

    def send(self, line: str):
        self.socket.sendall(line.encode() + b"\n")

    def receive(self, timeout_s: float) -> str:
        end = time.monotonic() + timeout_s
        while b"\n" not in self.rest:
            left = end - time.monotonic()
            check(left > 0, f"the guest did not answer within {timeout_s:g} s")
            self.socket.settimeout(left)
            try:
                piece = self.socket.recv(65536)
            except TimeoutError:
                continue
            check(piece, "the guest has ended")
            self.rest += piece
        line, self.rest = self.rest.split(b"\n", 1)
        return line.decode(errors="replace")


class Guest:
    """A running machine. Its log stays in `folder`."""

    def __init__(self, command: list[str], folder: pathlib.Path, qtest: bool, asleep: pathlib.Path | None = None):
        """Starts it; or wakes up one that fell asleep into the file `asleep`."""
        self.folder = folder
        # Paths of sockets must be short.
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="rig-"))
        at = self.sockets
        self.console = folder / "console.log"
        command = [part.replace("@SOCKETS", str(at)).replace("@CONSOLE", str(self.console)) for part in command]
        command += ["-accel", "tcg" + (",thread=single" if {"raspi3b", "raspi4b"} & set(command) else ""), "-display", "none", "-S",
                    "-monitor", "none", "-qmp", f"unix:{at}/qmp,server=on,wait=off"]
        if asleep:
            command += ["-incoming", "defer"]
        if qtest:
            command += ["-qtest", f"unix:{at}/qtest,server=on,wait=off", "-qtest-log", "none"]
        self.started = time.monotonic()
        with open(folder / "qemu.log", "a") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.control = Lines(at / "qmp")
            self.control.receive(QEMU_ANSWERS_WITHIN_S)
            self.qmp("qmp_capabilities")
            self.outside = Lines(at / "qtest") if qtest else None
            self.agent = Lines(at / "agent")
            if asleep:
                self.qmp("migrate-incoming", uri=f"file:{asleep}")
                self._wait_migrated()
            self.qmp("cont")
            if asleep:
                # It does not greet.
                self.agent.send("echo awake")
            # A whole Debian takes long on a busy machine.
            self._answer(600)
        except Failed as error:
            self.power_cut()
            raise Failed(f"the guest did not start: {error}") from None
        self.boot_s = time.monotonic() - self.started

    def sh(self, request: str, good=True, timeout_s: float = 60.0) -> str:
        """Runs a line of shell in the guest; returns what it prints."""
        check("\n" not in request, "a request is one line")
        self.agent.send(request)
        code, text = self._answer(timeout_s)
        check(not good or code == 0, f"in the guest, `{request[:200]}` ended with {code}: {text.strip()[-2000:]}")
        return text

    def code(self, request: str, timeout_s: float = 60.0) -> int:
        """Runs a line of shell in the guest; returns its exit code."""
        self.agent.send(request)
        return self._answer(timeout_s)[0]

    def _answer(self, timeout_s: float) -> tuple[int, str]:
        end = time.monotonic() + timeout_s
        while True:
            # The port may be shared with the kernel's own words.
            found = re.search(r"~ (\d+) ([A-Za-z0-9+/=]*)", self.agent.receive(end - time.monotonic()))
            if found:
                return int(found.group(1)), base64.b64decode(found.group(2)).decode(errors="replace")

    def put(self, path: str, text: str):
        """Writes a file in the guest, in one step."""
        self.sh(f"echo {base64.b64encode(text.encode()).decode()} | base64 -d >{path}.new && mv {path}.new {path}")

    def qmp(self, command: str, **arguments):
        """A command to QEMU."""
        self.control.send(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self.control.receive(QEMU_ANSWERS_WITHIN_S))
            if "event" not in answer:
                check("return" in answer, f"QEMU refused {command}: {answer}")
                return answer["return"]

    def registers(self, address: int, count: int) -> list[int]:
        """Words of the machine's physical memory, read from outside."""
        text = self.qmp("human-monitor-command", **{"command-line": f"xp /{count}wx {address:#x}"})
        return [int(word, 16) for line in text.splitlines() for word in line.split(":", 1)[1].split()]

    def write_register(self, address: int, value: int):
        """Writes a word into the machine's physical memory from outside, as something that hearthd does not know of."""
        self._to_outside(f"writel {address:#x} {value:#x}")

    def set_line_in(self, device: str, line: int, level: bool):
        """Drives an input line of a device of the machine from outside."""
        self._to_outside(f"set_irq_in {device} unnamed-gpio-in {line} {int(level)}")

    def _to_outside(self, command: str):
        self.outside.send(command)
        answer = self.outside.receive(QEMU_ANSWERS_WITHIN_S)
        check(answer.startswith("OK"), f"QEMU refused {command}: {answer}")

    def set_temperature(self, device: str, celsius: float, name: str = "temperature"):
        """What an emulated thermometer measures from now on; `name` is QEMU's of the temperature, if it has several."""
        self.qmp("qom-set", path=f"/machine/peripheral/{device}", property=name, value=round(celsius * 1000))

    def wait_for_agent(self, timeout_s: float):
        """After a restart inside the guest: waits until it answers again."""
        self._answer(timeout_s)

    def sleep(self, file: pathlib.Path):
        """Ends the machine and leaves in a file what it was at this moment."""
        self.qmp("stop")
        self.qmp("migrate", uri=f"file:{file}")
        self._wait_migrated()
        self.power_cut()

    def _wait_migrated(self):
        wait("the machine is written or read", lambda: self.qmp("query-migrate").get("status") == "completed",
             QEMU_ANSWERS_WITHIN_S)

    def power_cut(self):
        """Ends the machine as a power cut does."""
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.sockets, ignore_errors=True)
