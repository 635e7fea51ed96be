//! A line on a terminal while a command takes long.

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Shorter work shows no line. It is also the interval at which the line is written again.
const SECOND: Duration = Duration::from_secs(1);

/// The visible line. A command writes from many places, and each of them clears the line first.
static SHOWN: Mutex<Option<Shown>> = Mutex::new(None);

/// The sender that keeps the line visible, and the thread that writes it.
struct Shown(Sender<()>, JoinHandle<()>);

/// Starts to show on standard error that a command works, if that is a terminal.
pub(crate) fn start() {
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if is_dumb || !io::stderr().is_terminal() {
        return;
    }
    let (alive, end) = channel();
    let writer = std::thread::Builder::new().spawn(move || show(&end, SECOND, &mut io::stderr()));
    // Without the thread there is no line, and nothing else changes.
    let shown = writer.ok().map(|writer| Shown(alive, writer));
    *SHOWN.lock().unwrap_or_else(PoisonError::into_inner) = shown;
}

/// Clears the line before other output is written.
pub(crate) fn end() {
    let shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Shown(alive, writer)) = shown {
        drop(alive);
        // It does not matter whether the line could be written.
        let _ = writer.join();
    }
}

/// Writes the line at each interval until the other end is closed, and then clears it.
fn show(end: &Receiver<()>, interval: Duration, terminal: &mut impl Write) {
    let mut intervals = 0_u64;
    while end.recv_timeout(interval) == Err(RecvTimeoutError::Timeout) {
        intervals += 1;
        let line = format!("\r\x1b[Kstill at work, {intervals} s");
        if terminal
            .write_all(line.as_bytes())
            .and_then(|()| terminal.flush())
            .is_err()
        {
            return;
        }
    }
    if intervals > 0 {
        let _ = terminal.write_all(b"\r\x1b[K").and_then(|()| terminal.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_at_once_says_nothing() {
        let (alive, end) = channel();
        drop(alive);
        let mut terminal = Vec::new();
        show(&end, Duration::from_mins(10), &mut terminal);
        assert_eq!(terminal, b"");
    }

    #[test]
    fn what_takes_long_says_so_and_leaves_nothing_behind() {
        let (alive, end) = channel();
        let (told, hears) = channel();
        let writer = std::thread::spawn(move || {
            let mut terminal = Lines(told, Vec::new());
            show(&end, Duration::from_millis(1), &mut terminal);
            terminal.1
        });
        let first: Vec<Vec<u8>> = hears.iter().take(2).collect();
        drop(alive);
        let all = String::from_utf8(writer.join().unwrap()).unwrap();
        assert_eq!(first, [b"\r\x1b[Kstill at work, 1 s", b"\r\x1b[Kstill at work, 2 s"]);
        assert!(all.ends_with(" s\r\x1b[K"), "{all:?}");
    }

    /// Sends each written text to the channel, and keeps them all.
    struct Lines(Sender<Vec<u8>>, Vec<u8>);

    impl Write for Lines {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            // The receiver may have been dropped.
            let _ = self.0.send(text.to_vec());
            self.1.extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
