//! From a document to a table of operations.

mod assembly;
mod discovery;
mod error;
mod expression;
mod files;
mod finding;
mod folder;
mod foreign;
mod graph;
mod guards;
mod ignore;
mod indentation;
mod json;
mod limits;
mod node;
mod note;
mod objects;
mod openapi;
mod own_fields;
mod place;
mod policy_toml;
mod positions;
mod refs;
mod schemes;
mod security;
pub(crate) mod servers;
mod shape;
mod table;
mod templates;
mod yaml;

use std::fmt;
use std::path::Path;

use scopegate_domain::SchemeName;
use scopegate_policy::analysis::DocumentFacts;
use scopegate_policy::{OperationTable, analysis};

use self::assembly::Assembly;
pub(crate) use self::expression::{guard_word, scope_word};
use self::files::Files;
use self::folder::Folder;
pub(crate) use self::guards::needs_word;
use self::node::{At, Budget, Node};
use self::place::Places;
use self::refs::References;
pub(crate) use self::security::ROLE;
use self::servers::Servers;
use self::shape::Shape;

pub use scopegate_policy::analysis::{Ceiling, CeilingKind, LeastMark};

pub use self::error::ImportError;
pub use self::folder::ReadOptions;
pub use self::ignore::{Ignore, IgnoreDate, read_ignores};
pub use self::limits::{ImportLimit, MAX_DOCUMENT, MAX_FILES, MAX_FILES_BYTES};
pub use self::note::{Note, NoteKind};
pub use self::place::Place;
pub use self::positions::{Located, Position, locate_in_toml, locate_pointers};

/// Reads a document: `OpenAPI` 3.0 to 3.2 and Swagger 2.0, each as JSON or YAML, a Google discovery document, Microsoft Graph's
/// permissions file, or Scopegate's own TOML. What it is, its content says.
///
/// What a table cannot express is told by [`Imported::notes`], and never made more open.
///
/// ```
/// use scopegate_openapi::import;
/// use scopegate_policy::Access;
///
/// let document = br#"{
///   "openapi": "3.1.0", "info": { "title": "Items", "version": "1" },
///   "components": { "securitySchemes": { "oauth": { "type": "oauth2", "flows": {
///     "password": { "tokenUrl": "token", "scopes": { "items": "Read items." } } } } } },
///   "security": [{ "oauth": ["items"] }],
///   "paths": { "/items": { "get": {} }, "/health": { "get": { "security": [] } } }
/// }"#;
/// let imported = import::read(document)?;
/// let [items, health] = imported.table().operations() else { panic!() };
/// assert_eq!((items.access(), health.access()), (Access::Scoped, Access::Public));
/// assert_eq!(import::counts(&imported).scopes_used(), 1);
/// # Ok::<(), import::ImportError>(())
/// ```
///
/// # Errors
///
/// [`ImportError`], one sentence, if the document is broken, is none of these, or is too large.
/// A reference to another file is an error, too: these bytes have no folder. [`read_file`] and
/// [`read_with`] follow it.
pub fn read(bytes: &[u8]) -> Result<Imported, ImportError> {
    read_in(bytes, None)
}

/// Reads a document as [`read`] does, with the other files that it refers to.
///
/// A reference is followed if it decides about access: in paths, path items, operations,
/// security schemes with their parts, and `security`. Files lie below the folder of the document,
/// or below a folder that the options allow, after links are resolved. A description has at most
/// [`MAX_FILES`] files of [`MAX_FILES_BYTES`] bytes together.
///
/// # Errors
///
/// [`ImportError`], as [`read`]. A reference to a missing file, outside of the folders, to a URL
/// or in a circle is an error, too.
pub fn read_file(path: &Path, options: &ReadOptions) -> Result<Imported, ImportError> {
    let unreadable = |fault: std::io::Error| ImportError::Unreadable {
        message: fault.to_string(),
    };
    let bytes = folder::bytes(path, MAX_DOCUMENT).map_err(unreadable)?;
    read_as(&bytes, path, options)
}

