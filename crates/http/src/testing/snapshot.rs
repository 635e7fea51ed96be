//! The agreed policy in a file, compared with that of a gate.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use scopegate_analysis::{Change, DiffError, diff};
use scopegate_openapi::export::{self, ExportError};
use scopegate_openapi::import::{self, ImportError};
use scopegate_policy::{Fact, OperationTable};

/// The variable of the environment that says to write snapshots.
const VARIABLE: &str = "SCOPEGATE_SNAPSHOT";

/// The reason why a policy does not agree with its snapshot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The policy is another one.
    #[error("the policy is not that of `{}`:\n{changes}review the changes, then run the test with {VARIABLE}=write", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
        /// The changes, a line each, with those first that allow more.
        changes: String,
    },
    /// The two policies cannot be compared.
    #[error("cannot compare the policy with `{}`: {source}", path.display())]
    Compare {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: DiffError,
    },
    /// The policy cannot be written as a file.
    #[error("cannot write the policy: {0}")]
    Export(#[from] ExportError),
    /// The file is not a policy.
    #[error("`{}` is not a policy: {source}; repair it, or run the test with {VARIABLE}=write", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: ImportError,
    },
    /// The file cannot be read or written.
    #[error("cannot read or write `{}`: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// There is no file.
    #[error("there is no snapshot `{}`; run the test with {VARIABLE}=write, and commit the file", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
}

/// Compares a policy with the snapshot in a file, or writes the file if the environment has
/// `SCOPEGATE_SNAPSHOT=write`. [`assert_policy_snapshot!`](crate::assert_policy_snapshot) panics
/// with the error.
///
/// # Errors
///
/// [`SnapshotError`].
pub fn compare_snapshot(path: impl AsRef<Path>, table: &OperationTable) -> Result<(), SnapshotError> {
    let is_writing = env::var(VARIABLE).is_ok_and(|value| value == "write");
    compare(path.as_ref(), table, is_writing)
}

fn compare(path: &Path, table: &OperationTable, is_writing: bool) -> Result<(), SnapshotError> {
    let now = export::toml(table)?;
    let io = |source: io::Error| {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => SnapshotError::Missing { path },
            _ => SnapshotError::Io { path, source },
        }
    };
    if is_writing {
        return fs::write(path, now).map_err(io);
    }
    let agreed = fs::read_to_string(path).map_err(io)?;
    if agreed == now {
        return Ok(());
    }
    let path = path.to_owned();
    let agreed = match import::read(agreed.as_bytes()) {
        Ok(agreed) => agreed,
        Err(source) => return Err(SnapshotError::Invalid { path, source }),
    };
    match diff(agreed.table(), table) {
        Ok(changes) => Err(SnapshotError::Changed {
            path,
            changes: report(changes),
        }),
        Err(source) => Err(SnapshotError::Compare { path, source }),
    }
}

/// Returns a line for each change, with those first that allow more.
fn report(mut changes: Vec<Change>) -> String {
    let allows_more = |change: &Change| change.opens() || change.opens_to_public();
    changes.sort_by_key(|change| !allows_more(change));
    let mut text = String::new();
    for change in &changes {
        let prefix = if allows_more(change) { "  MORE OPEN: " } else { "  " };
        let facts = |facts: &[Fact]| match facts {
            [] => "any request".to_owned(),
            facts => facts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and "),
        };
        let allowed = change.allowed_now().map(|now| format!(", allowed now: {}", facts(now)));
        let refused = change.refused_now().map(|now| format!(", refused now: {}", facts(now)));
        let (allowed, refused) = (allowed.unwrap_or_default(), refused.unwrap_or_default());
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{prefix}{change}{allowed}{refused}");
    }
    if changes.is_empty() {
        text.push_str("  the same callers are allowed, but names or the text of the file differ\n");
    }
    text
}

/// Asserts that the policy of a gate is the one in a file, so that a review shows each change.
///
/// The path is below the folder of the package. The panic lists the changes; those that allow more
/// come first. With `SCOPEGATE_SNAPSHOT=write` in the environment the file is written instead.
///
/// ```no_run
/// # let gate = scopegate_http::Gate::builder(scopegate_http::Catalog::builder().build().unwrap()).build().unwrap();
/// scopegate_http::assert_policy_snapshot!(gate, "tests/policy.toml");
/// ```
#[macro_export]
macro_rules! assert_policy_snapshot {
    ($gate:expr, $path:expr) => {{
        let path = ::std::path::Path::new(::core::env!("CARGO_MANIFEST_DIR")).join($path);
        if let ::core::result::Result::Err(error) = $crate::testing::compare_snapshot(path, $gate.operations()) {
            ::core::panic!("{error}");
        }
    }};
}

#[cfg(test)]
mod tests {
    use scopegate_domain::{Catalog, ScopeToken, SecurityScheme};
    use scopegate_policy::{Guard, Operation};

    use super::*;

    const READ: ScopeToken = ScopeToken::from_static("read");
    const WRITE: ScopeToken = ScopeToken::from_static("write");

    fn table(operations: Vec<Operation>) -> OperationTable {
        let catalog = Catalog::builder()
            .scheme("oauth", SecurityScheme::oauth2_password("token"))
            .scope(READ, "")
            .scope(WRITE, "")
            .build()
            .unwrap();
        let builder = OperationTable::builder(catalog);
        let builder = operations
            .into_iter()
            .fold(builder, scopegate_policy::OperationTableBuilder::operation);
        builder.build().unwrap()
    }

    fn get(path: &str, scope: &ScopeToken) -> Operation {
        Operation::get(path).guard(Guard::requires([scope.clone()]))
    }

    /// A folder that is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("scopegate-snapshot-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn snapshot_is_written_then_compared() {
        let folder = Folder::new("written");
        let path = folder.0.join("policy.toml");
        let agreed = table(vec![get("/a", &READ)]);
        assert!(matches!(
            compare(&path, &agreed, false),
            Err(SnapshotError::Missing { .. })
        ));
        compare(&path, &agreed, true).unwrap();
        compare(&path, &agreed, false).unwrap();
    }

    #[test]
    fn changes_that_allow_more_come_first() {
        let folder = Folder::new("changes");
        let path = folder.0.join("policy.toml");
        compare(&path, &table(vec![get("/a", &READ), get("/b", &WRITE)]), true).unwrap();
        let both = Operation::get("/a").guard(Guard::requires([READ, WRITE]));
        let open = Operation::get("/b").guard(Guard::public());
        let changed = compare(&path, &table(vec![both, open]), false);
        let Err(SnapshotError::Changed { changes, .. }) = changed else {
            panic!("{changed:?}")
        };
        let lines: Vec<&str> = changes.lines().collect();
        let expected = [
            "  MORE OPEN: weaker GET /b, allowed now: any request",
            "  stronger GET /a, refused now: read",
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn file_that_is_not_a_policy_is_an_error() {
        let folder = Folder::new("invalid");
        let path = folder.0.join("policy.toml");
        fs::write(&path, "not a policy").unwrap();
        let error = compare(&path, &table(vec![get("/a", &READ)]), false).unwrap_err();
        assert!(error.to_string().contains("is not a policy"), "{error}");
    }
}
