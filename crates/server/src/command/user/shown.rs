//! A user in the output.

use std::fmt::Write as _;

use scopegate_domain::{User, UserStatus};
use serde_json::{Value, json};

use crate::command::revoked::Tokens;
use crate::output::{Format, one_line, print};

pub(super) fn show(format: Format, user: &User) -> anyhow::Result<()> {
    print(format, &lines(user)?, &describe(user))
}

/// The same as [`show`], with the effect on the user's tokens.
pub(super) fn show_with(format: Format, user: &User, tokens: Tokens) -> anyhow::Result<()> {
    tokens.print(format, &lines(user)?, describe(user), user.username().as_str())
}

pub(super) fn lines(user: &User) -> anyhow::Result<String> {
    let mut human = String::new();
    for (label, value) in [
        ("name", user.username().as_str()),
        ("id", user.id().as_str()),
        ("status", status(user)),
        ("scope", &user.scope().to_string()),
        ("email", user.email().unwrap_or("-")),
        ("full name", user.full_name().unwrap_or("-")),
    ] {
        writeln!(human, "{label:<10} {}", one_line(value))?;
    }
    Ok(human)
}

pub(super) fn describe(user: &User) -> Value {
    json!({
        "id": user.id(), "username": user.username(), "status": user.status(), "scope": user.scope().to_string(),
        "email": user.email(), "full_name": user.full_name(),
    })
}

pub(super) const fn status(user: &User) -> &'static str {
    match user.status() {
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    }
}
