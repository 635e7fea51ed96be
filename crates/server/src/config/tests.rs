//! Tests of the configuration.

use std::fs;
use std::time::Duration;

use super::*;
use crate::arguments::Arguments;
use clap::Parser;

/// Loads the settings of `scopegate serve FLAGS` with these variables and this file.
pub(super) fn load(flags: &[&str], variables: &[(&str, &str)], file: Option<&str>) -> Result<Settings, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("scopegate.toml");
    if let Some(text) = file {
        fs::write(&path, text).unwrap();
    }
    let loaded = load_from(flags, variables, file.map(|_| path.as_path()));
    loaded.map_err(|error| error.replace(&directory.path().display().to_string(), "DIR"))
}

/// The same for a file that exists.
pub(crate) fn load_from(flags: &[&str], variables: &[(&str, &str)], file: Option<&Path>) -> Result<Settings, String> {
    let line = ["scopegate", "serve"].iter().chain(flags);
    let arguments = Arguments::parse_from(line);
    let crate::arguments::Command::Serve(serve) = &arguments.command else {
        panic!("not serve")
    };
    let variables = variables
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Layers::read(&[&arguments.common.settings, &**serve], variables, file)
        .and_then(|layers| Settings::from_layers(layers, LogFilter::INFO))
        .map_err(|error| error.to_string())
}

mod documents;

#[test]
fn a_flag_beats_a_variable_beats_the_file_beats_the_default() {
    let file = Some("listen = '127.0.0.1:1'\n");
    let variable: &[_] = &[("SCOPEGATE_LISTEN", "127.0.0.1:2")];
    let flag: &[_] = &["--listen", "127.0.0.1:3"];
    for (flags, variables, file, port) in [
        (flag, variable, file, 3),
        (&[], variable, file, 2),
        (&[], &[], file, 1),
        (&[], &[], None, 8000),
    ] {
        assert_eq!(load(flags, variables, file).unwrap().listen.port(), port);
    }
}

#[test]
fn the_demo_changes_defaults_alone() {
    let demo = load(&["--demo"], &[], None).unwrap();
    assert_eq!(
        (demo.profile, demo.database.as_str(), demo.password_grant),
        (Profile::Tutorial, "sqlite::memory:", true)
    );
    let other = load(
        &["--demo", "--profile=rfc"],
        &[("SCOPEGATE_DATABASE", "sqlite:x.db")],
        None,
    )
    .unwrap();
    assert_eq!((other.profile, other.database.as_str()), (Profile::Rfc, "sqlite:x.db"));
    let plain = load(&[], &[], None).unwrap();
    assert_eq!((plain.profile, plain.password_grant), (Profile::Rfc, false));
}

#[test]
fn lifetime_has_one_name_in_each_profile() {
    let minutes = |count| Duration::from_mins(count);
    for (flags, lifetime, of_passwords) in [
        (&[][..], 10, 10),
        (&["--access-token-lifetime=5m"], 5, 5),
        // The old name.
        (&["--token-lifetime=20m"], 20, 20),
        (&["--demo"], 10, 30),
        (&["--demo", "--token-lifetime=20m", "--access-token-lifetime=5m"], 5, 20),
        (&["--demo", "--profile=rfc"], 10, 10),
    ] {
        let settings = load(flags, &[], None).unwrap();
        let found = (settings.access_token_lifetime(), settings.password_lifetime());
        assert_eq!(found, (minutes(lifetime), minutes(of_passwords)), "{flags:?}");
    }
    let both = load(&["--token-lifetime=20m", "--access-token-lifetime=5m"], &[], None).unwrap_err();
    assert_eq!(
        both,
        "`token_lifetime` is the old name of `access_token_lifetime`, and both are given (flag `--access-token-lifetime`, flag \
         `--token-lifetime`): remove `token_lifetime`"
    );
}

/// A value of each setting that is a time or a number, by its form in the table.
fn sample(row: &SettingRow) -> Option<&'static str> {
    [("time", "30s"), ("number", "16"), ("bytes", "4096"), ("days", "90d")]
        .into_iter()
        .find(|(form, _)| row.value.starts_with(form))
        .map(|(_, sample)| sample)
}

