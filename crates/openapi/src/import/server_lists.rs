//! The servers of a document and of its operations.

use std::collections::HashMap;

use super::servers::Server;

/// A list of servers by its position. The first one is that of the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ServerList(usize);

/// The servers of a document, and those of path items and operations that have their own.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    lists: Vec<Vec<Server>>,
    of_operation: Vec<ServerList>,
}

impl Servers {
    /// Returns the servers of a document that names none: its paths are served below `/` (OpenAPI
    /// 3.1, section 4.8.1.1).
    pub(super) fn none() -> Self {
        ServerLists::default().with_operations(Vec::new())
    }

    /// The servers of an operation, by its place in the table, as a key and a list.
    pub(crate) fn of(&self, operation: usize) -> (ServerList, &[Server]) {
        let list = self.of_operation.get(operation).copied().unwrap_or_default();
        (list, self.lists.get(list.0).map_or(&[], Vec::as_slice))
    }
}

/// Collects lists of servers, each once.
#[derive(Debug)]
pub(super) struct ServerLists {
    lists: Vec<Vec<Server>>,
    places: HashMap<Vec<Server>, ServerList>,
}

impl Default for ServerLists {
    fn default() -> Self {
        Self {
            lists: vec![vec![Server::root()]],
            places: HashMap::new(),
        }
    }
}

impl ServerLists {
    pub(super) fn with_operations(self, of_operation: Vec<ServerList>) -> Servers {
        Servers {
            lists: self.lists,
            of_operation,
        }
    }

    /// Replaces the servers of the document.
    pub(super) fn set_document(&mut self, servers: Vec<Server>) {
        if let Some(document) = self.lists.first_mut() {
            *document = servers;
        }
    }

    pub(super) fn intern(&mut self, servers: Vec<Server>) -> ServerList {
        if let Some(list) = self.places.get(&servers) {
            return *list;
        }
        let list = ServerList(self.lists.len());
        self.lists.push(servers.clone());
        self.places.insert(servers, list);
        list
    }
}
