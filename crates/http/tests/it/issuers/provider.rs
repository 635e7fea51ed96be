//! Starts npm's `oidc-provider`.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::long_check;

/// The variable that makes a test fail if the provider is not available. Without it the long check
/// prints a note and passes. Other checks leave the test out.
const REQUIRED: &str = "SCOPEGATE_REQUIRE_OIDC_PROVIDER";

/// A running provider; ends when dropped.
pub(crate) struct Provider {
    process: Child,
    pub(crate) issuer: String,
    address: String,
}

impl Provider {
    /// Starts a provider. Returns `None` if this machine has no node, or cannot install the
    /// package.
    pub(crate) fn start() -> Option<Self> {
        let is_required = std::env::var_os(REQUIRED).is_some();
        if !is_required && !long_check::is_on("a real third-party issuer") {
            return None;
        }
        let folder = match installed() {
            Ok(folder) => folder,
            Err(reason) if is_required => panic!("no `oidc-provider`: {reason}"),
            Err(reason) => {
                eprintln!("SKIPPED: no `oidc-provider` on this machine: {reason}; {REQUIRED}=1 makes this a failure");
                return None;
            }
        };
        let mut process = Command::new("node")
            .arg(sources().join("provider.mjs"))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let said = lines
            .find_map(|line| serde_json::from_str::<Value>(&line).ok())
            .unwrap();
        std::thread::spawn(move || lines.for_each(drop));
        let issuer = said["issuer"].as_str().unwrap().to_owned();
        let address = issuer.strip_prefix("http://").unwrap().to_owned();
        Some(Self {
            process,
            issuer,
            address,
        })
    }

    /// Returns a new access token of the client `machine`.
    pub(crate) fn token(&self, resource: &str, scope: &str) -> String {
        let form = format!("grant_type=client_credentials&resource={resource}&scope={scope}");
        let basic = base64_simd::STANDARD.encode_to_string("machine:secret+of+machine");
        let head = format!("Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        let answer = self.ask("POST", "/token", &head, &form);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["access_token"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"))
            .to_owned()
    }

    /// Revokes a token.
    pub(crate) fn revoke(&self, token: &str) {
        let basic = base64_simd::STANDARD.encode_to_string("machine:secret+of+machine");
        let head = format!("Authorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\n");
        self.ask("POST", "/token/revocation", &head, &format!("token={token}"));
    }

    /// Rotates the signing key.
    pub(crate) fn rotate(&self) {
        assert_eq!(self.ask("POST", "/control/rotate", "", ""), "rotated");
    }

    /// Returns the number of requests for its keys.
    pub(crate) fn fetched(&self) -> usize {
        self.ask("GET", "/control/count", "", "").parse().unwrap()
    }

    /// Stops the provider.
    pub(crate) fn stop(&mut self) {
        let _ = self.process.kill();
        self.process.wait().unwrap();
        assert!(TcpStream::connect(&self.address).is_err());
    }

    fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let host = &self.address;
        let request =
            format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\n{head}Content-Length: {length}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{answer}");
        body.to_owned()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/issuers")
}

/// Returns the folder in which the package of the lock file is installed.
fn installed() -> Result<PathBuf, String> {
    static INSTALLED: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    INSTALLED.get_or_init(install).clone()
}

fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
    let read = |path: &Path| std::fs::read_to_string(path.join("package-lock.json")).ok();
    let is_current =
        read(&folder) == read(&sources()) && folder.join("node_modules/oidc-provider/package.json").exists();
    if is_current && works(&folder) {
        return Ok(folder);
    }
    // Installed in another folder and then moved, because other tests may install it concurrently.
    let made = folder.with_extension(std::process::id().to_string());
    let _ = std::fs::remove_dir_all(&made);
    std::fs::create_dir_all(&made).map_err(|error| error.to_string())?;
    for file in ["package.json", "package-lock.json"] {
        std::fs::copy(sources().join(file), made.join(file)).map_err(|error| error.to_string())?;
    }
    let ran = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&made)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("`npm`: {error}"))?;
    if !ran.status.success() {
        return Err(format!("`npm ci`: {}", String::from_utf8_lossy(&ran.stderr).trim()));
    }
    let _ = std::fs::remove_dir_all(&folder);
    if std::fs::rename(&made, &folder).is_err() {
        let _ = std::fs::remove_dir_all(&made);
    }
    if works(&folder) {
        Ok(folder)
    } else {
        Err("`node` does not load the package".to_owned())
    }
}

fn works(folder: &Path) -> bool {
    let script = "import('oidc-provider').then(() => process.exit(0), () => process.exit(1))";
    let ran = Command::new("node")
        .args(["-e", script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output();
    ran.is_ok_and(|ran| ran.status.success())
}
