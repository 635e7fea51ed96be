//! An application: pages on a port of the loopback address, to which users return with a code.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// A page with a button that opens the address in its query in a window. It shows the address that
/// the window sends back.
const OPENER: &str = r#"<!DOCTYPE html><html lang="en"><title>Application</title><h1>Application</h1>
<button id="open">Log in</button><p id="answer"></p><script>
addEventListener("message", event => {
  if (event.origin === location.origin) document.getElementById("answer").textContent = event.data;
});
document.getElementById("open").onclick = () => open(decodeURIComponent(location.search.slice(1)));
</script></html>"#;

/// The page at the redirect URI. With script, it sends its address to the window that opened it.
const BACK: &str = r#"<!DOCTYPE html><html lang="en"><title>Application</title><h1>Back in the application</h1><script>
if (opener) opener.postMessage(location.href, location.origin);
</script></html>"#;

/// A running application. It ends with the test.
pub(super) struct Application {
    pub(super) origin: String,
}

impl Application {
    pub(super) fn listen() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || answer(stream));
            }
        });
        Self { origin }
    }

    pub(super) fn redirect_uri(&self) -> String {
        format!("{}/cb", self.origin)
    }
}

fn answer(stream: TcpStream) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut header = String::new();
    while reader.read_line(&mut header)? > 2 {
        header.clear();
    }
    let path = line.split(' ').nth(1).unwrap_or_default();
    let (status, page) = match path.split('?').next() {
        Some("/cb") => ("200 OK", BACK),
        Some("/open") => ("200 OK", OPENER),
        // A browser requests `/favicon.ico`.
        _ => ("204 No Content", ""),
    };
    let length = page.len();
    write!(
        reader.get_mut(),
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{page}"
    )
}
