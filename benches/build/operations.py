#!/usr/bin/env python3
"""How long an application takes to build, by the number of its operations.

    python3 benches/build/operations.py [TARGET_DIR]

Makes an application from application.rs in a temporary folder. It depends on scopegate-http alone and has 0, 40, 80, 160 and
320 guarded operations with types of their own. Builds the dependencies once, then each application three times without the
incremental cache. Prints the least time of `cargo build`, and the least CPU time. Linear means that these columns stay flat.
"""

import pathlib
import re
import sys
import tempfile

from measured import ROOT, cargo

MARKED = re.compile(r"^ *// begin\n(.*?)^ *// end\n", re.M | re.S)


def source(count):
    def repeated(marked):
        return "".join(re.sub(r"(Page|Thing|things|operation_)0", rf"\g<1>{n}", marked[1]) for n in range(count))

    return MARKED.sub(repeated, (ROOT / "benches/build/application.rs").read_text())


def main():
    with tempfile.TemporaryDirectory() as folder:
        application = pathlib.Path(folder)
        target = sys.argv[1] if len(sys.argv) > 1 else str(application / "target")
        (application / "src").mkdir()
        (application / "Cargo.toml").write_text(
            '[package]\nname = "operations"\nversion = "0.0.0"\nedition = "2024"\n\n'
            f'[dependencies]\nscopegate-http = {{ path = "{ROOT}/crates/http" }}\n\n[workspace]\n'
        )

        def build(count):
            def once(turn):
                (application / "src" / "main.rs").write_text(source(count) + f"// {turn}\n")
                return cargo(
                    ["build", "--quiet", "--target-dir", target],
                    application,
                    CARGO_INCREMENTAL="0",
                    RUSTFLAGS="-Awarnings",
                )

            turns = [once(turn) for turn in range(3)]
            return [min(column) for column in zip(*turns)]

        build(0)
        empty = build(0)
        print(f"{'operations':>10} {'seconds':>8} {'ms for each':>12} {'CPU seconds':>12} {'ms for each':>12}")
        print(f"{0:>10} {empty[0]:>8.2f} {'':>12} {empty[1]:>12.2f}")
        for count in (40, 80, 160, 320):
            least = build(count)
            each = [(time - first) / count * 1000 for time, first in zip(least, empty)]
            print(f"{count:>10} {least[0]:>8.2f} {each[0]:>12.1f} {least[1]:>12.2f} {each[1]:>12.1f}")


if __name__ == "__main__":
    main()
