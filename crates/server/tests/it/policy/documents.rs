//! The documents of the tests.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::shell::{Run, Shell};

/// The tutorial's three operations, and one that is public, one that is optional and one with two
/// alternatives.
pub(crate) fn shop() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Shop", "version": "1" },
        "components": { "securitySchemes": {
            "oauth": {
                "type": "oauth2",
                "flows": { "password": { "tokenUrl": "token", "scopes": {
                    "me": "Read about yourself.", "items": "Read items.", "admin": "Everything." } } },
                "x-scopegate-implies": { "admin": ["items"] },
            },
            "key": { "type": "apiKey", "in": "header", "name": "x-key" },
        } },
        "paths": {
            "/users/me/": { "get": { "security": [{ "oauth": ["me"] }] } },
            "/users/me/items/": { "get": { "security": [{ "oauth": ["items", "me"] }] } },
            "/status/": { "get": { "security": [{ "oauth": [] }] } },
            "/health": { "get": { "security": [] } },
            "/items/{id}": {
                "get": { "security": [{ "oauth": ["items"] }, {}] },
                "delete": { "security": [{ "oauth": ["admin"] }, { "key": [] }] },
            },
        },
    })
}

impl Shell {
    /// A shell with a document in its directory.
    pub(crate) fn with(name: &str, document: &Value) -> Self {
        let shell = Self::new();
        shell.write(name, &document.to_string());
        shell
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// Runs `scopegate policy ..` and returns its output.
    pub(crate) fn policy(&self, line: &[&str]) -> Run {
        self.run(&[&["policy", "--format", "json"], line].concat())
    }
}

/// The path of a real interface's document, if such documents are available.
pub(crate) fn real(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/openapi")).join(name);
    if !path.is_file() {
        eprintln!("SKIPPED: no `{}`, so a real document is not looked at", path.display());
        return None;
    }
    Some(path)
}
