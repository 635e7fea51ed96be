//! The stores that a life runs on: one in memory, and one in a SQLite file that a restart opens
//! again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use scopegate_store::{MemoryStore, Store};
use scopegate_store_sql::{DatabaseUrl, SqlStore};
use tempfile::TempDir;

/// The kinds of stores.
#[derive(Clone, Copy, Debug)]
pub(super) enum BackendKind {
    Memory,
    Sqlite,
}

pub(super) enum Backend {
    Memory(Arc<MemoryStore>),
    Sqlite {
        folder: TempDir,
        store: Arc<SqlStore>,
        copies: AtomicUsize,
    },
}

/// A copy whose changes have no effect on the store.
pub(super) enum Copy {
    Memory(MemoryStore),
    Sqlite(PathBuf),
}

async fn opened(path: &std::path::Path) -> Arc<SqlStore> {
    Arc::new(SqlStore::open(&DatabaseUrl::file(path)).await.unwrap())
}

impl Backend {
    pub(super) async fn new(kind: BackendKind) -> Self {
        match kind {
            BackendKind::Memory => Self::Memory(Arc::new(MemoryStore::new())),
            BackendKind::Sqlite => {
                let folder = TempDir::new().unwrap();
                let store = opened(&folder.path().join("a.db")).await;
                let copies = AtomicUsize::new(0);
                Self::Sqlite { folder, store, copies }
            }
        }
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => store.clone(),
            Self::Sqlite { store, .. } => store.clone(),
        }
    }

    /// Closes the file and opens it again.
    pub(super) async fn restart(&mut self) {
        if let Self::Sqlite { folder, store, .. } = self {
            store.close().await.unwrap();
            *store = opened(&folder.path().join("a.db")).await;
        }
    }

    /// Copies the store as it is now. Nothing writes meanwhile.
    pub(super) fn copy(&self) -> Copy {
        match self {
            Self::Memory(store) => Copy::Memory(store.snapshot()),
            Self::Sqlite { folder, copies, .. } => {
                let number = copies.fetch_add(1, Ordering::Relaxed);
                let to = folder.path().join(number.to_string());
                std::fs::create_dir(&to).unwrap();
                // The log has the changes since the last checkpoint.
                for name in ["a.db", "a.db-wal"] {
                    let from = folder.path().join(name);
                    if from.exists() {
                        std::fs::copy(from, to.join(name)).unwrap();
                    }
                }
                Copy::Sqlite(to)
            }
        }
    }
}

/// A copy that is open.
pub(super) struct OpenCopy {
    pub(super) store: Arc<dyn Store>,
    file: Option<(Arc<SqlStore>, PathBuf)>,
}

impl OpenCopy {
    pub(super) async fn open(copy: Copy) -> Self {
        match copy {
            Copy::Memory(store) => Self {
                store: Arc::new(store),
                file: None,
            },
            Copy::Sqlite(folder) => {
                let store = opened(&folder.join("a.db")).await;
                Self {
                    store: store.clone(),
                    file: Some((store, folder)),
                }
            }
        }
    }

    pub(super) async fn close(self) {
        if let Some((store, folder)) = self.file {
            store.close().await.unwrap();
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
}
