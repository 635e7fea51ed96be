//! Findings of the lint that an owner accepts, with the reason. They are in a separate file or in
//! the document.

mod field;

use std::fmt;
use std::sync::Arc;

use scopegate_policy::{LintRule, Method, nearest_name};

use super::error::ImportError;
use super::place::{DocumentPosition, Lines};
use super::position::Position;
use super::shown::QuotedValue;
use super::table::{Source, Table, Value};

pub(super) use self::field::{FIELD, Within, read_field, read_table, set_operations};

/// An entry that accepts findings of one rule.
///
/// ```
/// use scopegate_openapi::import::read_ignores;
///
/// let ignores = read_ignores(r#"
///     [[ignore]]
///     rule = "unprotected-operation"
///     operation = "GET /health"
///     reason = "The load balancer calls it."
///     until = 2027-01-31
/// "#)?;
/// assert_eq!(ignores[0].reason(), "The load balancer calls it.");
/// let fault = read_ignores("[[ignore]]\nrule = \"unused-scope\"").unwrap_err();
/// assert_eq!(fault.to_string(), "line 1, column 1: `reason` is missing");
/// # Ok::<(), scopegate_openapi::import::ImportError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    rule: LintRule,
    pub(super) operation: Option<(Method, String)>,
    /// The operation that the written address calls.
    pub(super) located: Option<(Method, String)>,
    /// The object with several operations that contains it.
    part: Option<Part>,
    scheme: Option<String>,
    reason: String,
    until: Option<IgnoreDate>,
    place: DocumentPosition,
}

/// An object of a document with several operations.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// A path item.
    Path(String),
    /// A resource, a permission or a group.
    Named {
        name: String,
        operations: Arc<[(Method, String)]>,
    },
}

impl Part {
    fn name(&self) -> &str {
        match self {
            Self::Path(name) | Self::Named { name, .. } => name,
        }
    }

    fn contains(&self, method: Method, template: &str) -> bool {
        match self {
            Self::Path(path) => path == template,
            Self::Named { operations, .. } => operations
                .iter()
                .any(|(known, path)| *known == method && path == template),
        }
    }
}

/// The last day on which a finding is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a date of the calendar")]
pub struct IgnoreDate {
    /// The year.
    pub year: u16,
    /// The month, from 1.
    pub month: u8,
    /// The day of the month, from 1.
    pub day: u8,
}

impl IgnoreDate {
    /// `2027-01-31` (RFC 3339, `full-date`).
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut number = |len: usize| {
            let part = parts.next()?;
            let is_number = part.len() == len && part.bytes().all(|byte| byte.is_ascii_digit());
            part.parse::<u16>().ok().filter(|_| is_number)
        };
        let (year, month, day) = (
            number(4)?,
            u8::try_from(number(2)?).ok()?,
            u8::try_from(number(2)?).ok()?,
        );
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let days = match month {
            2 if is_leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=days).contains(&day).then_some(Self { year, month, day })
    }
}

impl fmt::Display for IgnoreDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl Ignore {
    /// Returns the rule of the accepted findings.
    #[must_use]
    pub const fn rule(&self) -> LintRule {
        self.rule
    }

    /// Returns the reason of the owner.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the last day on which the entry is valid, or `None` if it has no end.
    #[must_use]
    pub const fn until(&self) -> Option<IgnoreDate> {
        self.until
    }

    /// The position of the entry.
    #[must_use]
    pub const fn place(&self) -> &DocumentPosition {
        &self.place
    }

    /// Returns the name of the scheme that the accepted findings concern, or `None` if the entry
    /// names no scheme.
    #[must_use]
    pub fn scheme(&self) -> Option<&str> {
        self.scheme.as_deref()
    }

    /// Whether the entry accepts findings for some operations only.
    #[must_use]
    pub const fn is_about_operations(&self) -> bool {
        self.operation.is_some() || self.part.is_some()
    }

