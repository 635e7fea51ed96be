//! What a route leads to: an operation or an endpoint of the gate itself.

/// What stands at a method and a path.
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
    /// Whether scripts of configured origins may read what it answers. The match is exhaustive, so that whatever is added has
    /// to decide.
    pub(crate) const fn is_open_to_other_origins(self) -> bool {
        match self {
            Self::Document | Self::Jwks | Self::Operation(_) | Self::Token => true,
            // Pages are for people, who open them; a script of another origin has nothing to read there.
            Self::Asset | Self::Page(_) | Self::Root => false,
        }
    }
}
