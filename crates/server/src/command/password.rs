//! Passwords, from a pipe or from a terminal; never from the command line.

use std::io::{self, IsTerminal, Read};
use std::num::NonZeroUsize;

use anyhow::{Context, bail, ensure};
use scopegate_domain::{PasswordHash, Secret};
use scopegate_token::{PasswordHasher, PasswordPolicy, SystemRandomSource};

use crate::arguments::PasswordSource;
use crate::config::MAX_PASSWORD;

/// Reads a new password and hashes it.
pub(super) fn new_hash(source: &PasswordSource, least: NonZeroUsize) -> anyhow::Result<PasswordHash> {
    let password = if source.password_stdin {
        from_stdin()?
    } else {
        from_terminal()?
    };
    ensure!(!password.expose().is_empty(), "the password is empty");
    let length = password.expose().chars().count();
    ensure!(
        length >= least.get(),
        "the password is too short: it has {length} of at least {least} characters (setting `password_min_length`)"
    );
    Ok(PasswordHasher::new(PasswordPolicy::default()).hash(&password, &SystemRandomSource)?)
}

fn from_stdin() -> anyhow::Result<Secret<String>> {
    if io::stdin().is_terminal() {
        // The prompt does not echo the password.
        let password = rpassword::prompt_password("Password: ").map(Secret::new);
        return within_limit(password.context("the password cannot be read")?);
    }
    let mut bytes = Vec::new();
    io::stdin()
        .take(u64::try_from(MAX_PASSWORD + 2)?)
        .read_to_end(&mut bytes)
        .context("the password cannot be read from standard input")?;
    let Ok(text) = String::from_utf8(bytes).map(Secret::new) else {
        bail!("the password is not text in UTF-8")
    };
    let line = text.expose().strip_suffix('\n').unwrap_or(text.expose());
    within_limit(Secret::new(line.strip_suffix('\r').unwrap_or(line).to_owned()))
}

fn from_terminal() -> anyhow::Result<Secret<String>> {
    ensure!(
        io::stdin().is_terminal(),
        "there is no terminal for the password; use `--password-stdin`"
    );
    let ask = |prompt| {
        rpassword::prompt_password(prompt)
            .map(Secret::new)
            .context("the password cannot be read")
    };
    let (password, again) = (ask("Password: ")?, ask("Once more: ")?);
    ensure!(password.same_as(&again), "the two passwords differ");
    within_limit(password)
}

fn within_limit(password: Secret<String>) -> anyhow::Result<Secret<String>> {
    ensure!(
        password.expose().len() <= MAX_PASSWORD,
        "the password is longer than {MAX_PASSWORD} bytes"
    );
    Ok(password)
}
