//! The address of one server, as far as a request shows it.

use std::collections::BTreeSet;

use percent_encoding::percent_decode_str;

/// The maximum number of addresses that the variables of one server can form.
const MAX_ADDRESSES: usize = 256;

/// The address of a server: host and path, without the scheme, which a proxy may have changed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Server {
    /// Host and port; `None` if the address is relative to that of the document.
    authority: Option<Vec<Piece>>,
    /// Decoded, without a slash at its end.
    path: Vec<Piece>,
}

/// A part of an address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Piece {
    /// A variable that can have any value without a slash.
    Any,
    /// A variable that has one of these values.
    OneOf(Vec<String>),
    Text(String),
}

impl Piece {
    fn only_text(&self) -> Option<&str> {
        match self {
            Self::Any => None,
            Self::OneOf(values) => {
                let first = values.first()?;
                values.iter().all(|value| value == first).then_some(first)
            }
            Self::Text(text) => Some(text),
        }
    }
}

impl Server {
    /// `/` on the host of the document.
    pub(crate) const fn root() -> Self {
        Self {
            authority: None,
            path: Vec::new(),
        }
    }

    /// Returns the size of its text in bytes.
    pub(super) fn len(&self) -> usize {
        let pieces = self.authority.iter().flatten().chain(&self.path);
        pieces
            .map(|piece| match piece {
                Piece::Any => 1,
                Piece::OneOf(values) => values.iter().map(String::len).sum(),
                Piece::Text(text) => text.len(),
            })
            .sum::<usize>()
            + 1
    }

    /// Whether a request to this host, in lower case, can be for the server. A server without a
    /// host is on any host.
    pub(crate) fn has_host(&self, host: &str) -> bool {
        let Some(authority) = &self.authority else {
            return true;
        };
        // The default port of the scheme is optional.
        let bare = [":80", ":443"].into_iter().find_map(|port| host.strip_suffix(port));
        let spellings = match bare {
            Some(bare) => vec![host.to_owned(), bare.to_owned()],
            None => vec![host.to_owned(), format!("{host}:80"), format!("{host}:443")],
        };
        spellings.iter().any(|host| ends(authority, host).contains(&host.len()))
    }

    /// Returns the whole path, without a slash at its end; `None` if a variable has several values.
    pub(crate) fn whole_path(&self) -> Option<String> {
        self.path.iter().map(Piece::only_text).collect()
    }

    /// Returns the positions where the path of the server can end in the decoded path of a request,
    /// the longest first.
    pub(crate) fn path_ends(&self, path: &str) -> Vec<usize> {
        let is_border = |end: &usize| {
            path.get(*end..)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        ends(&self.path, path).into_iter().rev().filter(is_border).collect()
    }
}

/// Returns all positions where a match of the pieces can end in the text.
fn ends(pieces: &[Piece], text: &str) -> BTreeSet<usize> {
    let mut places = BTreeSet::from([0]);
    for piece in pieces {
        if matches!(piece, Piece::Any) {
            places = ends_of_any(&places, text);
            continue;
        }
        let mut next = BTreeSet::new();
        for place in places {
            let rest = text.get(place..).unwrap_or_default();
            match piece {
                Piece::Any => {}
                Piece::OneOf(values) => {
                    let known = values.iter().filter(|value| rest.starts_with(value.as_str()));
                    next.extend(known.map(|value| place + value.len()));
                }
                Piece::Text(known) => next.extend(rest.starts_with(known.as_str()).then_some(place + known.len())),
            }
        }
        places = next;
    }
    places
}

/// Returns all positions where a value without a slash can end that begins at one of these
/// positions. The text is read once, regardless of the number of positions.
fn ends_of_any(places: &BTreeSet<usize>, text: &str) -> BTreeSet<usize> {
    let mut is_inside = false;
    let mut ends = BTreeSet::new();
    for (place, character) in text.char_indices() {
        is_inside = (is_inside || places.contains(&place)) && character != '/';
        if is_inside {
            ends.insert(place + character.len_utf8());
        }
    }
    ends
}

/// The address of a server as a document writes it.
pub(super) struct Written(Vec<Piece>);

impl Written {
    /// An address without variables.
    pub(super) fn plain(url: &str) -> Self {
        Self(vec![Piece::Text(url.trim().to_owned())])
    }

