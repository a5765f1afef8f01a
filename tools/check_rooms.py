#!/usr/bin/python3
"""Checks every #include "room/…" under src/ against tools/rooms.txt: a room includes lower floors, never higher ones."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')


def read_rooms(path):
    rooms = {}
    for line in path.read_text().splitlines():
        words = line.split("#")[0].split()
        if words:
            rooms[words[1]] = (int(words[0]), set(words[2:]))
    return rooms


def breach(rooms, room, other):
    """Why room may not include other, or None."""
    if other not in rooms:
        return f"{other} is no room of tools/rooms.txt"
    floor, neighbours = rooms[room]
    other_floor = rooms[other][0]
    if other == room or other_floor < floor or other in neighbours:
        return None
    if other_floor > floor:
        return f"{room} (floor {floor}) may not include {other}, which stands above it (floor {other_floor})"
    return f"{room} may not include {other}: both stand on floor {floor}"


def check_file(rooms, source, path):
    inside = path.relative_to(source)
    room = inside.parts[0] if len(inside.parts) > 1 else inside.stem
    if room not in rooms:
        yield 1, f"{room} is no room of tools/rooms.txt"
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = INCLUDE.match(line)
        if not found:
            continue
        if "/" not in found[1]:
            if (path.parent / found[1]).exists():
                yield number, f'"{found[1]}" names no room: write "{room}/{found[1]}"'
            continue
        reason = breach(rooms, room, found[1].split("/")[0])
        if reason:
            yield number, reason


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src"
    rooms = read_rooms(ROOT / "tools/rooms.txt")
    faults = 0
    for path in sorted(source.rglob("*.[ch]")):
        for number, reason in check_file(rooms, source, path):
            print(f"{path}:{number}: {reason}")
            faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
