//! The export of a table to Scopegate's own TOML.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use scopegate_domain::{ApiKeyLocation, DeclaredScheme, HttpScheme, OAuthFlow, SchemeName, SecurityScheme};
use scopegate_policy::{Access, OperationTable, ResolvedOperation};

use super::details::{Details, details};
use super::security::location_name;
use super::words::{Words, checks, is_optional};
use crate::import::Imported;

/// Writes a table as TOML that [`import::read`](crate::import::read) reads back to the same
/// meaning.
///
/// The text is flat: a tree of guards becomes one expression for each operation. Reading the text
/// and writing it again gives the same bytes.
///
/// ```
/// use scopegate_openapi::{export, import};
///
/// let policy = br#"
///     schemes.oauth = { kind = "oauth2", scopes = { items = "Read items.", me = "" } }
///     guards.me = { requires = "me and active" }
///     operations = [{ method = "GET", path = "/items", requires = "items", behind = ["me"] }]
/// "#;
/// let text = export::toml(import::read(policy)?.table())?;
/// assert!(text.ends_with("path = \"/items\"\nrequires = \"items and me and active\"\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ExportError`] if the table contains something that the TOML cannot express.
pub fn toml(table: &OperationTable) -> Result<String, ExportError> {
    written(table, &BTreeMap::new())
}

/// Writes a policy that was read as TOML, like [`toml()`]. The text has the types of schemes and
/// the flows that a table cannot express, such as mutual TLS.
///
/// # Errors
///
/// The errors of [`toml()`].
pub fn toml_of(imported: &Imported) -> Result<String, ExportError> {
    written(imported.table(), &details(imported))
}

type AllDetails<'i> = BTreeMap<&'i SchemeName, Details<'i>>;

fn written(table: &OperationTable, details: &AllDetails<'_>) -> Result<String, ExportError> {
    let mut text = String::new();
    // Writing to a text cannot fail.
    let _ = write(&mut text, table, details);
    match table
        .operations()
        .iter()
        .find(|operation| operation.is_override() && overridden(operation).is_empty())
    {
        Some(operation) => Err(ExportError::Override {
            operation: operation.to_string(),
        }),
        None => Ok(text),
    }
}

/// The reason why a table cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The operation overrides guards that have no name to refer to them.
    #[error("`{operation}` overrides guards without a name")]
    Override {
        /// The operation, as method and path.
        operation: String,
    },
}

fn overridden(operation: &ResolvedOperation) -> Vec<String> {
    operation.overridden().iter().map(ToString::to_string).collect()
}

fn write(text: &mut String, table: &OperationTable, details: &AllDetails<'_>) -> fmt::Result {
    let checks = checks(table);
    if !checks.is_empty() {
        writeln!(text, "[checks]")?;
        for (name, needs) in checks {
            writeln!(text, "{} = {}", Quoted(&name), Quoted(needs))?;
        }
        writeln!(text)?;
    }
    for declared in table.catalog().schemes() {
        scheme(text, declared, details.get(declared.name()))?;
    }
    let words = Words::of(table);
    for one in table.operations() {
        operation(text, &words, one)?;
    }
    if text.is_empty() {
        // An empty text is not a document.
        text.push_str("operations = []");
    }
    // The text ends with one line end.
    text.truncate(text.trim_end().len());
    writeln!(text)
}

fn scheme(text: &mut String, declared: &DeclaredScheme, details: Option<&Details<'_>>) -> fmt::Result {
    let name = Quoted(declared.name().as_str());
    writeln!(text, "[schemes.{name}]")?;
    match details {
        Some(details) => kind_in_details(text, declared.scheme(), details)?,
        None => kind(text, declared.scheme())?,
    }
    if let Some(description) = declared.description() {
        writeln!(text, "description = {}", Quoted(description))?;
    }
    if !declared.has_subject() {
        writeln!(text, "without_subject = true")?;
    }
    writeln!(text)?;
    if declared.scopes().is_empty() {
        return Ok(());
    }
    writeln!(text, "[schemes.{name}.scopes]")?;
    for scope in declared.scopes() {
        writeln!(
            text,
            "{} = {}",
            Quoted(scope.token().as_str()),
            Quoted(scope.description())
        )?;
    }
    writeln!(text)?;
    let implying = || declared.scopes().iter().filter(|scope| !scope.implies().is_empty());
    if implying().next().is_some() {
        writeln!(text, "[schemes.{name}.implies]")?;
        for scope in implying() {
            let weaker: Vec<&str> = scope.implies().iter().map(AsRef::as_ref).collect();
            writeln!(text, "{} = {}", Quoted(scope.token().as_str()), List(&weaker))?;
        }
        writeln!(text)?;
    }
    Ok(())
}

