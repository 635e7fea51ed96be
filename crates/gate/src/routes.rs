//! The table of routes: one look-up from a path to its entries, regardless of the number of
//! operations.

mod spelling;
mod target;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use http::HeaderValue;
use matchit::Router;

pub use self::target::Target;
use crate::path;

/// Maps a path and a method to a value of type `T`.
#[derive(Debug)]
pub(crate) struct Routes<T> {
    router: Router<usize>,
    entries: Vec<RouteEntry<T>>,
    by_shape: HashMap<String, usize>,
}

/// The entries at one path.
#[derive(Debug)]
struct RouteEntry<T> {
    /// Whether the template ends with a slash.
    ends_with_slash: bool,
    methods: Vec<(&'static str, T)>,
    allow: HeaderValue,
}

/// The answer of the table to a method and a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "each outcome has its response")]
pub enum Lookup<'t, T> {
    /// No entry at this path, but an entry at the path with its last slash added or its last
    /// slashes removed: that path, encoded.
    Redirect(String),
    /// An entry, with the values of the template's parameters, decoded, in order.
    Found(&'t T, Vec<String>),
    /// Entries for other methods only: the value of `Allow`.
    OtherMethods(&'t HeaderValue),
    /// No entry.
    Unknown,
}

/// The reasons why a route cannot be added to the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RouteClash {
    #[error("another route has the same method and path")]
    Taken,
    #[error("its parameters conflict with those of `{with}`")]
    Ambiguous { with: String },
    #[error("the path is not a template; write parameters as names in braces, at most one in a segment")]
    Template,
}

impl<T> Routes<T> {
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            entries: Vec::new(),
            by_shape: HashMap::new(),
        }
    }

    /// Adds the entry of a method at a template.
    ///
    /// # Errors
    ///
    /// [`RouteClash`].
    pub(crate) fn add(&mut self, method: &'static str, template: &str, target: T) -> Result<(), RouteClash> {
        let shape = shape(template);
        let known = self.by_shape.get(&shape).and_then(|index| self.entries.get_mut(*index));
        let Some(entry) = known else {
            self.router
                .insert(shape.as_str(), self.entries.len())
                .map_err(RouteClash::from)?;
            self.by_shape.insert(shape, self.entries.len());
            let allow = HeaderValue::from_static(method);
            self.entries.push(RouteEntry {
                ends_with_slash: template.ends_with('/'),
                methods: vec![(method, target)],
                allow,
            });
            return Ok(());
        };
        if entry.methods.iter().any(|(taken, _)| *taken == method) {
            return Err(RouteClash::Taken);
        }
        entry.methods.push((method, target));
        let methods: Vec<_> = entry.methods.iter().map(|(method, _)| *method).collect();
        entry.allow = HeaderValue::from_str(&methods.join(", ")).unwrap_or(entry.allow.clone());
        Ok(())
    }

    /// Finds the entry at a raw path. The path is decoded here, once.
    pub(crate) fn find(&self, method: &str, raw_path: &str) -> Lookup<'_, T> {
        let Some(path) = path::decode(raw_path) else {
            return Lookup::Unknown;
        };
        let Some((entry, values)) = self.entry(&path) else {
            return self.other_spelling(&path).map_or(Lookup::Unknown, Lookup::Redirect);
        };
        match entry.methods.iter().find(|(known, _)| *known == method) {
            Some((_, target)) => Lookup::Found(target, values),
            None => Lookup::OtherMethods(&entry.allow),
        }
    }

    /// Finds the entry as [`Routes::find`] does, if another router finds the same one: one that
    /// compares the raw path, or one that removes dot segments or empty ones.
    ///
    /// SECURITY: otherwise a request could pass as one operation and run another
    /// (`tests/it/layer.rs`, `request_that_runs_was_authorized_for_its_route`).
    pub(crate) fn find_alike(&self, method: &str, raw_path: &str) -> Lookup<'_, T> {
        match self.find(method, raw_path) {
            Lookup::Found(..) | Lookup::OtherMethods(_) if !self.is_read_alike(raw_path) => Lookup::Unknown,
            found => found,
        }
    }

    fn is_read_alike(&self, raw_path: &str) -> bool {
        let Some(path) = path::decode(raw_path) else {
            return false;
        };
        let is_decoded = matches!(path, Cow::Owned(_));
        spelling::is_unambiguous(raw_path)
            && !self.ignores_last_slash(&path)
            && (!is_decoded || self.number(raw_path) == self.number(&path))
    }

    /// Whether the path has a last slash that its template does not have, and another entry without
    /// it. A router that removes empty segments finds that one.
    fn ignores_last_slash(&self, path: &str) -> bool {
        let found = self.number(path);
        let entry = found.and_then(|found| self.entries.get(found));
        let without = path.strip_suffix('/').filter(|rest| !rest.is_empty());
        let other = without.and_then(|rest| self.number(rest));
        other.is_some() && other != found && entry.is_some_and(|entry| !entry.ends_with_slash)
    }

    /// Returns the place of the entry at a decoded path.
    fn number(&self, path: &str) -> Option<usize> {
        self.router.at(path).ok().map(|matched| *matched.value)
    }

    /// Returns the decoded path with or without its last slash, if it has an entry.
    ///
    /// SECURITY: a redirect to a path that begins with two slashes would lead to another host.
    /// Browsers treat a backslash as a slash. There is no such redirect (http/tests/it/gate.rs,
    /// `redirect_stays_on_this_host`).
    fn other_spelling(&self, path: &str) -> Option<String> {
        let other = match path.strip_suffix('/') {
            Some(_) => Cow::Borrowed(path.trim_end_matches('/')),
            None => Cow::Owned(format!("{path}/")),
        };
        let leads_here = other
            .strip_prefix('/')
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '\\']));
        (leads_here && self.entry(&other).is_some()).then(|| path::encode(&other))
    }

    /// Returns all entries at a raw path.
    pub(crate) fn methods(&self, raw_path: &str) -> &[(&'static str, T)] {
        let entry = path::decode(raw_path).and_then(|path| self.entry(&path));
        entry.map_or(&[], |(entry, _)| &entry.methods)
    }

    /// Returns all entries at a template.
    pub(crate) fn methods_of(&self, template: &str) -> &[(&'static str, T)] {
        let entry = self.by_shape.get(&shape(template));
        let entry = entry.and_then(|index| self.entries.get(*index));
        entry.map_or(&[], |entry| &entry.methods)
    }

    fn entry(&self, path: &str) -> Option<(&RouteEntry<T>, Vec<String>)> {
        let matched = self.router.at(path).ok()?;
        let entry = self.entries.get(*matched.value)?;
        Some((
            entry,
            matched.params.iter().map(|(_, value)| value.to_owned()).collect(),
        ))
    }
}

/// Returns the template with its parameters numbered, so that two names for the same path are
/// equal.
fn shape(template: &str) -> String {
    let mut shape = String::with_capacity(template.len());
    for (index, part) in template.split('{').enumerate() {
        match part.split_once('}') {
            Some((name, rest)) if index > 0 && !name.is_empty() => {
                let catch_all = if name.starts_with('*') { "*" } else { "" };
                // Writing into a `String` does not fail.
                let _ = write!(shape, "{{{catch_all}{index}}}{rest}");
            }
            _ if index == 0 => shape.push_str(part),
            _ => shape.extend(["{", part]),
        }
    }
    shape
}

impl From<matchit::InsertError> for RouteClash {
    fn from(fault: matchit::InsertError) -> Self {
        match fault {
            matchit::InsertError::Conflict { with } => Self::Ambiguous { with },
            _ => Self::Template,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[(&'static str, &str)]) -> Routes<usize> {
        let mut routes = Routes::new();
        for (index, (method, template)) in list.iter().enumerate() {
            routes.add(method, template, index).unwrap();
        }
        routes
    }

    fn found(routes: &Routes<usize>, method: &str, path: &str) -> Option<(usize, Vec<String>)> {
        match routes.find(method, path) {
            Lookup::Found(target, values) => Some((*target, values)),
            _ => None,
        }
    }

    #[test]
    fn last_slash_does_not_lead_to_another_entry() {
        let routes = routes(&[
            ("GET", "/admin"),
            ("GET", "/{*rest}"),
            ("GET", "/open"),
            ("GET", "/open/"),
        ]);
        let is_found = |path| matches!(routes.find_alike("GET", path), Lookup::Found(..));
        assert!(is_found("/admin") && is_found("/open") && is_found("/open/") && is_found("/other/"));
        assert!(
            !is_found("/admin/"),
            "a router that removes the empty segment finds `/admin`"
        );
    }

    #[test]
    fn what_is_written_out_comes_before_a_parameter() {
        let routes = routes(&[("GET", "/users/{id}"), ("GET", "/users/me"), ("PUT", "/users/{name}")]);
        assert_eq!(found(&routes, "GET", "/users/me"), Some((1, vec![])));
        assert_eq!(found(&routes, "GET", "/users/m%65"), Some((1, vec![])));
        assert_eq!(found(&routes, "GET", "/users/you"), Some((0, vec!["you".into()])));
        assert_eq!(found(&routes, "PUT", "/users/a%20b"), Some((2, vec!["a b".into()])));
        assert!(matches!(routes.find("PUT", "/users/me"), Lookup::OtherMethods(allow) if allow == "GET"));
        assert!(matches!(routes.find("POST", "/users/x"), Lookup::OtherMethods(allow) if allow == "GET, PUT"));
        for path in [
            "/users/",
            "/users",
            "/users/a%2Fb",
            "//users/me",
            "/users/%ff",
            "/Users/me",
            "",
            "*",
        ] {
            assert!(matches!(routes.find("GET", path), Lookup::Unknown), "{path}");
        }
    }

    #[test]
    fn the_other_spelling_has_one_slash_more_or_none() {
        let routes = routes(&[("GET", "/users/me/"), ("POST", "/token"), ("GET", "/x/{id}/")]);
        let elsewhere = |path| match routes.find("PUT", path) {
            Lookup::Redirect(location) => Some(location),
            _ => None,
        };
        for (path, location) in [
            ("/users/me", Some("/users/me/")),
            ("/%75sers%2Fme", Some("/users/me/")),
            ("/users/me//", None),
            ("/token/", Some("/token")),
            ("/token//", Some("/token")),
            ("/token%2f", Some("/token")),
            ("/x/a%20%3F%23%25%C3%A9", Some("/x/a%20%3F%23%25%C3%A9/")),
            ("/", None),
            ("//", None),
        ] {
            assert_eq!(elsewhere(path).as_deref(), location, "{path}");
        }
    }

    #[test]
    fn no_spelling_leads_to_another_host() {
        for routes in [routes(&[("GET", "/{*rest}")]), routes(&[("GET", "/{one}/{two}/")])] {
            for path in [
                "//evil.example/x",
                "/%2Fevil.example",
                "/\\evil.example/x",
                "/%5Cevil.example/x",
            ] {
                let found = routes.find("GET", path);
                assert!(!matches!(found, Lookup::Redirect(_)), "{path}: {found:?}");
            }
        }
    }

    #[test]
    fn clashes_are_errors() {
        let mut routes = routes(&[("GET", "/a/{id}")]);
        assert_eq!(routes.add("GET", "/a/{other}", 1), Err(RouteClash::Taken));
        assert_eq!(routes.add("GET", "/b/{", 1), Err(RouteClash::Template));
        assert_eq!(routes.add("GET", "/b/{}", 1), Err(RouteClash::Template));
        assert!(matches!(
            routes.add("GET", "/a/{*rest}", 1),
            Err(RouteClash::Ambiguous { .. })
        ));
    }
}
