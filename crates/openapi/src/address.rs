//! **Which operation does this request call?** Finds operations by the addresses of requests and
//! logs: a path below a server of the document, or a whole URL.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use scopegate_policy::{Locator, Method, ResolvedOperation};

use crate::import::Imported;
use crate::import::server_lists::ServerList;
use crate::import::servers::Server;

/// Finds the operations of a document by the addresses of requests.
///
/// The path of a server may precede the template. A document, a path item or an operation has
/// servers, with each value of their variables. Swagger names its server by `host` and `basePath`,
/// Google by `rootUrl`. Query and fragment are ignored, unless a template has a query
/// (`/items?view=all`). The path is decoded once, as the gate decodes it. The gate redirects a path
/// whose last slash is missing or superfluous, so both forms are known. `GET` answers `HEAD`. A URL
/// is unknown if no server has its host. A server without a host can be on any host.
///
/// ```
/// use scopegate_openapi::address::Addresses;
/// use scopegate_openapi::import;
/// use scopegate_policy::Method;
///
/// let imported = import::read(br#"{
///   "openapi": "3.1.0", "info": { "title": "Lamps", "version": "1" },
///   "servers": [{ "url": "https://api.example/house/v3" }],
///   "paths": { "/lamps/{id}": { "get": { "security": [] } } }
/// }"#)?;
/// let addresses = Addresses::new(&imported);
/// let is_known = |address| addresses.find(Method::Get, address).is_ok();
/// assert!(is_known("/house/v3/lamps/7?page=2"));
/// assert!(is_known("https://api.example/house/v3/lamps/7"));
/// assert!(is_known("/lamps/{id}") && is_known("/lamps/7"));
/// assert!(!is_known("/house/v2/lamps/7") && !is_known("https://other.example/house/v3/lamps/7"));
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Debug)]
pub struct Addresses<'t> {
    all: Locator<'t>,
    /// Servers with the same operations share a locator.
    groups: Vec<(Vec<&'t Server>, Locator<'t>)>,
    /// Whether a template has a query.
    has_queries: bool,
}

/// The reason why no operation has an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownAddress {
    /// No server of the document has this host.
    #[error("no server of the document has the host `{}`", .0.escape_default())]
    Host(String),
    /// No operation has this path and method.
    #[error("no operation has this method and path")]
    Path,
}

impl<'t> Addresses<'t> {
    /// Reads the servers and operations of a document.
    #[must_use]
    pub fn new(imported: &'t Imported) -> Self {
        let (operations, servers) = (imported.table().operations(), imported.servers());
        let mut of_list: BTreeMap<ServerList, Vec<&ResolvedOperation>> = BTreeMap::new();
        let mut lists_of: BTreeMap<&Server, Vec<ServerList>> = BTreeMap::new();
        for (place, operation) in operations.iter().enumerate() {
            let (list, own) = servers.of(place);
            let known = of_list.entry(list).or_default();
            if known.is_empty() {
                for server in own {
                    lists_of.entry(server).or_default().push(list);
                }
            }
            known.push(operation);
        }
        let mut groups: BTreeMap<Vec<ServerList>, Vec<&Server>> = BTreeMap::new();
        for (server, lists) in lists_of {
            groups.entry(lists).or_default().push(server);
        }
        let locator = |lists: Vec<ServerList>| {
            let operations = lists.into_iter().filter_map(|list| of_list.get(&list));
            Locator::of(operations.flatten().copied())
        };
        Self {
            has_queries: operations.iter().any(|operation| operation.template().contains('?')),
            all: Locator::of(operations),
            groups: groups
                .into_iter()
                .map(|(lists, servers)| (servers, locator(lists)))
                .collect(),
        }
    }