/// Writes the kind of a scheme that the table cannot express, or its additional flows.
fn kind_in_details(text: &mut String, scheme: &SecurityScheme, details: &Details<'_>) -> fmt::Result {
    match (details.get("type").copied(), details.get("scheme").copied()) {
        (Some("http"), Some(scheme)) => writeln!(text, "kind = \"http\"\nscheme = {}", Quoted(scheme)),
        (Some("mutualTLS"), _) => writeln!(text, "kind = \"mutualTLS\""),
        (Some(other), _) => writeln!(text, "kind = \"other\"\ntype = {}", Quoted(other)),
        (None, _) => {
            kind(text, scheme)?;
            let flows: Vec<String> = details
                .iter()
                .map(|(field, url)| format!("{} = {}", Quoted(field), Quoted(url)))
                .collect();
            writeln!(text, "details = {{ {} }}", flows.join(", "))
        }
    }
}

fn kind(text: &mut String, scheme: &SecurityScheme) -> fmt::Result {
    match scheme {
        SecurityScheme::ApiKey { location, name } => {
            let location: ApiKeyLocation = *location;
            let place = location_name(location);
            writeln!(
                text,
                "kind = \"apiKey\"\nin = {}\nname = {}",
                Quoted(place),
                Quoted(name)
            )
        }
        SecurityScheme::Http(HttpScheme::Basic) => writeln!(text, "kind = \"basic\""),
        SecurityScheme::Http(HttpScheme::Bearer { format }) => {
            writeln!(text, "kind = \"bearer\"")?;
            match format {
                Some(format) => writeln!(text, "format = {}", Quoted(format)),
                None => Ok(()),
            }
        }
        SecurityScheme::Http(HttpScheme::Digest) => writeln!(text, "kind = \"digest\""),
        SecurityScheme::OAuth2(flows) => {
            writeln!(text, "kind = \"oauth2\"")?;
            let all = [
                ("authorization_code", &flows.authorization_code),
                ("client_credentials", &flows.client_credentials),
                ("device_authorization", &flows.device_authorization),
                ("implicit", &flows.implicit),
                ("password", &flows.password),
            ];
            for (name, declared) in all {
                if let Some(declared) = declared {
                    writeln!(text, "{name} = {}", Flow(declared))?;
                }
            }
            if let Some(url) = &flows.metadata_url {
                writeln!(text, "metadata = {}", Quoted(url))?;
            }
            Ok(())
        }
        SecurityScheme::OpenIdConnect { url } => writeln!(text, "kind = \"openIdConnect\"\nurl = {}", Quoted(url)),
    }
}

fn operation(text: &mut String, words: &Words<'_>, operation: &ResolvedOperation) -> fmt::Result {
    writeln!(text, "[[operations]]")?;
    writeln!(text, "method = \"{}\"", operation.method())?;
    writeln!(text, "path = {}", Quoted(operation.template()))?;
    if let Some(name) = operation.name() {
        writeln!(text, "name = {}", Quoted(name))?;
    }
    if operation.access() == Access::Public {
        writeln!(text, "public = true")?;
    } else {
        writeln!(text, "requires = {}", Quoted(&words.expression(operation)))?;
    }
    if is_optional(operation) {
        writeln!(text, "optional = true")?;
    }
    if operation.is_override() {
        writeln!(text, "override = {}", List(&overridden(operation)))?;
    }
    writeln!(text)
}

/// A basic string of TOML.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                '\n' => f.write_str("\\n")?,
                '\t' => f.write_str("\\t")?,
                '\r' => f.write_str("\\r")?,
                _ if character.is_control() => write!(f, "\\u{:04X}", u32::from(character))?,
                _ => f.write_char(character)?,
            }
        }
        f.write_char('"')
    }
}

struct List<'a, T>(&'a [T]);

impl<T: AsRef<str>> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('[')?;
        for (index, item) in self.0.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{}", Quoted(item.as_ref()))?;
        }
        f.write_char(']')
    }
}

struct Flow<'a>(&'a OAuthFlow);

impl fmt::Display for Flow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addresses = [
            ("authorize", &self.0.authorization_url),
            ("device", &self.0.device_authorization_url),
            ("refresh", &self.0.refresh_url),
            ("token", &self.0.token_url),
        ];
        let written: Vec<String> = addresses
            .into_iter()
            .filter_map(|(name, url)| Some(format!("{name} = {}", Quoted(url.as_deref()?))))
            .collect();
        if written.is_empty() {
            f.write_str("{}")
        } else {
            write!(f, "{{ {} }}", written.join(", "))
        }
    }
}
