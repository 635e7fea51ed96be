//! Claims of a token.
