//! `--format github`: workflow commands, which GitHub shows as annotations.

use std::fmt::Write as _;

use scopegate_policy::Severity;

use super::report::Report;

pub(super) fn to_text(report: &Report<'_>) -> String {
    let mut text = String::new();
    for reported in &report.findings {
        let finding = &reported.finding;
        let command = match finding.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let place = reported.operations_in_short();
        let _ = writeln!(
            text,
            "::{command} file={},line={},col={},title={}::{}",
            property(&reported.file),
            reported.located.position.line,
            reported.located.position.column,
            property(finding.rule().as_str()),
            data(&format!("{place}: {}", finding.message())),
        );
    }
    text
}

/// Escapes the text of a command, which ends at a line end.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property, which ends at a comma or a colon, too.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50% of\r\n::error::x"), "50%25 of%0D%0A::error::x");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
    }
}