    /// Whether the entry accepts findings for this operation.
    #[must_use]
    pub fn covers(&self, method: Method, template: &str) -> bool {
        let is_of_part = |part: &Part| part.contains(method, template);
        let is_of_operation = |(known, path): &(Method, String)| *known == method && path == template;
        let operation = self.located.as_ref().or(self.operation.as_ref());
        self.part.as_ref().is_none_or(is_of_part) && operation.is_none_or(is_of_operation)
    }
}

impl fmt::Display for Ignore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.rule)?;
        match (&self.operation, &self.part) {
            (Some((method, path)), _) => write!(f, " of `{method} {}`", QuotedValue(path))?,
            (None, Some(part)) => write!(f, " of `{}`", QuotedValue(part.name()))?,
            (None, None) => {}
        }
        match &self.scheme {
            Some(scheme) => write!(f, " of scheme `{}`", QuotedValue(scheme)),
            None => Ok(()),
        }
    }
}

/// Reads a file of accepted findings: TOML with a table `[[ignore]]` for each.
///
/// # Errors
///
/// [`ImportError`] with the place, if the text is not TOML, a member is unknown, or `rule` or
/// `reason` is missing.
pub fn read_ignores(text: &str) -> Result<Vec<Ignore>, ImportError> {
    let source = Source(text);
    let document = source.parse()?;
    let mut root = Table::new(source, document.get_ref(), 0..0);
    let mut ignores = Vec::new();
    let lines = Lines::of(text);
    if let Some(list) = root.take("ignore") {
        for item in list.items()? {
            let place = DocumentPosition::of_mark(lines.mark(text, item.start()));
            ignores.push(entry(item, place)?);
        }
    }
    root.finish()?;
    Ok(ignores)
}

fn entry(item: Value<'_, '_>, place: DocumentPosition) -> Result<Ignore, ImportError> {
    let mut table = item.table()?;
    let rule = table.take("rule").ok_or_else(|| item.fault("`rule` is missing"))?;
    let operation = table.take("operation");
    let scheme = table.text("scheme")?.map(str::to_owned);
    let reason = table.take("reason").ok_or_else(|| item.fault("`reason` is missing"))?;
    let until = table.take("until");
    table.finish()?;
    Ok(Ignore {
        rule: rule_of(rule.text()?).map_err(|message| rule.fault(message))?,
        operation: match operation {
            Some(value) => Some(operation_of(value.text()?).map_err(|message| value.fault(message))?),
            None => None,
        },
        located: None,
        part: None,
        scheme,
        reason: reason_of(reason.text()?).map_err(|message| reason.fault(message))?,
        until: match until {
            Some(value) => Some(date_of(&value.text_or_date()?).map_err(|message| value.fault(message))?),
            None => None,
        },
        place,
    })
}

fn rule_of(text: &str) -> Result<LintRule, String> {
    text.parse().map_err(|_| {
        let known = LintRule::ALL.iter().map(|rule| rule.as_str());
        match nearest_name(text, known) {
            Some(name) => format!(
                "`{}` is not a rule of the lint; did you mean `{name}`?",
                QuotedValue(text)
            ),
            None => format!("`{}` is not a rule of the lint", QuotedValue(text)),
        }
    })
}

fn operation_of(text: &str) -> Result<(Method, String), String> {
    let parts = text.split_once(' ').and_then(|(method, path)| {
        let method = method.to_ascii_uppercase().parse().ok()?;
        Some((method, path.trim().to_owned()))
    });
    parts.ok_or_else(|| format!("`{}` is not a method, a space and a path", QuotedValue(text)))
}

fn reason_of(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("`reason` must say why the finding is accepted".to_owned()),
        reason => Ok(reason.to_owned()),
    }
}

fn date_of(text: &str) -> Result<IgnoreDate, String> {
    IgnoreDate::parse(text).ok_or_else(|| format!("`{}` is not a date such as `2027-01-31`", QuotedValue(text)))
}

/// The position of an entry in a file.
impl Ignore {
    /// Returns the position in the text, if the entry is in a text; an entry of a document has a
    /// pointer.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.place.position().filter(|_| self.place.pointer().is_none())
    }
}

#[cfg(test)]
mod tests;
