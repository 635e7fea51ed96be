//! The settings of a client that logs in users, from the options of a command.

use anyhow::Context;
use scopegate_domain::{Client, GrantType, Lifetime};

use crate::config::read_time;
use crate::output::{command_line, print_note, quoted};

/// Reads a duration of a refresh option. An empty text is the default of the kind of application.
pub(super) fn duration(option: &str, text: &str) -> anyhow::Result<Option<Lifetime>> {
    if text.is_empty() {
        return Ok(None);
    }
    let seconds = read_time(text).and_then(|time| u32::try_from(time.as_secs()).ok());
    let seconds =
        seconds.with_context(|| format!("bad `{option}` `{}`: give a time such as `12h` or `90d`", quoted(text)))?;
    Ok(Some(Lifetime::from_seconds(seconds)))
}

/// Notes settings that have no effect without another one.
pub(super) fn notes(client: &Client) {
    let id = client.id();
    let set = |rest: &str| command_line("client set", id.as_str(), rest);
    let gets_codes = client.may_use(GrantType::AuthorizationCode);
    let has_uris = !client.redirect_uris().is_empty();
    if gets_codes && !has_uris {
        print_note(&format!(
            "client `{id}` has no redirect URI, so it gets no codes; `{}` sets one",
            set("--redirect-uri URI")
        ));
    }
    if !gets_codes && has_uris {
        print_note(&format!(
            "client `{id}` has redirect URIs and not the grant `authorization_code`, so it gets no codes; `{}` sets its grants",
            set("--grant GRANT")
        ));
    }
    if !gets_codes && client.may_use(GrantType::RefreshToken) {
        print_note(&format!(
            "client `{id}` gets no refresh tokens: they come with authorization codes; `{}` sets its grants",
            set("--grant GRANT")
        ));
    }
}

/// Returns a time for people: whole days, hours, minutes, or seconds.
pub(super) fn length(time: Lifetime) -> String {
    let seconds = time.as_seconds();
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "d"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "h"),
        _ if seconds.is_multiple_of(60) => (seconds / 60, "m"),
        _ => (seconds, "s"),
    };
    format!("{count}{unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_as_they_are_written() {
        for text in ["14d", "25h", "90m", "61s", "1d"] {
            let read = duration("--refresh-age", text).unwrap().unwrap();
            assert_eq!(length(read), text);
        }
        assert_eq!(duration("--refresh-age", "").unwrap(), None);
        let error = duration("--refresh-age", "soon").unwrap_err();
        assert_eq!(
            error.to_string(),
            "bad `--refresh-age` `soon`: give a time such as `12h` or `90d`"
        );
    }
}
