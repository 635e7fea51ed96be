//! Finds and installs the programs: packages of npm and PyPI under the target directory, programs
//! of Debian on the search path.

#![expect(clippy::panic, reason = "a test may fail")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crate::long_check;

/// The variable that makes a test fail if its program is not available, and that includes the
/// programs of the short check.
const REQUIRED: &str = "SCOPEGATE_REQUIRE_PROGRAMS";

/// Which check runs a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Check {
    /// `.ci/run` and `.ci/long`.
    Short,
    /// `.ci/long` alone.
    Long,
}

/// Where the scripts and configurations are.
pub(crate) fn sources(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/programs")
        .join(file)
}

/// The folder with the installed packages of npm, or `None` after a message.
pub(crate) fn node(check: Check, name: &str) -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    available(check, name, || INSTALLED.get_or_init(install_node).clone())
}

/// The interpreter of a virtual environment with the packages of this file of requirements, or
/// `None` after a message.
pub(crate) fn python(check: Check, name: &str) -> Option<PathBuf> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    available(check, name, || {
        INSTALLED.get_or_init(|| install_python("requirements.txt")).clone()
    })
}

/// The same with the packages of Schemathesis.
pub(crate) fn schemathesis(name: &str) -> Option<PathBuf> {
    available(Check::Long, name, || install_python("schemathesis.txt"))
}

/// The same with the packages of Wapiti.
pub(crate) fn wapiti(name: &str) -> Option<PathBuf> {
    available(Check::Long, name, || install_python("wapiti.txt"))
}

/// The path of a program of Debian and the version of its package, or `None` after a message.
pub(crate) fn debian(check: Check, package: &str, file: &str) -> Option<(PathBuf, String)> {
    available(check, &format!("Debian's `{package}`"), || {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::env::split_paths(&folders).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/")]);
        let mut files = folders.map(|folder| folder.join(file));
        let found = files.find(|path| path.is_file());
        let path = found.ok_or_else(|| format!("`{file}` does not exist"))?;
        let show = ["-W", "-f", "${Version}", package];
        let version = run(Command::new("dpkg-query").args(show)).unwrap_or_default();
        Ok((path, upstream(&version).to_owned()))
    })
}

/// The version of the authors in a version of Debian: `2.3.19.1` in `1:2.3.19.1+dfsg1-2.1+deb12u7`.
fn upstream(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    version.split(['-', '+', '~']).next().unwrap_or_default()
}

/// The program, if this check runs it and the machine has it. Panics if it is required and
/// missing.
fn available<T>(check: Check, name: &str, find: impl FnOnce() -> Result<T, String>) -> Option<T> {
    let is_required = std::env::var_os(REQUIRED).is_some();
    let is_wanted = (check == Check::Short && is_required) || long_check::is_on(name);
    if !is_wanted {
        return None;
    }
    match find() {
        Ok(found) => Some(found),
        Err(reason) if is_required => panic!("no {name}: {reason}"),
        Err(reason) => {
            left_out(&format!(
                "{name} is not on this machine: {reason}; {REQUIRED}=1 makes this a failure"
            ));
            None
        }
    }
}

/// Prints what is not tested.
pub(crate) fn left_out(what: &str) {
    // Not `eprintln!`: the test runner hides what a passing test prints with it.
    drop(std::io::stderr().write_all(format!("LEFT OUT: {what}\n").as_bytes()));
}

fn install_node() -> Result<PathBuf, String> {
    let files = ["package-lock.json", "package.json"];
    installed("node", &files, |folder| {
        let line = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
        run(Command::new("npm").args(line).current_dir(folder)).map(drop)
    })
}

fn install_python(requirements: &str) -> Result<PathBuf, String> {
    let folder = installed("python", &[requirements], |folder| {
        run(Command::new("python3").args(["-m", "venv"]).arg(folder.join("venv")))?;
        let line = ["-m", "pip", "install", "--quiet", "--requirement"];
        let python = folder.join("venv/bin/python");
        run(Command::new(python).args(line).arg(folder.join(requirements))).map(drop)
    })?;
    Ok(folder.join("venv/bin/python"))
}

/// The folder in which the packages of these files are installed. The first file names all
/// versions, and marks a complete installation. Test processes that install at the same time are
/// serialized by a lock.
fn installed(kind: &str, files: &[&str], install: impl Fn(&Path) -> Result<(), String>) -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("programs-{kind}-{}", files.join("-")));
    let text = |error: std::io::Error| error.to_string();
    let lock = fs::File::create(folder.with_extension("lock")).map_err(text)?;
    lock.lock().map_err(text)?;
    let mark = folder.join("installed");
    let wanted = fs::read_to_string(sources(kind).join(files.first().unwrap())).map_err(text)?;
    if fs::read_to_string(&mark).is_ok_and(|found| found == wanted) {
        return Ok(folder);
    }
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(text)?;
    for file in files {
        fs::copy(sources(kind).join(file), folder.join(file)).map_err(text)?;
    }
    install(&folder)?;
    fs::write(mark, wanted).map_err(text)?;
    Ok(folder)
}

/// The output of a command, or what it says about its failure.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!(
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}

#[test]
fn version_of_debian_contains_that_of_authors() {
    assert_eq!(upstream("1:2.3.19.1+dfsg1-2.1+deb12u7"), "2.3.19.1");
    assert_eq!(upstream("3.3.1-1"), "3.3.1");
    assert_eq!(upstream("2.4.71-1~deb12u1"), "2.4.71");
}
