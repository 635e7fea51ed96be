//! Reads documents and makes tables of operations from them.

mod assembly;
mod collected;
mod counts;
mod discovery;
mod enforceable;
mod error;
mod evidence;
mod expression;
mod field_names;
mod files;
mod folder;
mod foreign;
mod format;
mod graph;
mod heading;
mod ignore;
mod imported;
mod indentation;
mod json;
mod limits;
mod node;
mod note;
mod objects;
mod openapi;
mod own_fields;
mod place;
mod pointer;
mod policy_toml;
mod position;
mod positions;
mod refs;
mod resource;
mod schemes;
mod security;
pub(crate) mod server_lists;
pub(crate) mod servers;
mod shape;
mod shown;
mod subject_pointers;
mod syntax;
mod table;
mod templates;
mod tree;
mod yaml;

use std::path::Path;

use self::collected::Collected;
use self::files::Files;
use self::folder::Folder;
use self::node::At;
use self::refs::References;
use self::shape::Shape;
use self::syntax::{Syntax, syntax, text};
use self::tree::tree;

pub use scopegate_policy::{Ceiling, CeilingKind, LeastPrivilegeAnnotation};

pub use self::counts::Counts;
pub use self::enforceable::{EnforceOptions, NotEnforceable};
pub use self::error::{FileRefusal, ImportError};
pub use self::folder::ReadOptions;
pub use self::format::Format;
pub use self::ignore::{Ignore, IgnoreDate, read_ignores};
pub use self::imported::{Imported, counts};
pub use self::limits::{ImportLimit, MAX_DOCUMENT, MAX_FILES, MAX_FILES_BYTES};
pub use self::note::{ImportNote, NoteKind};
pub use self::place::DocumentPosition;
pub use self::position::{Located, Position};
pub use self::positions::{locate_in_toml, locate_pointers};
pub use self::resource::token_schemes;

/// Reads a document: `OpenAPI` 3.0 to 3.2 or Swagger 2.0, as JSON or YAML; a Google discovery
/// document; Microsoft Graph's permissions file; or Scopegate's own TOML. The content determines
/// the format.
///
/// [`Imported::notes`] reports what a table cannot express. Such a part never becomes more open.
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
/// [`ImportError`], one sentence, if the document is broken, has another format, or is too large. A
/// reference to another file is an error, too, because these bytes have no folder. [`read_file`]
/// and [`read_with`] follow such a reference.
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

/// Reads a document as [`read_file`] does, from bytes that the caller read from the file at `path`.
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

/// Drops the trees before it builds the table, because both together would take twice the memory.
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

/// Recognises the format by the fields that every document of a kind has.
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