#[test]
fn each_time_and_number_follows_one_rule() {
    let rows = SETTINGS.iter().filter_map(|row| Some((row, sample(row)?)));
    let rows: Vec<_> = rows.collect();
    assert!(rows.len() > 18, "{}", rows.len());
    for (row, sample) in rows {
        let read = |text: &str| {
            let shown = |settings: Settings| settings.shown.into_iter().find(|shown| shown.key == row.key);
            let by_variable = load(&[], &[(&row.variable(), text)], None);
            let by_file = load(&[], &[], Some(&format!("{} = '{text}'", row.key)));
            assert_eq!(by_variable.is_ok(), by_file.is_ok(), "{} = {text}", row.key);
            by_variable.ok().and_then(shown).map(|shown| shown.value)
        };
        let expected = read(sample);
        assert!(expected.is_some(), "{} = {sample}", row.key);
        for zeros in ["0", "00"] {
            assert_eq!(
                read(&format!("{zeros}{sample}")),
                expected,
                "{} = {zeros}{sample}",
                row.key
            );
        }
        for sign in ["-", "+", "- ", " "] {
            assert_eq!(read(&format!("{sign}{sample}")), None, "{} = {sign}{sample}", row.key);
        }
        for zero in ["-0", "+0", "-0s", "0s ago", "-0d"] {
            assert_eq!(read(zero), None, "{} = {zero}", row.key);
        }
        let zeros = ["0", "00", "000"].map(read);
        assert!(zeros.iter().all(|zero| *zero == zeros[0]), "{}: {zeros:?}", row.key);
    }
}

#[test]
fn limit_of_known_tokens_is_above_the_grace() {
    let known = "--news-stale=allow-known";
    for (flags, is_valid) in [
        (&[known][..], true),
        (&[known, "--news-stale-limit=10s"], false),
        (&[known, "--news-stale-limit=11s"], true),
        (&[known, "--news-grace=295s"], false),
        (&["--news-stale=deny", "--news-stale-limit=1s"], true),
        (&["--news-stale=allow", "--news-stale-limit=1s"], true),
    ] {
        assert_eq!(load(flags, &[], None).is_ok(), is_valid, "{flags:?}");
    }
    assert_eq!(
        load(&[known, "--revocation-age=5m"], &[], None).unwrap_err(),
        "bad value for the default of `news_stale_limit`: expected a time above `revocation_age` and `news_grace` together (5m \
         5s), because `allow-known` has an effect only between that time and this limit, found `5m`"
    );
}

#[test]
fn faults_name_the_place() {
    let variable = |name: &'static str, value: &'static str| load(&[], &[(name, value)], None).unwrap_err();
    assert_eq!(
        variable("SCOPEGATE_LISTN", "x"),
        "unknown variable `SCOPEGATE_LISTN`; did you mean `SCOPEGATE_LISTEN`?"
    );
    assert_eq!(
        variable("SCOPEGATE_MAX_CONNECTIONS", "0"),
        "bad value for variable `SCOPEGATE_MAX_CONNECTIONS`: expected a whole number above 0, found `0`"
    );
    assert_eq!(
        load(&["--header-timeout", "soon"], &[], None).unwrap_err(),
        "bad value for flag `--header-timeout`: expected a time above zero and at most a year, such as `500ms`, `30s` or \
         `1h 30m`, found `soon`"
    );
    let file = |text| load(&[], &[], Some(text)).unwrap_err();
    assert_eq!(
        file("tokn_lifetime = '1h'"),
        "unknown key `tokn_lifetime` in file `DIR/scopegate.toml`, line 1; did you mean `token_lifetime`?"
    );
    assert_eq!(
        file("# a comment\n\ncolour = 'red'"),
        "unknown key `colour` in file `DIR/scopegate.toml`, line 3"
    );
    assert_eq!(
        file("rehash = ['x']"),
        "bad value for key `rehash` in file `DIR/scopegate.toml`, line 1: expected `true` or `false`"
    );
    let syntax = file("listen = '127.0.0.1:1'\nsecret_key = 'not closed");
    assert!(
        syntax.starts_with("file `DIR/scopegate.toml` cannot be read: TOML parse error at line 2"),
        "{syntax}"
    );
    assert!(!syntax.contains("not closed"), "{syntax}");
    for text in [
        "listen = ",
        "listen =",
        "listen = [",
        "listen",
        "[",
        "[[issuers]",
        "x = {",
        "'hunter2' =",
    ] {
        let syntax = file(text);
        let (_, reason) = syntax.rsplit_once(": ").unwrap();
        assert!(reason.len() > 4 && !syntax.contains(['|', '^']), "{text}: {syntax}");
        assert!(!syntax.contains("hunter2"), "{syntax}");
    }
}

