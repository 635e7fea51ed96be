#!/usr/bin/env python3
"""How long an application takes to build, by the number of its operations.

    python3 benches/build/operations.py [TARGET_DIR]

Makes an application in a temporary folder that depends on scopegate-http alone, builds it once for the dependencies, then
with 0, 40, 80, 160 and 320 guarded, typed operations, three times each, and prints the least time of `cargo build`. Linear
means that the last column stays flat.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

HEAD = """
use scopegate_http::serde::{Deserialize, Serialize};
use scopegate_http::utoipa::{self, ToSchema};
use scopegate_http::{Catalog, Gate, GateBuilder, Guard, Json, Permit, ScopeToken, SecurityScheme, get};

const READ: ScopeToken = ScopeToken::from_static("read");
"""

OPERATION = """
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(crate = "scopegate_http::serde")]
struct Thing%(n)d { id: u32, name: String }

async fn operation_%(n)d(_: Permit, id: u32, thing: Thing%(n)d) -> Json<Thing%(n)d> {
    Json(Thing%(n)d { id, name: thing.name })
}
"""


def source(count):
    mounts = "".join(
        f'        .operation(get("/things{n}/{{id}}").guard(Guard::requires([READ])).path::<u32>()'
        f".json::<Thing{n}>().then(operation_{n}))\n"
        for n in range(count)
    )
    return (
        HEAD
        + "".join(OPERATION % {"n": n} for n in range(count))
        + "fn gate(catalog: Catalog) -> GateBuilder {\n    Gate::builder(catalog)\n"
        + mounts
        + "}\n"
        + 'fn main() {\n    let catalog = Catalog::builder().scheme("oauth", SecurityScheme::oauth2_password("token"))'
        + '.scope(READ, "").build();\n    println!("{}", catalog.map(|catalog| gate(catalog).build().is_ok()).is_ok());\n'
        + "    let _ = (Json(1u8), get(\"/\").public(), Guard::requires([READ]), None::<Permit>);\n}\n"
    )


def main():
    with tempfile.TemporaryDirectory() as folder:
        application = pathlib.Path(folder)
        target = sys.argv[1] if len(sys.argv) > 1 else str(application / "target")
        (application / "src").mkdir()
        (application / "Cargo.toml").write_text(
            '[package]\nname = "operations"\nversion = "0.0.0"\nedition = "2024"\n\n'
            f'[dependencies]\nscopegate-http = {{ path = "{ROOT}/crates/http" }}\n\n[workspace]\n'
        )
        main_rs = application / "src" / "main.rs"

        def build(text):
            main_rs.write_text(text)
            started = time.monotonic()
            subprocess.run(
                ["cargo", "build", "--quiet", "--target-dir", target], cwd=application, check=True,
                env={**os.environ, "CARGO_INCREMENTAL": "0", "RUSTFLAGS": "-Awarnings"},
            )
            return time.monotonic() - started

        build(source(0))
        empty = min(build(source(0) + f"// {turn}\n") for turn in range(3))
        print(f"{'operations':>10} {'seconds':>8} {'ms for each':>12}")
        print(f"{0:>10} {empty:>8.2f}")
        for count in (40, 80, 160, 320):
            least = min(build(source(count) + f"// {turn}\n") for turn in range(3))
            print(f"{count:>10} {least:>8.2f} {(least - empty) / count * 1000:>12.1f}")


if __name__ == "__main__":
    main()
