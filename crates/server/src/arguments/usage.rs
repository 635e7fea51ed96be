//! The help of each command, and the messages about an invalid command line.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::error::{ContextKind, ErrorKind};
use clap::{Arg, Command};
use serde_json::json;

use crate::config::SettingRow;
use crate::output::{Format, allows_colors, print_error, wants_json, with_short_parts, without_secrets, write_line};

/// Adds help texts, and hides the options that a command does not use.
///
/// `words` is the command line. Only the subcommands that it names are adapted: there are a
/// hundred, and each start pays for them. Without it, or if it names a command about all commands,
/// all are adapted.
pub(super) fn adapt(command: Command, words: Option<&[OsString]>) -> Command {
    let has = |name: &str| words.is_some_and(|words| words.iter().any(|word| word == name));
    let is_for_all = ["completions", "help", "man"].into_iter().any(has);
    let names: Vec<&str> = command
        .get_subcommands()
        .map(Command::get_name)
        .filter(|name| has(name))
        .collect();
    let names: Option<Vec<String>> =
        (!is_for_all && !names.is_empty()).then(|| names.into_iter().map(str::to_owned).collect());
    let globals: Vec<Arg> = command
        .get_arguments()
        .filter(|argument| argument.is_global_set())
        .cloned()
        .map(describe)
        .collect();
    adapt_below(command, &globals, names.as_deref(), &mut Vec::new())
}

fn adapt_below(command: Command, globals: &[Arg], names: Option<&[String]>, path: &mut Vec<String>) -> Command {
    let command = command.mut_args(describe);
    let below = |below: Command| {
        if names.is_some_and(|names| !names.iter().any(|name| name == below.get_name())) {
            return below;
        }
        path.push(below.get_name().to_owned());
        let own = globals
            .iter()
            .filter_map(|global| global_of(global, path))
            .collect::<Vec<_>>();
        let below = adapt_below(below.args(own), globals, None, path);
        path.pop();
        below
    };
    command.mut_subcommands(below)
}

fn describe(argument: Arg) -> Arg {
    // A flag with its own help is not that of the setting with this name: it reads no variable.
    if argument.get_help().is_some() {
        return argument;
    }
    let Some(row) = argument.get_long().and_then(SettingRow::of_flag) else {
        return argument;
    };
    // A value such as `-1m` is a wrong value, and not an unknown option.
    let takes_value = argument.get_action().takes_values();
    argument.help(row.help()).allow_hyphen_values(takes_value)
}

/// The form that a global option has for this command, if another one than usual.
fn global_of(global: &Arg, path: &[String]) -> Option<Arg> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let id = global.get_id().as_str();
    if id == "format" {
        return match path.as_slice() {
            ["policy"] | ["policy", "diff" | "lint"] => None,
            ["completions" | "man"] => Some(global.clone().hide(true)),
            _ => {
                let words = PossibleValuesParser::new(["human", "json"]);
                let parser = words.map(|word| if word == "json" { Format::Json } else { Format::Human });
                Some(global.clone().value_parser(parser))
            }
        };
    }
    let uses_settings = !matches!(
        path.as_slice(),
        ["policy" | "completions" | "man", ..] | ["token", "inspect" | "verify"] | ["config", "init"]
    );
    (!uses_settings).then(|| global.clone().hide(true))
}

/// Reports a wrong command line. Values that may be secrets are not repeated.
// SECURITY: a token or password at the wrong place is not repeated. Tested by
// `faults::wrong_command_line_never_repeats_a_secret`.
pub(crate) fn report(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            return match print_help(error) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    print_error(&error);
                    ExitCode::from(2)
                }
            };
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            return ExitCode::from(2);
        }
        _ => {}
    }
    let text = with_short_parts(&without_secrets(&message(error, std::env::args_os().skip(1))));
    let mut stderr = io::stderr();
    let _ = if wants_json() {
        writeln!(stderr, "{}", json!({ "error": first_paragraph(&text), "status": 2 }))
    } else {
        write!(stderr, "error: {text}")
    };
    ExitCode::from(2)
}

/// Writes help or the version to standard output. A reader that has closed the pipe is not an
/// error.
fn print_help(error: &clap::Error) -> anyhow::Result<()> {
    let text = error.render();
    if allows_colors(&io::stdout()) {
        write_line(&text.ansi().to_string())
    } else {
        write_line(&text.to_string())
    }
}

fn message(error: &clap::Error, arguments: impl Iterator<Item = impl AsRef<OsStr>>) -> String {
    let text = error.render().to_string();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let named = |kind| error.get(kind).map(ToString::to_string);
    let unknown = match error.kind() {
        ErrorKind::UnknownArgument => named(ContextKind::InvalidArg).filter(|value| !value.starts_with('-')),
        // An option without a value, such as `--password-stdin=VALUE`.
        ErrorKind::TooManyValues => named(ContextKind::InvalidValue).or_else(|| Some(String::new())),
        ErrorKind::InvalidSubcommand => named(ContextKind::InvalidSubcommand).filter(|value| !is_word(value)),
        _ => None,
    };
    if unknown.is_some() {
        let usage = text
            .find("\nUsage:")
            .and_then(|start| text.get(start..))
            .unwrap_or("\n");
        return format!(
            "there is a value that this command does not take; it is not repeated, as it may be a secret\n{usage}"
        );
    }
    let mut text = text.to_owned();
    for argument in arguments {
        let argument = argument.as_ref().to_string_lossy();
        let value = argument.split_once('=').map_or(&*argument, |(_, value)| value);
        if value.len() > 20 && !value.starts_with('-') && !value.contains(['/', ' ']) {
            text = text.replace(value, "..");
        }
    }
    text
}

/// Returns the first paragraph in one line. Below its first line it lists options, such as those
/// that are missing.
fn first_paragraph(text: &str) -> String {
    let mut lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let first = lines.next().unwrap_or_default();
    let listed: Vec<&str> = lines.collect();
    format!("{first} {}", listed.join(", ")).trim_end().to_owned()
}

/// Whether a text looks like the name of a command.
fn is_word(text: &str) -> bool {
    text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
}