#[test]
fn a_secret_is_its_text_and_is_never_repeated() {
    let digits = "0123456789".repeat(4);
    let settings = load(&[], &[("SCOPEGATE_SECRET_KEY", &digits)], None).unwrap();
    assert_eq!(
        settings.secret_key.as_ref().map(|secret| secret.expose().as_str()),
        Some(digits.as_str())
    );
    assert!(!format!("{settings:?}").contains(&digits));

    let short = load(&[], &[("SCOPEGATE_SECRET_KEY", "hunter2")], None).unwrap_err();
    assert_eq!(
        short,
        "variable `SCOPEGATE_SECRET_KEY` is too short: a key needs at least 32 bytes, this one has 7"
    );
    let table = load(&[], &[], Some("secret_key = ['hunter2']")).unwrap_err();
    assert!(!table.contains("hunter2"), "{table}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_with_the_line_that_names_it() {
    for (text, expected) in [
        (
            "\nsecret_key_file = 'none'",
            "(key `secret_key_file` in file `DIR/scopegate.toml`, line 2)",
        ),
        (
            "[[issuers]]\nname = 'c'\nissuer = 'https://a.example'\ntokens = 'opaque'\nclient_id = 'x'\n\
             client_secret_file = 'none'",
            "(key `client_secret_file` of issuer `c` in file `DIR/scopegate.toml`, line 6)",
        ),
    ] {
        let fault = load(&[], &[], Some(text)).unwrap_err();
        assert!(
            fault.contains("none` cannot be read: ") && fault.ends_with(expected),
            "{fault}"
        );
    }
}

#[test]
fn secret_is_read_from_its_own_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secret");
    fs::write(&path, format!("{}\n", "k".repeat(40))).unwrap();
    let path = path.to_str().unwrap();
    let settings = load(&[], &[("SCOPEGATE_SECRET_KEY_FILE", path)], None).unwrap();
    assert_eq!(settings.secret_key.map(|secret| secret.expose().len()), Some(40));

    let both = load(
        &[],
        &[("SCOPEGATE_SECRET_KEY_FILE", path), ("SCOPEGATE_SECRET_KEY", "x")],
        None,
    )
    .unwrap_err();
    assert_eq!(
        both,
        "`secret_key` and `secret_key_file` are both given (variable `SCOPEGATE_SECRET_KEY`, variable \
         `SCOPEGATE_SECRET_KEY_FILE`): remove one of them"
    );
    let file = "secret_key_file = 'a'\nsecret_key = 'b'\n";
    assert_eq!(
        load(&[], &[], Some(file)).unwrap_err(),
        "`secret_key` and `secret_key_file` are both given (key `secret_key` in file `DIR/scopegate.toml`, line 2, key \
         `secret_key_file` in file `DIR/scopegate.toml`, line 1): remove one of them"
    );
}

#[test]
fn the_issuer_is_guessed_on_a_loopback_address_alone() {
    let settings = load(&[], &[], None).unwrap();
    let at = |text: &str| settings.issuer_at(text.parse().unwrap());
    assert_eq!(at("127.0.0.1:81").unwrap().as_str(), "http://127.0.0.1:81");
    assert_eq!(at("[::1]:81").unwrap().as_str(), "http://[::1]:81");
    assert!(matches!(at("0.0.0.0:81"), Err(ConfigError::IssuerMissing { .. })));
    let set = load(&["--issuer", "https://id.example"], &[], None).unwrap();
    assert_eq!(
        set.issuer_at("0.0.0.0:81".parse().unwrap()).unwrap().as_str(),
        "https://id.example"
    );
}

#[test]
fn origins_are_written_as_flags_as_a_text_or_as_a_list() {
    let (app, local) = ("https://app.example", "http://localhost:3000");
    let both = format!("{app}, {local}");
    let flags = ["--cors-origin", app, "--cors-origin", local];
    let file = format!("cors_origins = ['{app}', '{local}']\n");
    let text = format!("cors_origins = '{both}'\n");
    let other = Some("cors_origins = ['https://other.example']\n");
    for (flags, variables, file) in [
        (&flags[..], &[][..], None),
        (&[], &[("SCOPEGATE_CORS_ORIGINS", &*both)], None),
        (&[], &[], Some(&*file)),
        (&[], &[], Some(&*text)),
        (&flags, &[("SCOPEGATE_CORS_ORIGINS", "*")], other),
    ] {
        let settings = load(flags, variables, file).unwrap();
        assert!(settings.cors_origins.cors().is_some());
        let shown = settings.shown.iter().find(|shown| shown.key == "cors_origins").unwrap();
        assert_eq!(shown.value, serde_json::json!([app, local]));
    }
    for (variables, file) in [(&[][..], None), (&[("SCOPEGATE_CORS_ORIGINS", "")], other)] {
        assert!(load(&[], variables, file).unwrap().cors_origins.cors().is_none());
    }
    let wrong = load(&["--cors-origin", "https://app.example/"], &[], None).unwrap_err();
    assert!(
        wrong.contains("`--cors-origin`") && wrong.contains("`https://app.example/`"),
        "{wrong}"
    );
}

#[test]
fn errors_name_flags_of_the_command_line() {
    let command = crate::arguments::command();
    let serve = command.find_subcommand("serve").unwrap();
    let arguments = command.get_arguments().chain(serve.get_arguments());
    let flags: Vec<&str> = arguments.filter_map(clap::Arg::get_long).collect();
    for row in SETTINGS {
        let Some(flag) = row.flag else { continue };
        assert!(flags.contains(&flag), "{flag}");
        assert_eq!(Source::Flag.place(row.key), format!("flag `--{flag}`"));
    }
}
