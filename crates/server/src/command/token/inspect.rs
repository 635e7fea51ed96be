//! `scopegate token inspect`

use std::io;

use anyhow::{Context, bail};
use scopegate_domain::{Clock, SystemClock, Timestamp};
use scopegate_token::{Unverified, inspect};
use serde_json::{Value, json};

use super::{lines, times};
use crate::output::{Format, one_line, print};

pub(super) fn run(format: Format, token: &str) -> anyhow::Result<()> {
    if token != "-" {
        return show(format, &inspect(token.trim()).context("not a token")?);
    }
    let mut input = io::stdin().lock();
    let mut is_empty = true;
    while let Some(line) = lines::next(&mut input)? {
        if line.trim().is_empty() {
            continue;
        }
        show(format, &inspect(line.trim()).context("not a token")?)?;
        is_empty = false;
    }
    if is_empty {
        bail!("standard input holds no token");
    }
    Ok(())
}

fn show(format: Format, token: &Unverified) -> anyhow::Result<()> {
    let json = json!({
        "verified": false, "header": token.header(), "claims": token.claims(),
        "expires_at": token.expires_at().and_then(times::moment),
        "rule": token.fault().map(|fault| fault.label()),
    });
    print(format, &describe(token, SystemClock.now())?, &json)
}

fn describe(token: &Unverified, now: Timestamp) -> anyhow::Result<String> {
    let fault = token.fault().map_or_else(String::new, |fault| {
        format!("Every verifier refuses it: {fault} (rule `{}`).\n", fault.label())
    });
    let (contents, key) = (contents(token, now)?, wanted_key(token));
    Ok(format!("{contents}key: {key}\n{fault}Nothing of this was verified.\n"))
}

/// Header, claims and times.
pub(super) fn contents(token: &Unverified, now: Timestamp) -> anyhow::Result<String> {
    let header = serde_json::to_string_pretty(token.header())?;
    let claims = serde_json::to_string_pretty(token.claims())?;
    Ok(format!(
        "header {header}\nclaims {claims}\n{}",
        times::describe(token, now)
    ))
}

/// The key that the header names.
fn wanted_key(token: &Unverified) -> String {
    let text = |name: &str| token.header().get(name).and_then(Value::as_str).map(one_line);
    let algorithm = text("alg").unwrap_or_else(|| "no algorithm".to_owned());
    match text("kid") {
        Some(id) => format!("`{id}`, {algorithm}"),
        None => format!("the one of {algorithm}, for none is named"),
    }
}
