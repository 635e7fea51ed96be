#!/usr/bin/env python3
"""How long a change in one handler of `examples/notes` takes to build, with and without its tests.

    python3 benches/build/change.py

Copies the workspace without its target directory, because the change is made in a source file. Builds everything once, then
changes a handler five times. Prints the median time of `cargo build` in the default debug profile, and the median CPU time.
"""

import shutil
import statistics
import subprocess
import tempfile
import pathlib

from measured import ROOT, cargo

HANDLER = "examples/notes/src/notes.rs"
BEFORE = "pub(crate) async fn read_note("
STATEMENT = ") -> Json<Note> {\n"


def main():
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "scopegate"
        files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        for name in filter(None, files.split("\0")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        handler = (copy / HANDLER).read_text()
        place = handler.index(STATEMENT, handler.index(BEFORE)) + len(STATEMENT)
        print(f"{'command':>10} {'seconds':>8} {'CPU seconds':>12}")
        for command in ("check", "build"):
            arguments = [command, "--quiet", "--package", "scopegate-example-notes"]
            cargo(arguments, copy, CARGO_INCREMENTAL="1")
            turns = []
            for turn in range(5):
                changed = f'    tracing::debug!("read a note, change {turn}");\n'
                (copy / HANDLER).write_text(handler[:place] + changed + handler[place:])
                turns.append(cargo(arguments, copy, CARGO_INCREMENTAL="1"))
            seconds, cpu = (statistics.median(column) for column in zip(*turns))
            print(f"{command:>10} {seconds:>8.2f} {cpu:>12.2f}")


if __name__ == "__main__":
    main()