/// Reads a document as [`read_file`] does, from the bytes of the file at `path` that were read before.
///
/// # Errors
///
/// [`ImportError`], as [`read_file`].
pub fn read_as(bytes: &[u8], path: &Path, options: &ReadOptions) -> Result<Imported, ImportError> {
    let folder = Folder::of_file(path, options)?;
    read_in(bytes, folder.as_ref())
}

/// Reads a document from bytes, such as standard input, with the base of the options for its
/// folder.
///
/// # Errors
///
/// [`ImportError`], as [`read_file`]. Without a base a reference to another file is an error.
pub fn read_with(bytes: &[u8], options: &ReadOptions) -> Result<Imported, ImportError> {
    let folder = Folder::of_options(options)?;
    read_in(bytes, folder.as_ref())
}

fn read_in(bytes: &[u8], folder: Option<&Folder>) -> Result<Imported, ImportError> {
    if bytes.len() > MAX_DOCUMENT {
        return Err(ImportError::TooLarge(ImportLimit::Document));
    }
    let text = text(bytes)?;
    if let Some(kind) = foreign::of_text(text) {
        return Err(ImportError::Foreign { kind });
    }
    match syntax(text) {
        Syntax::Toml => policy_toml::read(text),
        syntax => read_tree(text, syntax, folder),
    }
}

/// The text of a document, without a byte order mark.
fn text(bytes: &[u8]) -> Result<&str, ImportError> {
    let text = std::str::from_utf8(bytes).map_err(|fault| ImportError::NotText {
        position: fault.valid_up_to(),
    })?;
    Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text))
}

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Json,
    Toml,
    Yaml,
}

/// By the first line that says something: a table or `name = value` is TOML, `name: value` is YAML.
fn syntax(text: &str) -> Syntax {
    let mut rest = text.trim_ascii_start();
    while rest.starts_with('#') {
        rest = rest
            .split_once('\n')
            .map_or("", |(_, behind)| behind.trim_ascii_start());
    }
    let line = rest.split('\n').next().unwrap_or_default();
    // A table of TOML has a name between its brackets.
    let is_json_list = rest
        .strip_prefix('[')
        .is_some_and(|items| items.trim_ascii_start().starts_with(['{', ']']));
    let marks = |mark: char| line.find(mark).unwrap_or(usize::MAX);
    // Names between braces are quoted in JSON, and need not be in YAML.
    let is_json_object = rest.strip_prefix('{').is_some_and(|members| {
        members.trim_ascii_start().is_empty() || members.trim_ascii_start().starts_with(['"', '}'])
    });
    if is_json_object || is_json_list {
        Syntax::Json
    } else if line.starts_with('[') || marks('=') < marks(':') {
        Syntax::Toml
    } else {
        Syntax::Yaml
    }
}

/// Drops the trees before the table is built: both together would take twice the memory.
fn read_tree(text: &str, syntax: Syntax, folder: Option<&Folder>) -> Result<Imported, ImportError> {
    let collected = {
        let mut files = Files::new(text, syntax, folder);
        let root = match tree(text, syntax, Shape::Root, &files.budget) {
            Err(fault)
                if syntax == Syntax::Json && files.is_named_yaml() && !matches!(fault, ImportError::TooLarge(_)) =>
            {
                files.set_yaml();
                tree(text, Syntax::Yaml, Shape::Root, &files.budget).map_err(|_| fault)?
            }
            read => read?,
        };
        files.keep_notes(0, None)?;
        let Some(origin) = files.origin(0) else {
            return Err(ImportError::Unrecognised);
        };
        let references = References::new(&root, &files);
        let mut collected = collect(&At::root(&root, origin), &references)?;
        files.note_unread_fields(collected.format)?;
        collected.assembly.notes.extend(files.nulls.take())?;
        collected
    };
    collected.build()
}

/// The tree of a text that is no TOML.
fn tree<'t>(text: &'t str, syntax: Syntax, shape: Shape, budget: &Budget) -> Result<Node<'t>, ImportError> {
    if syntax != Syntax::Json {
        return yaml::parse(text, shape, budget);
    }
    json::parse(text, shape, budget)
}