    /// Finds the operation of a template, with any names of parameters, or of the address of a
    /// request.
    ///
    /// # Errors
    ///
    /// [`UnknownAddress`] if no operation matches.
    pub fn find(&self, method: Method, address: &str) -> Result<&'t ResolvedOperation, UnknownAddress> {
        match self.all.template(method, address) {
            Some(operation) => Ok(operation),
            None => self.find_request(method, address),
        }
    }

    /// Finds the operation that a request calls. The path of a server takes precedence over a
    /// template that begins in the same way.
    ///
    /// # Errors
    ///
    /// [`UnknownAddress`] if no operation matches.
    pub fn find_request(&self, method: Method, address: &str) -> Result<&'t ResolvedOperation, UnknownAddress> {
        let target = Target::parse(address).ok_or(UnknownAddress::Path)?;
        let here = self.places(&target);
        if let Some(host) = target
            .host
            .as_ref()
            .filter(|_| here.is_empty() && !self.has_host(&target))
        {
            return Err(UnknownAddress::Host(host.clone()));
        }
        let below = here.iter().find_map(|(end, locator)| {
            let rest = target.path.get(*end..).filter(|rest| !rest.is_empty());
            self.answered_in(locator, method, rest.unwrap_or("/"), &target)
        });
        let found = below.or_else(|| {
            // Logs behind a proxy contain paths without the path of the server.
            let prefix = here.first().map_or(0, |(end, _)| *end);
            let bare = self.answered_in(&self.all, method, &target.path, &target);
            let bare = bare.filter(|_| target.host.is_none())?;
            let is_literal = target
                .path
                .get(..prefix)
                .is_some_and(|prefix| bare.template().starts_with(prefix));
            is_literal.then_some(bare)
        });
        found
            .or_else(|| self.all.template(method, address))
            .ok_or(UnknownAddress::Path)
    }

    /// Returns the operation below a server. Some documents distinguish operations by a query in
    /// the template.
    fn answered_in(
        &self,
        locator: &Locator<'t>,
        method: Method,
        path: &str,
        target: &Target<'_>,
    ) -> Option<&'t ResolvedOperation> {
        /// The maximum number of parameters that are compared.
        const MOST: usize = 64;
        let by_query = |query: &str| {
            let found = locator.find(method, &format!("{path}?{query}"));
            found.filter(|operation| operation.template().contains('?'))
        };
        let queries = || std::iter::once(&*target.query).chain(target.query.split('&').take(MOST));
        let named = self.has_queries.then(|| queries().find_map(by_query)).flatten();
        named.or_else(|| answered(locator, method, path))
    }

    /// Returns the path of an address below its server, or the whole path if no server precedes it.
    #[must_use]
    pub fn path_below<'a>(&self, address: &'a str) -> Option<Cow<'a, str>> {
        let target = Target::parse(address)?;
        let ends = self.places(&target);
        let end = match (ends.first(), &target.host) {
            (Some((end, _)), _) => *end,
            (None, None) => 0,
            (None, Some(_)) => return None,
        };
        match target.path {
            Cow::Borrowed(path) => path.get(end..).map(Cow::Borrowed),
            Cow::Owned(path) => path.get(end..).map(|rest| Cow::Owned(rest.to_owned())),
        }
    }

    fn has_host(&self, target: &Target<'_>) -> bool {
        let mut servers = self.groups.iter().flat_map(|(servers, _)| servers);
        target
            .host
            .as_ref()
            .is_none_or(|host| servers.any(|server| server.has_host(host)))
    }

    /// Returns the positions where a server can end in the path, the longest first.
    fn places(&self, target: &Target<'_>) -> Vec<(usize, &Locator<'t>)> {
        let mut places: Vec<(usize, &Locator<'t>)> = Vec::new();
        for (servers, locator) in &self.groups {
            let is_here = |server: &&&Server| target.host.as_ref().is_none_or(|host| server.has_host(host));
            let ends = servers
                .iter()
                .filter(is_here)
                .flat_map(|server| server.path_ends(&target.path));
            places.extend(ends.map(|end| (end, locator)));
        }
        places.sort_by_key(|(end, _)| std::cmp::Reverse(*end));
        places
    }
}

/// Returns the operation that the gate calls for a path. The gate redirects a path with or without
/// a last slash, and `GET` answers `HEAD`.
fn answered<'t>(locator: &Locator<'t>, method: Method, path: &str) -> Option<&'t ResolvedOperation> {
    let at = |path: &str| {
        let found = locator.find(method, path);
        found.or_else(|| {
            (method == Method::Head)
                .then(|| locator.find(Method::Get, path))
                .flatten()
        })
    };
    at(path).or_else(|| {
        let other = match path.strip_suffix('/') {
            Some(_) => Cow::Borrowed(path.trim_end_matches('/')),
            None => Cow::Owned(format!("{path}/")),
        };
        (!other.is_empty() && !locator.has_path(path))
            .then(|| at(&other))
            .flatten()
    })
}

/// The host of an address, in lower case, and its path and query, decoded.
struct Target<'a> {
    host: Option<String>,
    path: Cow<'a, str>,
    query: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// `None` if the text is not an address.
    fn parse(address: &'a str) -> Option<Self> {
        let address = address.split('#').next().unwrap_or_default();
        let (address, query) = address.split_once('?').unwrap_or((address, ""));
        let query = percent_decode_str(query).decode_utf8_lossy();
        let (host, path) = match address.split_once("://") {
            Some((scheme, rest)) if is_scheme(scheme) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let host = authority.rsplit('@').next().unwrap_or_default();
                let host = host.trim_end_matches('.').to_ascii_lowercase();
                (Some(host).filter(|host| !host.is_empty()), path)
            }
            _ => (None, address),
        };
        let path = if path.is_empty() && host.is_some() { "/" } else { path };
        let path = percent_decode_str(path).decode_utf8().ok()?;
        path.starts_with('/').then_some(Self { host, path, query })
    }
}

fn is_scheme(text: &str) -> bool {
    let is_rest = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_rest)
}
