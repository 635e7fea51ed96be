//! Servers: the addresses below which the paths of a document are served.

mod pattern;

use std::collections::HashSet;

pub(crate) use self::pattern::Server;
use self::pattern::Written;
use super::assembly::TableAssembler;
use super::error::ImportError;
use super::node::{At, Kind, Node};
use super::note::NoteKind;
use super::refs::References;
use super::server_lists::ServerList;

/// Reads the `servers` of an OpenAPI document. Without any, its paths are served below `/`.
pub(super) fn read_document(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    root: &At<'_>,
) -> Result<(), ImportError> {
    if let Some(servers) = read_list(assembly, references, root)? {
        assembly.servers.set_document(servers);
    }
    Ok(())
}

/// Reads the `servers` of a path item or operation. Without any, those above count.
pub(super) fn read_own(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    at: &At<'_>,
    above: ServerList,
) -> Result<ServerList, ImportError> {
    let servers = read_list(assembly, references, at)?;
    Ok(servers.map_or(above, |servers| assembly.servers.intern(servers)))
}

/// Reads `host` and `basePath` of a Swagger document.
pub(super) fn read_swagger(assembly: &mut TableAssembler, root: &At<'_>) -> Result<(), ImportError> {
    let text = |name| text(root, name);
    let (host, base) = (text("host").unwrap_or_default(), text("basePath").unwrap_or_default());
    let host = host.rsplit("://").next().unwrap_or_default().trim_end_matches('/');
    let url = match host {
        "" => base.to_owned(),
        host => format!("//{host}/{}", base.trim_start_matches('/')),
    };
    set_plain(assembly, [url])
}

/// Reads `rootUrl`, `servicePath`, `baseUrl` and `endpoints` of a Google discovery document. The
/// templates of its methods begin with `servicePath`, so the servers end before it.
pub(super) fn read_discovery(assembly: &mut TableAssembler, root: &At<'_>) -> Result<(), ImportError> {
    let service = text(root, "servicePath").unwrap_or_default().trim_matches('/');
    let without_service = |url: &str| {
        let url = url.trim_end_matches('/');
        url.strip_suffix(service).unwrap_or(url).to_owned()
    };
    let mut urls: Vec<String> = ["rootUrl", "mtlsRootUrl"]
        .into_iter()
        .filter_map(|name| text(root, name))
        .map(str::to_owned)
        .collect();
    urls.extend(
        ["baseUrl", "basePath"]
            .into_iter()
            .filter_map(|name| text(root, name))
            .filter(|url| !url.is_empty())
            .map(without_service),
    );
    if let Some(endpoints) = root.get("endpoints").filter(|at| matches!(at.node.kind, Kind::List(_))) {
        for endpoint in endpoints.items()? {
            urls.extend(text(&endpoint, "endpointUrl").map(str::to_owned));
        }
    }
    set_plain(assembly, urls)
}

/// Sets the servers of Microsoft Graph, which its file does not name.
pub(super) fn set_graph(assembly: &mut TableAssembler) -> Result<(), ImportError> {
    const HOSTS: [&str; 4] = [
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    ];
    const VERSIONS: [&str; 2] = ["v1.0", "beta"];
    set_plain(
        assembly,
        HOSTS
            .into_iter()
            .flat_map(|host| VERSIONS.map(|version| format!("https://{host}/{version}"))),
    )
}

fn set_plain(assembly: &mut TableAssembler, urls: impl IntoIterator<Item = String>) -> Result<(), ImportError> {
    let mut servers = IndexedServers::default();
    for url in urls {
        add(assembly, &Written::plain(&url), &mut servers)?;
    }
    if !servers.list.is_empty() {
        assembly.servers.set_document(servers.list);
    }
    Ok(())
}

/// The list `servers`; `None` if it is absent, `null` or empty. A server that cannot be read is
/// left out with a note: a request to it is unknown.
fn read_list(
    assembly: &mut TableAssembler,
    references: &References<'_>,
    at: &At<'_>,
) -> Result<Option<Vec<Server>>, ImportError> {
    let Some(list) = at.get("servers").filter(|list| !matches!(list.node.kind, Kind::Null)) else {
        return Ok(None);
    };
    let Some(list) = referred(assembly, references, list)? else {
        return Ok(None);
    };
    if !matches!(list.node.kind, Kind::List(_)) {
        note(assembly, &list, "`servers` must be a list; it is left out")?;
        return Ok(None);
    }
    let items = list.items()?;
    if items.len() == 0 {
        return Ok(None);
    }
    let mut servers = IndexedServers::default();
    for item in items {
        assembly.count_read(1)?;
        let Some(item) = referred(assembly, references, item)? else {
            continue;
        };
        if let Some(variables) = item.get("variables").filter(|at| matches!(at.node.kind, Kind::Null)) {
            // The call notes an invalid value.
            drop(variables.members()?);
        }
        match text(&item, "url") {
            Some(url) => {
                let written = Written::new(url, |name| variable(&item, name));
                add(assembly, &written, &mut servers)?;
            }
            None => note(assembly, &item, "the server has no `url`; it is left out")?,
        }
    }
    Ok(Some(servers.list))
}

/// Resolves a reference. Servers do not decide about access, so a broken reference is a note.
fn referred<'n>(
    assembly: &mut TableAssembler,
    references: &References<'n>,
    at: At<'n>,
) -> Result<Option<At<'n>>, ImportError> {
    match references.resolve(at) {
        Ok(found) => Ok(Some(found)),
        Err(fault @ ImportError::TooLarge(_)) => Err(fault),
        Err(fault) => note(assembly, &at, &format!("{fault}; the server is left out")).map(|()| None),
    }
}

/// Servers in their order, each once.
#[derive(Default)]
struct IndexedServers {
    list: Vec<Server>,
    known: HashSet<Server>,
}

fn add(assembly: &mut TableAssembler, written: &Written, servers: &mut IndexedServers) -> Result<(), ImportError> {
    for server in written.servers() {
        assembly.count_read(1)?;
        assembly.count_text(server.len())?;
        if servers.known.insert(server.clone()) {
            servers.list.push(server);
        }
    }
    Ok(())
}

/// The values that a variable can have; `None` if it can have any.
fn variable(server: &At<'_>, name: &str) -> Option<Vec<String>> {
    let variables = server.node.find("variables")?;
    let variable = variables.find(name)?;
    let text = |node: &Node<'_>| match &node.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text.as_ref().to_owned()),
        _ => None,
    };
    let default = variable.find("default").and_then(text);
    match variable.find("enum").map(|values| &values.kind) {
        Some(Kind::List(values)) if !values.is_empty() => Some(values.iter().filter_map(text).chain(default).collect()),
        // A default that is empty or has a slash is part of the address, so no other value is
        // recognised.
        _ => default
            .filter(|default| default.is_empty() || default.contains('/'))
            .map(|default| vec![default]),
    }
}

fn text<'n>(at: &At<'n>, name: &str) -> Option<&'n str> {
    match &at.node.find(name)?.kind {
        Kind::Text(text) | Kind::Number(text) => Some(text),
        _ => None,
    }
}

fn note(assembly: &mut TableAssembler, at: &At<'_>, message: &str) -> Result<(), ImportError> {
    assembly.notes.add(NoteKind::UnreadableServer, at.place(), message)
}