/// By the fields that every document of a kind has.
fn collect(root: &At<'_>, references: &References<'_>) -> Result<Collected, ImportError> {
    let has = |name: &str| root.node.find(name).is_some();
    let is_discovery = matches!(root.text_of("kind"), Ok(Some("discovery#restDescription")));
    if has("openapi") {
        openapi::read(root, references)
    } else if has("swagger") {
        openapi::read_swagger(root, references)
    } else if let Some(kind) = foreign::of_tree(root.node) {
        Err(ImportError::Foreign { kind })
    } else if has("discoveryVersion") || is_discovery || (has("auth") && has("resources")) {
        discovery::read(root)
    } else if has("permissions") {
        graph::read(root)
    } else {
        Err(ImportError::Unrecognised)
    }
}

/// What a document says, as a table.
///
/// ```
/// use scopegate_openapi::import::{self, Format};
///
/// let imported = import::read(br#"{ "swagger": "2.0", "info": { "title": "Items", "version": "7" }, "paths": {} }"#)?;
/// assert_eq!((imported.format(), imported.title(), imported.version()), (Format::Swagger20, Some("Items"), Some("7")));
/// # Ok::<(), import::ImportError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Imported {
    table: OperationTable,
    format: Format,
    title: Option<String>,
    version: Option<String>,
    notes: Vec<Note>,
    ceilings: Vec<Ceiling>,
    least: Vec<LeastMark>,
    servers: Servers,
    details: Vec<(SchemeName, String, String)>,
    counts: Counts,
    facts: DocumentFacts,
    ignores: Vec<Ignore>,
    places: Places,
}

/// What a document says, before its trees are resolved.
#[derive(Debug)]
struct Collected {
    assembly: Assembly,
    format: Format,
    heading: Heading,
    least: Vec<LeastMark>,
    servers: Vec<String>,
}

impl Collected {
    const fn new(assembly: Assembly, format: Format, heading: Heading) -> Self {
        Self {
            assembly,
            format,
            heading,
            least: Vec::new(),
            servers: Vec::new(),
        }
    }

    fn build(mut self) -> Result<Imported, ImportError> {
        let servers = self.assembly.take_servers();
        let details = self.assembly.take_details();
        let ignores = std::mem::take(&mut self.assembly.ignores);
        let facts = self
            .servers
            .into_iter()
            .fold(DocumentFacts::new(), DocumentFacts::server);
        let (table, counts, facts, places, notes) = self.assembly.build(facts)?;
        Ok(Imported {
            table,
            format: self.format,
            title: self.heading.title,
            version: self.heading.version,
            notes: notes.into_vec(),
            ceilings: Vec::new(),
            least: self.least,
            servers,
            details,
            counts,
            facts,
            ignores,
            places,
        })
    }
}

impl Imported {
    /// The operations with what they ask for.
    #[must_use]
    pub const fn table(&self) -> &OperationTable {
        &self.table
    }

    /// The table alone.
    #[must_use]
    pub fn into_table(self) -> OperationTable {
        self.table
    }

    /// What kind of document it was.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.format
    }

    /// What the document calls the interface.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// Which version of the interface it describes.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// What could not be expressed, and what looks wrong.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The place of an operation, by its number in [`OperationTable::operations`].
    #[must_use]
    pub fn operation_place(&self, number: usize) -> Option<Place> {
        let place = self.places.operations.get(number)?;
        Some(place.operation(|| self.derived(number)))
    }

    /// The place of the `security` that counts for an operation: its own, or that of the document.
    ///
    /// `None` if none is written, and for Scopegate's TOML, which has it in the operation.
    #[must_use]
    pub fn security_place(&self, number: usize) -> Option<Place> {
        self.places.operations.get(number)?.security(|| self.derived(number))
    }

    /// The pointer of an operation by its path and method.
    fn derived(&self, number: usize) -> String {
        let operation = self.table.operations().get(number);
        operation.map_or_else(String::new, |operation| {
            place::derived(operation.template(), operation.method())
        })
    }

    /// The place of a scheme.
    #[must_use]
    pub fn scheme_place(&self, scheme: &str) -> Option<&Place> {
        Some(&self.places.schemes.get(scheme)?.scheme)
    }

    /// The place of a scope that a scheme declares; `None` for a scope without a declaration.
    #[must_use]
    pub fn scope_place(&self, scheme: &str, scope: &str) -> Option<&Place> {
        self.places.schemes.get(scheme)?.scopes.get(scope)
    }

    /// How far clients, users and roles reach at most. Scopegate's TOML alone says that.
    #[must_use]
    pub fn ceilings(&self) -> &[Ceiling] {
        &self.ceilings
    }

    /// This version of a policy, for a comparison with another one. It has fields of schemes that the table cannot express.
    #[must_use]
    pub fn version_to_compare(&self) -> analysis::Version<'_> {
        let details = self.details.iter().cloned();
        details.fold(
            analysis::Version::new(&self.table),
            |version, (scheme, field, value)| version.detail(scheme, field, value),
        )
    }

    /// The fields of schemes that the table cannot express.
    pub(crate) fn details(&self) -> &[(SchemeName, String, String)] {
        &self.details
    }

    /// The servers of its operations.
    pub(crate) const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// What the publisher says to be least privilege. Microsoft Graph's file alone says that.
    #[must_use]
    pub fn least_marks(&self) -> &[LeastMark] {
        &self.least
    }
}

