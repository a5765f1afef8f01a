#!/usr/bin/python3
"""Sums the results under a folder and ends with the plain line "N passed, N failed".

Reads JUnit XML (ctest, pytest) and NAME.tsv (a line a check: passed or failed, a tab, its name). Every suite that
was started left NAME.started; one without a result counts as one failure, so that a crash is never good news.
"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def read_junit(path):
    passed, failed, skipped = 0, [], 0
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')}::{case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def read_lines(path):
    lines = [line.split("\t", 1) for line in path.read_text().splitlines()]
    return sum(word == "passed" for word, _ in lines), [name for word, name in lines if word != "passed"], 0


def read_suite(folder, name):
    for suffix, read in ((".xml", read_junit), (".tsv", read_lines)):
        path = folder / (name + suffix)
        if path.exists():
            try:
                return read(path)
            except (ElementTree.ParseError, ValueError):
                return 0, [f"{path.name} cannot be read"], 0
    return 0, [f"{name} ended without a result"], 0


def main():
    folder = pathlib.Path(sys.argv[1])
    passed, failed, skipped = 0, 0, 0
    for name in sorted(path.stem for path in folder.glob("*.started")):
        suite_passed, suite_failed, suite_skipped = read_suite(folder, name)
        print(f"{name}: {suite_passed} passed, {len(suite_failed)} failed, {suite_skipped} skipped")
        for case in suite_failed:
            print(f"  failed: {case}")
        passed, failed, skipped = passed + suite_passed, failed + len(suite_failed), skipped + suite_skipped
    if skipped:
        print(f"({skipped} skipped)")
    if passed + failed == 0:
        failed = 1
        print("nothing ran")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
