//! Kinds of documents.

use std::fmt;

/// The format of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Google's API discovery.
    GoogleDiscovery,
    /// Microsoft Graph's permissions.
    MicrosoftGraph,
    /// `OpenAPI` 3.0
    OpenApi30,
    /// `OpenAPI` 3.1
    OpenApi31,
    /// `OpenAPI` 3.2
    OpenApi32,
    /// Swagger 2.0
    Swagger20,
    /// Scopegate's own.
    Toml,
}

impl Format {
    /// Returns the name of the format for a message.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoogleDiscovery => "Google discovery",
            Self::MicrosoftGraph => "Microsoft Graph permissions",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
            Self::OpenApi32 => "OpenAPI 3.2",
            Self::Swagger20 => "Swagger 2.0",
            Self::Toml => "Scopegate TOML",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
