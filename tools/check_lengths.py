#!/usr/bin/python3
"""Checks that no file of src/ exceeds 600 lines and no function 100.

clang-format puts a function's braces into the first column, and nothing else's but those of types and tables, which
open on their first line: so a line that is "{" opens a function and the next "}" ends it.
"""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILE_LINES = 600
FUNCTION_LINES = 100


def functions(lines):
    """(first line, length) of each function body, braces included."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start, number - start + 1
            start = None


def main():
    source = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "src"
    faults = 0
    for path in sorted(source.rglob("*.[ch]")):
        lines = path.read_text().splitlines()
        if len(lines) > FILE_LINES:
            print(f"{path}:1: {len(lines)} lines, more than {FILE_LINES}")
            faults += 1
        for start, length in functions(lines):
            if length > FUNCTION_LINES:
                print(f"{path}:{start}: a function of {length} lines, more than {FUNCTION_LINES}")
                faults += 1
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
