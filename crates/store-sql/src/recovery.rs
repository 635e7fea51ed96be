//! Opens a database again when its files were replaced by a copy.
//!
//! | at the path | what happens |
//! |---|---|
//! | the files that are open | nothing: they stay in use |
//! | a main file and a log with the bytes of the open files | the connections are opened again |
//! | an undamaged main file without a log, with the last change that is known | the same |
//! | anything else: no file, an older copy, another database, a log of another main file | nothing is answered |
//!
//! The second and the third row are copies that contain each change that this process has answered
//! or seen. Another process may have changed the copy meanwhile, and have merged the log into it:
//! that is the third row.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use scopegate_store::StoreError;
use sqlx::{Connection, SqliteConnection};
use tokio::time::Instant;

use crate::connect;
use crate::database_files::Found;
use crate::home::{Home, Unfit};
use crate::prepare::prepare;
use crate::sqlite::Connections;

/// The shortest time between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// An attempt that takes long is repeated after this multiple of its duration, because it reads the
/// whole file.
const SHARE: u32 = 10;

impl Connections {
    /// Fails if the files were moved. Uses a copy of them if there is one.
    pub(crate) async fn recover(&self) -> Result<(), StoreError> {
        let Some(home) = &self.home else {
            return Ok(());
        };
        let Err(moved) = home.files.check() else {
            return Ok(());
        };
        // Another caller is running an attempt, or has run one recently.
        let Ok(mut next) = home.next.try_lock() else {
            return Err(moved);
        };
        let begin = Instant::now();
        if home.is_closed.load(Ordering::Relaxed) || next.is_some_and(|next| begin < next) {
            return home.files.check();
        }
        let tried = self.try_to_recover(home, moved).await;
        let end = Instant::now();
        *next = Some(end + PAUSE.max(end.duration_since(begin).saturating_mul(SHARE)));
        tried
    }

    async fn try_to_recover(&self, home: &Home, moved: StoreError) -> Result<(), StoreError> {
        let (files, is_down) = (Arc::clone(&home.files), home.is_down.load(Ordering::Relaxed));
        let found = tokio::task::spawn_blocking(move || files.find_copy(is_down)).await;
        let found = match found.map_err(StoreError::unavailable)? {
            Ok(Some(found)) => found,
            Ok(None) => return Err(StoreError::unavailable(Unfit::Other)),
            // Usually the file is missing.
            Err(_) => return Err(moved),
        };
        if matches!(found, Found::WithoutLog(_)) {
            home.check().await.map_err(StoreError::unavailable)?;
        }
        self.reopen(home, found).await.map_err(StoreError::unavailable)?;
        tracing::warn!(database = %home.url, "database file was replaced by a copy, which is used from now on");
        Ok(())
    }

    /// Closes all connections, and opens them to the files that are at the path now.
    ///
    /// SQLite changes no file at the path when it closes a database whose main file was moved.
    async fn reopen(&self, home: &Home, found: Found) -> Result<(), Unfit> {
        // A caller that waits for a connection gets a new one.
        let mut writer = self.writer.lock().await;
        let mut readers = Vec::new();
        for slot in self.lookups.iter().chain(&self.reader) {
            readers.push(slot.lock().await);
        }
        home.is_down.store(true, Ordering::Relaxed);
        for slot in readers.iter_mut().chain([&mut writer]) {
            if let Some(connection) = slot.take() {
                // The copy contains all answered changes.
                let _ = connection.close().await;
            }
        }
        let mut opened = connect::writer(&home.url).await?;
        if let Err(error) = self.settle(home, found, &mut opened).await {
            let _ = opened.close().await;
            return Err(error);
        }
        for (slot, connection) in readers.iter_mut().zip(connect::readers(&home.url).await?) {
            **slot = Some(connection);
        }
        *writer = Some(opened);
        home.is_down.store(false, Ordering::Relaxed);
        Ok(())
    }

    async fn settle(&self, home: &Home, found: Found, writer: &mut SqliteConnection) -> Result<(), Unfit> {
        home.expect_seen(writer).await?;
        if let Some(path) = home.url.path() {
            prepare(writer, path, false, &[]).await?;
        }
        home.files.renew()?;
        if home.files.is_at(found.identity()) {
            Ok(())
        } else {
            Err(Unfit::ReplacedAgain)
        }
    }
}
