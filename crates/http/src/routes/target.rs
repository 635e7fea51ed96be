//! What a route leads to: an operation or an endpoint of the gate itself.

/// The target of a method and a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The file of this name that a page needs.
    Asset,
    /// The OpenAPI document.
    Document,
    /// The public keys.
    Jwks,
    /// The operation of this number.
    Operation(usize),
    /// A page that shows the document.
    Page(&'static str),
    /// The path `/`, which leads to the first page of the document.
    Root,
    /// The token endpoint.
    Token,
}

impl Target {
    /// Whether scripts of configured origins may read the response. The match is exhaustive, so
    /// that a new target has to decide.
    pub(crate) const fn is_open_to_other_origins(self) -> bool {
        match self {
            Self::Document | Self::Jwks | Self::Operation(_) | Self::Token => true,
            // People open pages. A script of another origin does not need to read them.
            Self::Asset | Self::Page(_) | Self::Root => false,
        }
    }
}
