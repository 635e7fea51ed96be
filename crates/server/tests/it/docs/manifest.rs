//! The parts of a manifest that these tests read.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The dependencies that a document shows.
#[derive(Deserialize)]
pub(crate) struct Snippet {
    pub(crate) dependencies: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) features: Vec<String>,
}

/// The manifest of a package.
#[derive(Deserialize)]
pub(crate) struct Manifest {
    pub(crate) package: Package,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
}
