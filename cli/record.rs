//! `funcserver serve --record`: every event and reply, kept as a pair of files.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use funcserver_local::InvocationError;
use funcserver_local::balancer::{FunctionReply, Handler};
use tempfile::NamedTempFile;

use crate::output;
use crate::recording::{Pair, next_number};

/// Another process may record into the same folder: that often its numbers are passed over.
const MOST_TRIES: usize = 100;

/// A handler whose events and replies are recorded, if they are to be.
#[derive(Clone)]
pub(crate) struct Recorded<H> {
    handler: H,
    recorder: Option<Recorder>,
}

/// Writes into one folder. Clones share the count.
#[derive(Clone)]
pub(crate) struct Recorder(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    next: AtomicU64,
}

impl<H> Recorded<H> {
    pub(crate) fn new(handler: H, recorder: Option<Recorder>) -> Recorded<H> {
        Recorded { handler, recorder }
    }
}

impl<H: Handler> Handler for Recorded<H> {
    /// The event is written before it is answered, so that one that brings everything down is there to be replayed.
    async fn call(&self, event: Bytes) -> Result<FunctionReply, InvocationError> {
        let Some(recorder) = &self.recorder else { return self.handler.call(event).await };
        let pair = recorder.event(event.clone()).await;
        let answer = self.handler.call(event).await;
        if let Some(pair) = pair {
            recorder.reply(pair, reply(&answer)).await;
        }
        answer
    }
}

impl Recorder {
    /// Records into this folder, which is made, for its owner alone, if it is missing. What is in it stays: the numbers go on.
    pub(crate) fn open(folder: &Path) -> Result<Recorder> {
        let next = DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| next_number(folder));
        let next = next.with_context(|| {
            format!("cannot record into {}; name a folder that you may write to: --record DIR", folder.display())
        })?;
        Ok(Recorder(Arc::new(Inner { folder: folder.to_owned(), next: next.into() })))
    }

    async fn event(&self, event: Bytes) -> Option<Pair> {
        let inner = Arc::clone(&self.0);
        told(&self.0.folder, move || inner.keep_event(&event)).await
    }

    async fn reply(&self, pair: Pair, reply: Bytes) {
        told(&self.0.folder, move || keep(&pair.reply, &reply)).await;
    }
}

impl Inner {
    fn keep_event(&self, event: &[u8]) -> io::Result<Pair> {
        let mut tries = 1;
        loop {
            let pair = Pair::new(&self.folder, self.next.fetch_add(1, Ordering::Relaxed), event);
            match keep(&pair.event, event) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tries < MOST_TRIES => tries += 1,
                result => return result.map(|()| pair),
            }
        }
    }
}

/// Writes a new file as a whole, for its owner alone: an event may hold cookies, tokens and personal data.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new("")))?;
    file.write_all(bytes)?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Does it where it may block. A request is answered although it cannot be recorded, with a warning.
async fn told<T: Send + 'static>(folder: &Path, work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Option<T> {
    let result = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    result.inspect_err(|error| output::warn(format_args!("cannot record into {}: {error}", folder.display()))).ok()
}

/// An invocation error is recorded as `invoke` prints it.
fn reply(answer: &Result<FunctionReply, InvocationError>) -> Bytes {
    match answer {
        Ok(answer) => answer.reply.clone(),
        Err(error) => error.to_json().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    const EVENT: &[u8] = br#"{"httpMethod":"GET","path":"/a","headers":{}}"#;

    #[tokio::test]
    async fn events_at_once_get_files_of_their_own_which_others_cannot_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("deep/recorded");
        let recorder = Recorder::open(&folder).unwrap();
        let handler = |event: Bytes| async move { Ok::<_, InvocationError>(event) };
        let recorded = Recorded::new(handler, Some(recorder));
        let calls: Vec<_> = (0..20)
            .map(|_| {
                let recorded = recorded.clone();
                tokio::spawn(async move { recorded.call(EVENT.into()).await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().reply, EVENT);
        }
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names.len(), 40, "{names:?}");
        for number in 1..=20 {
            for ending in ["event", "reply"] {
                let path = folder.join(format!("{number:04}-GET-a.{ending}.json"));
                assert_eq!(fs::read(&path).unwrap(), EVENT);
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Recorder::open(folder.path()).unwrap(), Recorder::open(folder.path()).unwrap());
        let first = one.0.keep_event(EVENT).unwrap();
        let second = other.0.keep_event(EVENT).unwrap();
        assert!(first.event.ends_with("0001-GET-a.event.json"));
        assert!(second.event.ends_with("0002-GET-a.event.json"));
        let third = Recorder::open(folder.path()).unwrap().0.keep_event(EVENT).unwrap();
        assert!(third.event.ends_with("0003-GET-a.event.json"));
        assert_eq!(keep(&first.event, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(first.event).unwrap(), EVENT);
    }

    #[tokio::test]
    async fn a_request_is_answered_although_it_cannot_be_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::open(folder.path()).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        let handler = |event: Bytes| async move { Ok::<_, InvocationError>(event) };
        let answer = Recorded::new(handler, Some(recorder)).call(EVENT.into()).await;
        assert_eq!(answer.unwrap().reply, EVENT);
    }
}
