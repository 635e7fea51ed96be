//! Origins, as browsers write them.

use std::borrow::Borrow;
use std::net::Ipv6Addr;

/// An origin in the form that browsers send: [RFC 6454, section
/// 6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Origin(String);

/// A text that is not an allowed origin, and the reason.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be an allowed origin: {fault}")]
#[non_exhaustive]
pub struct WrongOrigin {
    /// The text.
    pub text: String,
    /// The cause.
    pub fault: InvalidOrigin,
}

/// The reasons why a text is not an allowed origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// Browsers leave the port out.
    #[error("browsers leave out the default port of a scheme")]
    DefaultPort,
    /// The host is none.
    #[error("its host is neither a name nor an address; write a name with other letters in its `xn--` form")]
    Host,
    /// Browsers send lower case.
    #[error("browsers send an origin in lower case")]
    LowerCase,
    /// The origin is `null`, which every sandboxed page has.
    #[error("it is the origin of every sandboxed page of any site")]
    Null,
    /// The text continues after host and port.
    #[error("nothing may follow host and port, not even a slash")]
    Path,
    /// The port is none.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// The scheme is missing.
    #[error("it does not begin with a scheme such as `https://`")]
    Scheme,
}

impl Origin {
    /// Reads an origin.
    ///
    /// # Errors
    ///
    /// [`WrongOrigin`] if no browser would send this origin.
    pub(super) fn parse(text: &str) -> Result<Self, WrongOrigin> {
        let fault = |fault| WrongOrigin {
            text: text.to_owned(),
            fault,
        };
        check(text).map_err(fault)?;
        Ok(Self(text.to_owned()))
    }
}

impl Borrow<str> for Origin {
    fn borrow(&self) -> &str {
        &self.0
    }
}

fn check(text: &str) -> Result<(), InvalidOrigin> {
    if text == "null" {
        return Err(InvalidOrigin::Null);
    }
    if text.contains(|letter: char| letter.is_ascii_uppercase()) {
        return Err(InvalidOrigin::LowerCase);
    }
    let (scheme, rest) = text.split_once("://").ok_or(InvalidOrigin::Scheme)?;
    if !is_scheme(scheme) {
        return Err(InvalidOrigin::Scheme);
    }
    if rest.contains(['/', '?', '#']) {
        return Err(InvalidOrigin::Path);
    }
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    if !is_host(host) {
        return Err(InvalidOrigin::Host);
    }
    port.map_or(Ok(()), |port| check_port(scheme, port))
}

fn is_scheme(text: &str) -> bool {
    let is_inner = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "+-.".contains(letter);
    text.starts_with(|letter: char| letter.is_ascii_lowercase()) && text.chars().all(is_inner)
}

fn is_host(text: &str) -> bool {
    if let Some(address) = text.strip_prefix('[') {
        let address = address.strip_suffix(']').unwrap_or_default();
        // An address has several forms. Browsers send the shortest, which is also the printed form.
        return address
            .parse()
            .is_ok_and(|parsed: Ipv6Addr| parsed.to_string() == address);
    }
    let is_inner = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    !text.is_empty() && text.chars().all(is_inner)
}

fn check_port(scheme: &str, port: &str) -> Result<(), InvalidOrigin> {
    let number: u16 = port.parse().map_err(|_| InvalidOrigin::Port)?;
    // `+80` and `080` are numbers, too.
    if number == 0 || number.to_string() != port {
        return Err(InvalidOrigin::Port);
    }
    match (scheme, number) {
        ("http" | "ws", 80) | ("https" | "wss", 443) => Err(InvalidOrigin::DefaultPort),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for text in [
            "https://app.example",
            "http://localhost:3000",
            "http://127.0.0.1:8000",
            "http://[::1]:8000",
            "https://[2001:db8::1]",
            "https://xn--bcher-kva.example",
            "http://app.example:443",
            "chrome-extension://abcdefghijklmnop",
            "capacitor://localhost",
        ] {
            assert_eq!(Origin::parse(text).map(|origin| origin.0), Ok(text.to_owned()));
        }
    }

    #[test]
    fn every_other_text_is_refused_with_its_reason() {
        use InvalidOrigin::{DefaultPort, Host, LowerCase, Null, Path, Port, Scheme};
        for (text, fault) in [
            ("null", Null),
            ("", Scheme),
            ("*", Scheme),
            ("app.example", Scheme),
            ("//app.example", Scheme),
            ("://app.example", Scheme),
            ("1https://app.example", Scheme),
            ("https:app.example", Scheme),
            ("https://app.example/", Path),
            ("https://app.example/x", Path),
            ("https://app.example?x", Path),
            ("https://app.example#x", Path),
            ("https://App.example", LowerCase),
            ("HTTPS://app.example", LowerCase),
            ("https://", Host),
            ("https://*.example", Host),
            ("https://user@app.example", Host),
            ("https://app example", Host),
            ("https://app.example, https://b.example", Path),
            ("https://b\u{fc}cher.example", Host),
            ("https://app.example\\", Host),
            ("https://[::1", Host),
            ("https://[0:0::1]", Host),
            ("https://[::1]x", Host),
            ("https://:8000", Host),
            ("https://app.example:", Port),
            ("https://app.example:0", Port),
            ("https://app.example:080", Port),
            ("https://app.example:+1", Port),
            ("https://app.example:65536", Port),
            ("https://app.example:443", DefaultPort),
            ("http://app.example:80", DefaultPort),
        ] {
            assert_eq!(Origin::parse(text).map_err(|wrong| wrong.fault), Err(fault), "{text}");
        }
        assert_eq!(
            Origin::parse("https://a.example/").unwrap_err().to_string(),
            "`https://a.example/` cannot be an allowed origin: nothing may follow host and port, not even a slash"
        );
    }
}
