//! The reference keeps its own rules.

use scopegate_store::MemoryStore;

async fn memory() -> (MemoryStore, ()) {
    (MemoryStore::new(), ())
}

scopegate_store::conformance!(memory);
