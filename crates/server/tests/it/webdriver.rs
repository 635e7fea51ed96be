//! A minimal WebDriver client: JSON over HTTP to a `chromedriver` on the loopback interface.

use std::{
    env,
    error::Error,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::long_check;

/// The failure of a browser test, in one sentence.
pub(crate) type Failure = Box<dyn Error>;

/// The member under which WebDriver returns an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
/// The pause between two attempts, and the number of attempts.
const PAUSE: Duration = Duration::from_millis(100);
const LOOKS: u32 = 150;
const FLAGS: [&str; 8] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// A child process that ends with its owner.
pub(crate) struct Process {
    child: Child,
    lines: Receiver<String>,
}

impl Process {
    /// Starts a program. Both of its outputs are read to their ends.
    pub(crate) fn start(command: &mut Command) -> Result<Self, Failure> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, lines) = mpsc::channel();
        if let Some(output) = child.stdout.take() {
            drain(output, sender.clone());
        }
        if let Some(output) = child.stderr.take() {
            drain(output, sender);
        }
        Ok(Self { child, lines })
    }

    /// The digits after `marker` in the first line that has some.
    pub(crate) fn port_after(&self, marker: &str) -> Result<u16, Failure> {
        let mut seen = Vec::new();
        while let Ok(line) = self.lines.recv_timeout(Duration::from_secs(30)) {
            if let Some(port) = line.split_once(marker).and_then(|(_, rest)| leading_number(rest)) {
                return Ok(port);
            }
            seen.push(line);
        }
        Err(format!("no line with `{marker}PORT`, only: {}", seen.join("\n")).into())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Sends each line of an output to the channel. Reads on after the receiver is dropped, so that the
/// program never blocks.
fn drain(output: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            drop(sender.send(line));
        }
    });
}

/// The number that a text starts with.
fn leading_number(text: &str) -> Option<u16> {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

/// The first of these programs on the search path.
fn program(names: &[&str]) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)))
        .find(|file| file.is_file())
}

/// One headless Chromium with an empty profile, driven by a `chromedriver` of its own.
pub(crate) struct Browser {
    port: u16,
    session: String,
    _driver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts driver and browser; `None` if this is not the long check, or if there is no browser.
    /// With `SCOPEGATE_REQUIRE_BROWSER=1` both are required in any check.
    pub(crate) fn start_if_there() -> Result<Option<Self>, Failure> {
        let is_required = env::var("SCOPEGATE_REQUIRE_BROWSER").is_ok_and(|value| value == "1");
        if !is_required && !long_check::is_on("pages in a browser") {
            return Ok(None);
        }
        Self::start_or_skip(is_required)
    }

    /// The same for a test of the short check, which requires the programs that tests run.
    pub(crate) fn start_in_short_check() -> Result<Option<Self>, Failure> {
        if env::var_os("SCOPEGATE_REQUIRE_PROGRAMS").is_some() {
            return Self::start_or_skip(true);
        }
        Self::start_if_there()
    }

    fn start_or_skip(is_required: bool) -> Result<Option<Self>, Failure> {
        let driver = program(&["chromedriver"]);
        let chromium = program(&["chromium", "chromium-browser", "google-chrome"]);
        match driver.zip(chromium) {
            Some((driver, chromium)) => Self::start(&driver, &chromium).map(Some),
            None if is_required => Err("chromium or chromedriver is not on the search path".into()),
            None => {
                let reason = "SKIPPED: chromium or chromedriver is not on the search path\n";
                std::io::stderr().write_all(reason.as_bytes())?;
                Ok(None)
            }
        }
    }