/// What kind of document was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Google's API discovery.
    GoogleDiscovery,
    /// Microsoft Graph's permissions.
    MicrosoftGraph,
    /// `OpenAPI` 3.0
    OpenApi30,
    /// `OpenAPI` 3.1
    OpenApi31,
    /// `OpenAPI` 3.2
    OpenApi32,
    /// Swagger 2.0
    Swagger20,
    /// Scopegate's own.
    Toml,
}

impl Format {
    /// Its name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::GoogleDiscovery => "Google discovery",
            Self::MicrosoftGraph => "Microsoft Graph permissions",
            Self::OpenApi30 => "OpenAPI 3.0",
            Self::OpenApi31 => "OpenAPI 3.1",
            Self::OpenApi32 => "OpenAPI 3.2",
            Self::Swagger20 => "Swagger 2.0",
            Self::Toml => "Scopegate TOML",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Imported {
    /// Makes one authorization server of the servers of two schemes. False where a scheme is not declared.
    pub fn join_servers(&mut self, one: &SchemeName, other: &SchemeName) -> bool {
        match self.table.with_same_server(one, other) {
            Some(table) => {
                self.table = table;
                true
            }
            None => false,
        }
    }
}

/// How much a document holds.
#[must_use]
pub const fn counts(imported: &Imported) -> Counts {
    imported.counts
}

/// How much a document holds. Scopes count by name, once for all schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    operations: usize,
    triples: usize,
    scopes_declared: usize,
    scopes_used: usize,
    scopes_undeclared: usize,
}

impl Counts {
    /// Operations: pairs of a method and a path.
    #[must_use]
    pub const fn operations(&self) -> usize {
        self.operations
    }

    /// Triples of a scheme, a method and a path.
    #[must_use]
    pub const fn triples(&self) -> usize {
        self.triples
    }

    /// Scopes that some scheme declares.
    #[must_use]
    pub const fn scopes_declared(&self) -> usize {
        self.scopes_declared
    }

    /// Declared scopes that some operation requires: at most [`Counts::scopes_declared`].
    #[must_use]
    pub const fn scopes_used(&self) -> usize {
        self.scopes_used
    }

    /// Scopes that some operation requires and that its scheme does not declare in the document. `OpenID` Connect scopes are
    /// declared by the provider, and the roles of other schemes have no declaration.
    #[must_use]
    pub const fn scopes_undeclared(&self) -> usize {
        self.scopes_undeclared
    }
}

/// What a document calls itself.
#[derive(Debug, Default)]
struct Heading {
    title: Option<String>,
    version: Option<String>,
}

impl Heading {
    fn of(at: Option<&At<'_>>) -> Result<Self, ImportError> {
        // `null` is noted.
        if let Some(at) = at {
            drop(at.members()?);
        }
        let text = |name: &str| -> Result<Option<String>, ImportError> {
            Ok(at.map(|at| at.text_of(name)).transpose()?.flatten().map(str::to_owned))
        };
        Ok(Self {
            title: text("title")?,
            version: text("version")?,
        })
    }
}
