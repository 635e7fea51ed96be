//! Compresses the assets of the documentation pages. The program contains only the compressed
//! bytes. Without the feature `docs` there is nothing to do.

#[cfg(not(feature = "docs"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "docs")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    docs::compress()
}

#[cfg(feature = "docs")]
mod docs {
    use std::error::Error;
    use std::io::Write;
    use std::path::Path;
    use std::{env, fs};

    use flate2::Compression;
    use flate2::write::GzEncoder;

    /// Name of the compressed asset, and the files that it contains one after the other.
    const ASSETS: [(&str, &[&str]); 4] = [
        ("swagger-ui.css", &["swagger-ui/swagger-ui.css"]),
        ("swagger-ui-bundle.js", &["swagger-ui/swagger-ui-bundle.js"]),
        ("redoc.standalone.js", &["redoc/redoc.standalone.js"]),
        (
            "LICENSES.txt",
            &[
                "swagger-ui/NOTICE",
                "swagger-ui/LICENSE",
                "redoc/NOTICE",
                "redoc/LICENSE",
            ],
        ),
    ];

    pub(super) fn compress() -> Result<(), Box<dyn Error>> {
        let out = env::var_os("OUT_DIR").ok_or("no folder for the result")?;
        println!("cargo::rerun-if-changed=assets");
        println!("cargo::rerun-if-changed=build.rs");
        for (name, files) in ASSETS {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            for file in files {
                encoder.write_all(&fs::read(Path::new("assets").join(file))?)?;
            }
            fs::write(Path::new(&out).join(format!("{name}.gz")), encoder.finish()?)?;
        }
        Ok(())
    }
}
