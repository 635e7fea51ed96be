//! By whose rules requests are read and answered.

/// Selects the rules by which a gate reads credentials and words its answers. The decisions do not
/// depend on it.
///
/// | | `Rfc` | `Tutorial` |
/// |---|---|---|
/// | no credential | 401, a challenge without `error` | 401, `Bearer`, `Not authenticated` |
/// | token not accepted | 401 `invalid_token` | 401, `Could not validate credentials` |
/// | scope missing | 403 `insufficient_scope` | 401, `Not enough permissions` |
/// | user disabled | 403 | 400, `Inactive user` |
/// | two `Authorization` headers | 400 `invalid_request` | the first counts |
/// | bad path, query or body | 400 | 422, with `detail` as a list |
/// | body of a refusal | `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) | `{"detail": ..}` |
///
/// ```
/// assert_eq!(scopegate_gate::Profile::default(), scopegate_gate::Profile::Rfc);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a new profile must be given its column in the one table of replies"
)]
pub enum Profile {
    /// The RFCs' rules and words.
    #[default]
    Rfc,
    /// Those of FastAPI's tutorial on `OAuth2` scopes.
    Tutorial,
}
