//! Writes the pictures of invented tables into a folder, in all three forms, for a visual check:
//! `cargo run -p scopegate-openapi --example pictures -- FOLDER`.

mod tables;

use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

use scopegate_openapi::picture::{self, Labels};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = env::args().nth(1).ok_or("usage: pictures FOLDER")?;
    let folder = PathBuf::from(folder);
    fs::create_dir_all(&folder)?;
    let tables = [
        ("tutorial", tables::tutorial()?),
        ("shapes", tables::shapes()?),
        ("hundred", tables::regular(100, 17)?),
        ("large", tables::regular(700, 60)?),
        ("huge", tables::regular(11_215, 600)?),
        ("hostile", tables::hostile()?),
    ];
    for (name, table) in tables {
        let labels = Labels::new(format!("The table `{name}`")).note("made up, to be looked at");
        fs::write(folder.join(format!("{name}.svg")), picture::svg(&table, &labels))?;
        fs::write(folder.join(format!("{name}.html")), picture::html(&table, &labels))?;
        fs::write(folder.join(format!("{name}.dot")), picture::dot(&table, &labels))?;
    }
    Ok(())
}
