"""Archives that the kernel unpacks as its first file system."""

import pathlib
import stat


def archive(folder: pathlib.Path) -> bytes:
    """Everything below a folder, owned by root, in the format `newc`."""
    parts = []
    names = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    for number, name in enumerate(names, 1):
        path = folder / name
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            data = str(path.readlink()).encode()
        elif stat.S_ISREG(mode):
            data = path.read_bytes()
        else:
            data = b""
        parts.append(_entry(str(name), number, mode, data))
    parts.append(_entry("TRAILER!!!", 0, 0, b""))
    # Archives may follow each other if each ends at a whole word.
    return b"".join(parts)


def _entry(name: str, number: int, mode: int, data: bytes) -> bytes:
    # inode, mode, user, group, links, time, size, two devices of two numbers, length of the name, checksum
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
    head = ("070701" + "".join(f"{field:08X}" for field in fields) + name + "\0").encode()
    return _whole_words(head) + _whole_words(data)


def _whole_words(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)