    /// An address with variables in braces. `values` has the values of a variable, or `None` if it
    /// can have any.
    pub(super) fn new(url: &str, values: impl Fn(&str) -> Option<Vec<String>>) -> Self {
        let mut pieces = Vec::new();
        let mut rest = url.trim();
        while let Some((before, (name, after))) = rest
            .split_once('{')
            .and_then(|(before, inside)| Some((before, inside.split_once('}')?)))
        {
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(values(name.trim()).map_or(Piece::Any, Piece::OneOf));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    /// Returns the servers that the pattern can name. A slash or colon in a value ends the host,
    /// and an empty value can end the path, so each value makes its own server.
    pub(super) fn servers(&self) -> Vec<Server> {
        let mut written: Vec<Vec<Piece>> = vec![Vec::new()];
        for piece in &self.0 {
            let values = match piece {
                Piece::OneOf(values)
                    if values
                        .iter()
                        .any(|value| value.is_empty() || value.contains(['/', ':'])) =>
                {
                    values
                }
                _ => {
                    for pieces in &mut written {
                        pieces.push(piece.clone());
                    }
                    continue;
                }
            };
            let with = |pieces: &Vec<Piece>, value: &String| {
                let mut pieces = pieces.clone();
                pieces.push(Piece::Text(value.clone()));
                pieces
            };
            written = written
                .iter()
                .flat_map(|pieces| values.iter().map(move |value| with(pieces, value)))
                .take(MAX_ADDRESSES)
                .collect();
        }
        written.into_iter().map(server).collect()
    }
}

/// Divides an address at the slash before its path.
fn server(pieces: Vec<Piece>) -> Server {
    let mut pieces = without_query(merged(pieces));
    let Some(behind) = behind_scheme(&pieces) else {
        // A variable of any value at the start can contain more than the host, so the rest is
        // compared.
        if pieces.first() == Some(&Piece::Any) {
            pieces.remove(0);
        }
        return Server {
            authority: None,
            path: path(pieces),
        };
    };
    let mut authority = Vec::new();
    let mut rest = Vec::new();
    for piece in behind {
        match piece {
            _ if !rest.is_empty() => rest.push(piece),
            Piece::Text(text) => {
                let (host, behind) = text.split_at(text.find('/').unwrap_or(text.len()));
                // A user before the host is not part of it.
                let host = match host.rsplit_once('@') {
                    Some((_, host)) => {
                        authority.clear();
                        host
                    }
                    None => host,
                };
                authority.push(Piece::Text(host.to_ascii_lowercase()));
                if !behind.is_empty() {
                    rest.push(Piece::Text(behind.to_owned()));
                }
            }
            Piece::OneOf(values) => {
                let lower = values.iter().map(|value| value.to_ascii_lowercase());
                authority.push(Piece::OneOf(lower.collect()));
            }
            Piece::Any => authority.push(Piece::Any),
        }
    }
    Server {
        authority: Some(merged(authority)),
        path: path(rest),
    }
}

/// Merges adjacent texts and removes empty ones.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (merged.last_mut(), piece) {
            (_, Piece::Text(text)) if text.is_empty() => {}
            (Some(Piece::Text(before)), Piece::Text(text)) => before.push_str(&text),
            // Two variables of any value without a text between them are one.
            (Some(Piece::Any), Piece::Any) => {}
            (_, piece) => merged.push(piece),
        }
    }
    merged
}

fn without_query(mut pieces: Vec<Piece>) -> Vec<Piece> {
    let has_query = |piece: &Piece| matches!(piece, Piece::Text(text) if text.contains(['?', '#']));
    if let Some(place) = pieces.iter().position(has_query) {
        pieces.truncate(place + 1);
        if let Some(Piece::Text(text)) = pieces.last_mut() {
            text.truncate(text.find(['?', '#']).unwrap_or(text.len()));
        }
    }
    pieces
}

/// Returns the address after `https://` or `//`, or `None` if it has no host.
fn behind_scheme(pieces: &[Piece]) -> Option<Vec<Piece>> {
    let behind = |place: usize, text: &str| {
        let rest = pieces.get(place + 1..).unwrap_or_default().iter().cloned();
        std::iter::once(Piece::Text(text.to_owned())).chain(rest).collect()
    };
    match pieces {
        [Piece::Text(first), ..] => {
            let (scheme, text) = first.split_once("//")?;
            let is_scheme = scheme.is_empty() || (scheme.ends_with(':') && !scheme.contains('/'));
            is_scheme.then(|| behind(0, text))
        }
        // The scheme is a variable.
        [_, Piece::Text(second), ..] => second.strip_prefix("://").map(|text| behind(1, text)),
        _ => None,
    }
}

/// Returns the path, with a slash before it and none after it. Relative parts before it depend on
/// the address of the document, so they are left out.
fn path(pieces: Vec<Piece>) -> Vec<Piece> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let mut pieces: Vec<Piece> = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Piece::Text(decoded(&text)),
            Piece::OneOf(values) => Piece::OneOf(values.iter().map(|value| decoded(value)).collect()),
            Piece::Any => Piece::Any,
        })
        .collect();
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        let mut text = first.as_str();
        while let Some(rest) = text.strip_prefix("../").or_else(|| text.strip_prefix("./")) {
            text = rest;
        }
        let text = if matches!(text, "." | "..") { "" } else { text };
        *first = text.trim_start_matches('/').to_owned();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        last.truncate(last.trim_end_matches('/').len());
    }
    let mut pieces = merged(pieces);
    if !pieces.is_empty() {
        pieces.insert(0, Piece::Text("/".to_owned()));
    }
    merged(pieces)
}

#[cfg(test)]
mod tests;
