//! The title and the version of a document.

use super::ImportError;
use super::node::At;

/// The title and the version of a document.
#[derive(Debug, Default)]
pub(super) struct DocumentHeader {
    pub(super) title: Option<String>,
    pub(super) version: Option<String>,
}

impl DocumentHeader {
    pub(super) fn of(at: Option<&At<'_>>) -> Result<Self, ImportError> {
        // `null` is noted.
        if let Some(at) = at {
            drop(at.members()?);
        }
        let text = |name: &str| -> Result<Option<String>, ImportError> {
            Ok(at.map(|at| at.text_of(name)).transpose()?.flatten().map(str::to_owned))
        };
        Ok(Self {
            title: text("title")?,
            version: text("version")?,
        })
    }
}
