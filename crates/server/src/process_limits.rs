//! The resource limits of the process: the number of open files, and the size of a file.

use std::io;
use std::num::NonZeroUsize;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};
use tracing::warn;

/// Files that are not connections: the database, standard streams, the runtime's own.
const RESERVED: u64 = 64;

/// Raises this process's limit of open files for the wanted connections. Returns how many are
/// possible.
///
/// Most systems start a process with a limit of 1,024 and allow a much higher limit.
pub(crate) fn allow_connections(wanted: NonZeroUsize) -> NonZeroUsize {
    let needed = u64::try_from(wanted.get()).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= needed) {
        return wanted;
    }
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let allowed = match setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(raised),
            maximum,
        },
    ) {
        Ok(()) => raised,
        Err(_) => current.unwrap_or(raised),
    };
    if allowed >= needed {
        return wanted;
    }
    let left = usize::try_from(allowed.saturating_sub(RESERVED))
        .ok()
        .and_then(NonZeroUsize::new);
    let left = left.unwrap_or(NonZeroUsize::MIN);
    warn!(max_connections = %wanted, lowered_to = %left, files = allowed, "cannot raise the limit of open files; the number of connections is lowered");
    left
}

/// Keeps SIGXFSZ from ending the process: a write beyond a limit on the size of files fails with an
/// error instead. Lasts until the process ends.
pub(crate) fn outlive_file_size() -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let _entered = runtime.enter();
    // The handler of the signal stays after its receiver and its runtime.
    signal(SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw())).map(drop)
}
