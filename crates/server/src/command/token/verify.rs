//! `scopegate token verify`

use std::io;

use anyhow::bail;
use scopegate_domain::{Clock, SystemClock, Timestamp};
use scopegate_token::{VerifyError, VerifyingKey, inspect};
use serde_json::{Map, Value, json};

use super::inspect::contents;
use super::lines;
use super::verifier::TokenVerifier;
use crate::arguments::VerifyArguments;
use crate::output::{Color, Format, NegativeResult, one_line, paint, print, write_line};

type Verdict = Result<Option<Map<String, Value>>, VerifyError>;

pub(super) fn run(format: Format, arguments: &VerifyArguments) -> anyhow::Result<()> {
    let verifier = TokenVerifier::new(arguments)?;
    let now = arguments.at.map_or_else(|| SystemClock.now(), Timestamp::from_unix);
    if arguments.token == "-" {
        return each_line(&verifier, now);
    }
    let token = arguments.token.trim();
    let verdict = verifier.verify(token, now);
    print(format, &describe(&verifier, token, &verdict, now)?, &as_json(&verdict))?;
    verdict.map(drop).map_err(|_| NegativeResult.into())
}

fn each_line(verifier: &TokenVerifier, now: Timestamp) -> anyhow::Result<()> {
    let mut input = io::stdin().lock();
    let (mut is_empty, mut all_valid) = (true, true);
    while let Some(token) = lines::next(&mut input)? {
        let verdict = verifier.verify(&token, now);
        write_line(&as_json(&verdict).to_string())?;
        is_empty = false;
        all_valid &= verdict.is_ok();
    }
    if is_empty {
        bail!("standard input holds no token");
    }
    if all_valid { Ok(()) } else { Err(NegativeResult.into()) }
}

fn as_json(verdict: &Verdict) -> Value {
    match verdict {
        Ok(claims) => json!({ "valid": true, "rule": null, "claims": claims }),
        Err(fault) => json!({ "valid": false, "rule": fault.label(), "claims": null }),
    }
}

fn describe(verifier: &TokenVerifier, token: &str, verdict: &Verdict, now: Timestamp) -> anyhow::Result<String> {
    let said = match verdict {
        Ok(_) => paint(Color::Good, "valid"),
        Err(fault) => format!("{}: {fault} (rule `{}`)", paint(Color::Bad, "refused"), fault.label()),
    };
    let contents = match inspect(token) {
        Ok(seen) => contents(&seen, now)?,
        Err(_) => String::new(),
    };
    Ok(format!(
        "{said}\nkey: {}\n{contents}",
        name(verifier.key_for(token).as_ref())
    ))
}

/// A key for people: its id, its algorithm and its thumbprint. The thumbprint finds the key in
/// every listing.
fn name(key: Option<&VerifyingKey>) -> String {
    let Some(key) = key else {
        return "none of the set".to_owned();
    };
    let id = key
        .id()
        .map_or_else(|| "without id".to_owned(), |id| format!("`{}`", one_line(id.as_str())));
    match key.thumbprint() {
        Some(thumbprint) => format!("{id}, {}, thumbprint {thumbprint}", key.algorithm()),
        None => format!("{id}, {}", key.algorithm()),
    }
}
