//! Token requests, distinguished by their grant type.

use scopegate_domain::{GrantType, Scope, Secret};

use crate::{FieldFault, GrantError, InvalidRequestCause, InvalidScopeCause, PageError, Params};

/// The pattern that the FastAPI tutorial declares for its grant type.
const PAGE_PATTERN: &str = "^password$";

/// Grant types that are not in the FastAPI tutorial and that follow the RFC in both profiles.
const RFC_GRANT_TYPES: &[&str] = &[
    "authorization_code",
    "client_credentials",
    "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code",
];

/// A request for a token in the RFC profile. Each grant type adds a variant with its parameters.
#[derive(Debug)]
pub(crate) enum TokenRequest<'a> {
    Password(PasswordRequest<'a>),
}

/// The parameters of a login: [RFC 6749, section
/// 4.3.2](https://www.rfc-editor.org/rfc/rfc6749#section-4.3.2).
#[derive(Debug)]
pub(crate) struct PasswordRequest<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a Secret<String>,
    pub(crate) requested: RequestedScope<'a>,
}

/// The requested scope as text.
#[derive(Debug)]
pub(crate) enum RequestedScope<'a> {
    /// No scope was requested: [RFC 6749, section
    /// 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3) leaves the default to the server.
    Nothing,
    /// A scope in the grammar of the RFC.
    Scope(Scope),
    /// The words between any white space. The FastAPI tutorial checks neither repetitions nor
    /// characters.
    Words(&'a str),
}

impl<'a> TokenRequest<'a> {
    /// Returns the grant type of a request in the RFC profile.
    pub(crate) fn grant_type(params: &Params) -> Result<GrantType, GrantError> {
        let name = required(params, "grant_type")?.expose();
        name.parse().map_err(|_| GrantError::UnsupportedGrantType)
    }

    /// Parses the request of a grant type. Every field is checked before any other work.
    pub(crate) fn parse(grant_type: GrantType, params: &'a Params) -> Result<Self, GrantError> {
        match grant_type {
            GrantType::Password => Ok(Self::Password(PasswordRequest {
                username: required(params, "username")?.expose(),
                password: required(params, "password")?,
                requested: requested(params)?,
            })),
        }
    }
}

impl<'a> PasswordRequest<'a> {
    /// Parses the request as the FastAPI tutorial does. An absent grant type counts as `password`,
    /// the last field of a name counts, and all errors are reported together.
    pub(crate) fn parse_tutorial(params: &'a Params) -> Result<Self, PageError> {
        let mut faults = Vec::new();
        if let Some(input) = params.text("grant_type")
            && input != GrantType::Password.as_str()
        {
            faults.push(FieldFault::Pattern {
                field: "grant_type",
                pattern: PAGE_PATTERN,
                input: input.to_owned(),
            });
        }
        let [username, password] = ["username", "password"].map(|field| {
            let value = params.secret(field);
            if value.is_none() {
                faults.push(FieldFault::Missing { field });
            }
            value
        });
        match (username, password) {
            (Some(username), Some(password)) if faults.is_empty() => Ok(Self {
                username: username.expose(),
                password,
                requested: RequestedScope::Words(params.text("scope").unwrap_or("")),
            }),
            _ => Err(PageError::Validation(faults)),
        }
    }
}

/// Returns whether the tutorial profile handles a request by the RFC.
pub(crate) fn is_rfc_grant_type(params: &Params) -> bool {
    params
        .text("grant_type")
        .is_some_and(|name| RFC_GRANT_TYPES.contains(&name))
}

fn required<'a>(params: &'a Params, name: &'static str) -> Result<&'a Secret<String>, InvalidRequestCause> {
    params.secret(name).ok_or(InvalidRequestCause::Missing { name })
}

fn requested(params: &Params) -> Result<RequestedScope<'_>, InvalidScopeCause> {
    match params.text("scope") {
        None => Ok(RequestedScope::Nothing),
        Some(text) => Ok(RequestedScope::Scope(Scope::parse(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(field: &'static str) -> FieldFault {
        FieldFault::Missing { field }
    }

    #[test]
    fn tutorial_reports_faults_in_order() {
        let wrong = FieldFault::Pattern {
            field: "grant_type",
            pattern: "^password$",
            input: "x".to_owned(),
        };
        for (fields, faults) in [
            (vec![], vec![missing("username"), missing("password")]),
            (vec![("password", "p")], vec![missing("username")]),
            (vec![("username", "u"), ("password", "")], vec![missing("password")]),
            (
                vec![("grant_type", "x"), ("password", "p")],
                vec![wrong.clone(), missing("username")],
            ),
            (
                vec![("grant_type", "x"), ("username", "u"), ("password", "p")],
                vec![wrong],
            ),
        ] {
            let params = Params::from_iter(fields);
            assert_eq!(
                PasswordRequest::parse_tutorial(&params).unwrap_err(),
                PageError::Validation(faults)
            );
        }
    }

    #[test]
    fn tutorial_needs_no_grant_type() {
        for grant_type in ["", "password"] {
            let params = Params::from_iter([("grant_type", grant_type), ("username", "u"), ("password", "p")]);
            assert!(PasswordRequest::parse_tutorial(&params).is_ok());
        }
    }

    #[test]
    fn rfc_request_needs_every_field() {
        for (fields, message) in [
            (vec![], "`grant_type` is missing"),
            (vec![("grant_type", "Password")], "grant type is not supported"),
            (vec![("grant_type", "password")], "`username` is missing"),
            (
                vec![("grant_type", "password"), ("username", "u")],
                "`password` is missing",
            ),
            (
                vec![
                    ("grant_type", "password"),
                    ("username", "u"),
                    ("password", "p"),
                    ("scope", "a  b"),
                ],
                "scope is malformed",
            ),
        ] {
            let params = Params::from_iter(fields);
            let parsed =
                TokenRequest::grant_type(&params).and_then(|grant_type| TokenRequest::parse(grant_type, &params));
            assert_eq!(parsed.unwrap_err().to_string(), message);
        }
    }
}