    /// Starts driver and browser.
    fn start(driver: &Path, chromium: &Path) -> Result<Self, Failure> {
        let profile = tempfile::tempdir()?;
        let driver = Process::start(Command::new(driver).arg("--port=0"))?;
        let port = driver.port_after("started successfully on port ")?;
        let mut arguments: Vec<String> = FLAGS.map(String::from).to_vec();
        arguments.push("--window-size=1280,1600".to_owned());
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": { "binary": chromium, "args": arguments },
        }}});
        let answer = exchange(port, "POST", "/session", &capabilities)?;
        let session = text_of(answer.get("sessionId"))?;
        let browser = Self {
            port,
            session,
            _driver: driver,
            _profile: profile,
        };
        // A headless window has no focus since Chromium 148, so `:focus` would match nothing.
        browser.tell("Emulation.setFocusEmulationEnabled", &json!({ "enabled": true }))?;
        Ok(browser)
    }

    /// Opens an address.
    pub(crate) fn open(&self, address: &str) -> Result<(), Failure> {
        self.command("POST", "/url", &json!({ "url": address })).map(drop)
    }

    /// Goes back in the history of the tab.
    pub(crate) fn back(&self) -> Result<(), Failure> {
        self.command("POST", "/back", &json!({})).map(drop)
    }

    /// The address of the page.
    pub(crate) fn address(&self) -> Result<String, Failure> {
        text_of(Some(&self.command("GET", "/url", &Value::Null)?))
    }

    /// The name of the tab, for [`Browser::go_to_tab`].
    pub(crate) fn tab(&self) -> Result<String, Failure> {
        text_of(Some(&self.command("GET", "/window", &Value::Null)?))
    }

    /// Opens another tab and goes to it. Returns its name for [`Browser::go_to_tab`].
    pub(crate) fn open_tab(&self) -> Result<String, Failure> {
        let opened = self.command("POST", "/window/new", &json!({ "type": "tab" }))?;
        let handle = text_of(opened.get("handle"))?;
        self.go_to_tab(&handle)?;
        Ok(handle)
    }

    /// Goes to a tab.
    pub(crate) fn go_to_tab(&self, handle: &str) -> Result<(), Failure> {
        self.command("POST", "/window", &json!({ "handle": handle })).map(drop)
    }

    /// Presses keys one after the other. Control keys are those of `keyboard`.
    pub(crate) fn press(&self, keys: &str) -> Result<(), Failure> {
        let strokes = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })));
        let strokes: Vec<Value> = strokes.collect();
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.command("POST", "/actions", &actions).map(drop)
    }

    /// Sends a command of the `DevTools` protocol to the tab. Returns its result.
    pub(crate) fn tell(&self, command: &str, parameters: &Value) -> Result<Value, Failure> {
        self.command(
            "POST",
            "/goog/cdp/execute",
            &json!({ "cmd": command, "params": parameters }),
        )
    }

    /// Sets the size of the page in pixels, which may be smaller than a window.
    pub(crate) fn resize(&self, width: u32, height: u32) -> Result<(), Failure> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    /// Sets the colour scheme that the user prefers: `light` or `dark`.
    pub(crate) fn prefer(&self, scheme: &str) -> Result<(), Failure> {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tell("Emulation.setEmulatedMedia", &features).map(drop)
    }

    /// Goes to the window with this number, in the order in which they opened. Waits for it.
    pub(crate) fn go_to_window(&self, number: usize) -> Result<(), Failure> {
        until("a window", || {
            let handles = self.command("GET", "/window/handles", &Value::Null)?;
            let handle = text_of(handles.get(number))?;
            self.command("POST", "/window", &json!({ "handle": handle }))
        })
        .map(drop)
    }

    /// Clicks the first element that a CSS selector finds, as soon as one can be clicked.
    pub(crate) fn click(&self, selector: &str) -> Result<(), Failure> {
        until(selector, || {
            let element = self.find(selector)?;
            self.command("POST", &format!("/element/{element}/click"), &json!({}))
        })
        .map(drop)
    }

    /// Types into the first element that a selector finds.
    pub(crate) fn fill(&self, selector: &str, text: &str) -> Result<(), Failure> {
        until(selector, || {
            let element = self.find(selector)?;
            self.command("POST", &format!("/element/{element}/value"), &json!({ "text": text }))
        })
        .map(drop)
    }

    /// The text of the first element that a selector finds, without white space at its ends. Waits
    /// for a text.
    pub(crate) fn text(&self, selector: &str) -> Result<String, Failure> {
        until(selector, || {
            let element = self.find(selector)?;
            let text = text_of(Some(&self.command(
                "GET",
                &format!("/element/{element}/text"),
                &Value::Null,
            )?))?;
            let text = text.trim();
            if text.is_empty() {
                Err("the element is empty".into())
            } else {
                Ok(text.to_owned())
            }
        })
    }

    /// Waits until the first element that a selector finds begins with this text.
    pub(crate) fn wait_for_text(&self, selector: &str, text: &str) -> Result<(), Failure> {
        until(selector, || {
            let element = self.find(selector)?;
            let found = self.command("GET", &format!("/element/{element}/text"), &Value::Null)?;
            match text_of(Some(&found))? {
                found if found.trim().starts_with(text) => Ok(()),
                found => Err(format!("`{}` is not `{text}`", found.trim()).into()),
            }
        })
    }

    /// Waits until a selector finds an element.
    pub(crate) fn wait_for(&self, selector: &str) -> Result<(), Failure> {
        until(selector, || self.find(selector)).map(drop)
    }

    /// Runs a function body in the page; a promise is awaited.
    pub(crate) fn run(&self, script: &str) -> Result<Value, Failure> {
        self.run_with(script, &[])
    }

    /// The same with arguments.
    pub(crate) fn run_with(&self, script: &str, arguments: &[Value]) -> Result<Value, Failure> {
        self.command("POST", "/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// The errors of the browser's console since the last call, with violations of a
    /// Content-Security-Policy.
    pub(crate) fn console_errors(&self) -> Result<Vec<String>, Failure> {
        let entries = self.command("POST", "/se/log", &json!({ "type": "browser" }))?;
        let entries = entries.as_array().map(Vec::as_slice).unwrap_or_default();
        let severe = entries
            .iter()
            .filter(|entry| entry.get("level").is_some_and(|level| level == "SEVERE"));
        severe.map(|entry| text_of(entry.get("message"))).collect()
    }

    fn find(&self, selector: &str) -> Result<String, Failure> {
        let query = json!({ "using": "css selector", "value": selector });
        text_of(self.command("POST", "/element", &query)?.get(ELEMENT))
    }

    /// Sends a command of the session, by its path below that of the session.
    pub(crate) fn command(&self, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
        exchange(self.port, method, &format!("/session/{}{path}", self.session), body)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The driver ends its browser with the session. If it were killed first, the browser would
        // keep running.
        drop(self.command("DELETE", "", &Value::Null));
    }
}

/// Tries until it succeeds or the time is over. Then returns the last failure, with its subject.
fn until<T>(about: &str, mut attempt: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    let mut last = String::new();
    for _ in 0..LOOKS {
        match attempt() {
            Ok(value) => return Ok(value),
            Err(failure) => last = failure.to_string(),
        }
        thread::sleep(PAUSE);
    }
    Err(format!("`{about}`: {last}").into())
}

/// A JSON value that must be text.
fn text_of(value: Option<&Value>) -> Result<String, Failure> {
    value
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| "the driver's answer lacks a text".into())
}

/// Sends one WebDriver command. Returns its `value`, or its error as a failure.
fn exchange(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, Failure> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let body = if method == "POST" {
        body.to_string()
    } else {
        String::new()
    };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\
         Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer: Value = serde_json::from_slice(&read_body(stream)?)?;
    let value = answer.get_mut("value").map(Value::take).unwrap_or_default();
    match value.get("error") {
        Some(error) => Err(format!("{error}: {}", value.get("message").unwrap_or(&Value::Null)).into()),
        None => Ok(value),
    }
}

/// Reads the body of a response that has a length.
fn read_body(stream: TcpStream) -> Result<Vec<u8>, Failure> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok(body)
}
