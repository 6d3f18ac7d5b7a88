//! A folder of recorded events and replies: `0001-GET-products.event.json` and, beside it,
//! `0001-GET-products.reply.json`. `serve --record` writes them, `invoke` reads them.

use std::fs::{self, DirBuilder};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, anyhow, bail};
use bytes::{Bytes, BytesMut};
use funcserver_events::{Event, FrontOptions, decode};
use funcserver_local::balancer::Handler;
use funcserver_local::{FunctionReply, InvocationError, ReplyStream};
use tempfile::NamedTempFile;

use crate::output;

const EVENT: &str = ".event.json";
const REPLY: &str = ".reply.json";

/// The most characters of the method and of the path in a file name. The event has the rest.
const LONGEST_METHOD: usize = 16;
const LONGEST_PATH: usize = 60;

/// The most bytes of a streamed reply that are recorded.
const MOST_RECORDED: usize = 6 << 20;

/// Another process may record into the same folder: at most this many of its numbers are skipped.
const MOST_TRIES: usize = 100;

/// The two files of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) event: PathBuf,
    pub(crate) reply: PathBuf,
}

impl Pair {
    /// The files for an event with this number. Their names do not contain the query, because it may be secret.
    fn new(folder: &Path, number: u64, event: &[u8]) -> Pair {
        let stem = format!("{number:04}-{}", title(event));
        Pair { event: folder.join(format!("{stem}{EVENT}")), reply: folder.join(format!("{stem}{REPLY}")) }
    }

    /// The files of a recorded event.
    ///
    /// # Errors
    /// The file name is not that of a recorded event.
    pub(crate) fn of(event: &Path) -> Result<Pair> {
        let name = event.file_name().and_then(|name| name.to_str());
        let stem = name.and_then(|name| name.strip_suffix(EVENT)).ok_or_else(|| {
            anyhow!("{} has no recorded reply: the name of a recorded event ends in {EVENT}", event.display())
        })?;
        Ok(Pair { event: event.to_owned(), reply: event.with_file_name(format!("{stem}{REPLY}")) })
    }
}

/// The recorded events of a folder, in their order.
///
/// # Errors
/// The folder cannot be read, or has none.
pub(crate) fn events(folder: &Path) -> Result<Vec<PathBuf>> {
    let names = names(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut events: Vec<_> = names.into_iter().filter(|name| name.ends_with(EVENT)).collect();
    if events.is_empty() {
        bail!(
            "no recorded event in {0}: no file name ends in {EVENT}; record some: funcserver serve --record {0}",
            folder.display()
        );
    }
    events.sort_by_cached_key(|name| (number(name), name.clone()));
    Ok(events.into_iter().map(|name| folder.join(name)).collect())
}

/// The number after the largest number of a file in the folder.
fn next_number(folder: &Path) -> io::Result<u64> {
    let largest = names(folder)?.iter().filter_map(|name| number(name)).max();
    Ok(largest.map_or(1, |largest| largest.saturating_add(1)))
}

/// The names of a folder's files. A name that is not UTF-8 is not ours and is skipped.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().into_string().ok()));
    entries.filter_map(io::Result::transpose).collect()
}

/// The number that a recorded file's name begins with.
fn number(name: &str) -> Option<u64> {
    name.split_once('-').and_then(|(number, _)| number.parse().ok())
}

/// Method and path, reduced to what a file name may contain.
fn title(event: &[u8]) -> String {
    let event = decode(&Bytes::copy_from_slice(event), &FrontOptions::default());
    let Ok(Event::Http(incoming)) = event else { return "event".into() };
    let method = incoming.request.method().as_str();
    [part(method, LONGEST_METHOD), part(incoming.request.uri().path(), LONGEST_PATH)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

/// Letters and digits, with a hyphen for each run of other characters.
fn part(text: &str, longest: usize) -> String {
    let words = text.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let mut part = words.collect::<Vec<_>>().join("-");
    part.truncate(longest);
    part
}

/// A handler whose events and replies are recorded if there is a recorder.
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
    /// The event is written before it is answered, so that an event that crashes everything can be replayed.
    async fn call(&self, id: &str, event: Bytes) -> Result<FunctionReply, InvocationError> {
        let Some(recorder) = &self.recorder else { return self.handler.call(id, event).await };
        let pair = recorder.event(event.clone()).await;
        let answer = self.handler.call(id, event).await;
        let Some(pair) = pair else { return answer };
        match answer {
            Ok(FunctionReply::Stream(stream)) => Ok(FunctionReply::Stream(recorder.stream(pair, stream))),
            Ok(FunctionReply::Whole(reply)) => {
                recorder.reply(pair, reply.clone()).await;
                Ok(FunctionReply::Whole(reply))
            }
            Err(error) => {
                recorder.reply(pair, as_printed(&error)).await;
                Err(error)
            }
        }
    }
}

impl Recorder {
    /// Records into this folder. If it is missing, it is created with access only for its owner. Existing files stay,
    /// and the numbers continue.
    pub(crate) fn open(folder: &Path) -> Result<Recorder> {
        let next = DirBuilder::new().recursive(true).mode(0o700).create(folder).and_then(|()| next_number(folder));
        let next = next.with_context(|| {
            format!("cannot record into {}; name a folder that you may write to: --record DIR", folder.display())
        })?;
        Ok(Recorder(Arc::new(Inner { folder: folder.to_owned(), next: next.into() })))
    }

    async fn event(&self, event: Bytes) -> Option<Pair> {
        let inner = Arc::clone(&self.0);
        run_or_warn(&self.0.folder, move || inner.keep_event(&event)).await
    }

    /// Records a streamed reply as it was posted, while it flows. One that is too long or breaks off has its error in place
    /// of it.
    fn stream(&self, pair: Pair, mut stream: ReplyStream) -> ReplyStream {
        let (writer, copy) = ReplyStream::new(stream.content_type());
        let recorder = self.clone();
        tokio::spawn(async move {
            let mut whole = BytesMut::new();
            while let Some(piece) = stream.next().await {
                match piece {
                    Ok(piece) => {
                        if whole.len() <= MOST_RECORDED {
                            whole.extend_from_slice(&piece);
                        }
                        writer.write(piece).await;
                    }
                    Err(error) => {
                        recorder.reply(pair, as_printed(&error)).await;
                        return writer.fail(error).await;
                    }
                }
            }
            let kept = if whole.len() > MOST_RECORDED {
                as_printed(&InvocationError::function("Recording.TooLong", "the reply is too long to be recorded"))
            } else {
                whole.freeze()
            };
            recorder.reply(pair, kept).await;
            writer.end().await;
        });
        copy
    }

    async fn reply(&self, pair: Pair, reply: Bytes) {
        run_or_warn(&self.0.folder, move || keep(&pair.reply, &reply)).await;
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

/// Writes a new file atomically, with access only for its owner: an event may contain cookies, tokens and personal
/// data.
fn keep(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new("")))?;
    file.write_all(bytes)?;
    file.persist_noclobber(path)?;
    Ok(())
}

/// Runs `work` where it may block. If it fails, prints a warning; the request is still answered.
async fn run_or_warn<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Option<T> {
    let result = tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten();
    result.inspect_err(|error| output::warn(format_args!("cannot record into {}: {error}", folder.display()))).ok()
}

/// An invocation error as `invoke` prints it.
fn as_printed(error: &InvocationError) -> Bytes {
    error.to_json().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    const RECORDED: &[u8] = br#"{"httpMethod":"GET","path":"/a","headers":{}}"#;

    fn event(method: &str, path: &str) -> Vec<u8> {
        serde_json::json!({ "httpMethod": method, "path": path, "headers": {} }).to_string().into_bytes()
    }

    fn name(event: &[u8]) -> String {
        let pair = Pair::new(Path::new("d"), 7, event);
        pair.event.strip_prefix("d").unwrap().to_str().unwrap().strip_suffix(EVENT).unwrap().to_owned()
    }

    #[test]
    fn names_tell_method_and_path_and_are_bounded() {
        for (method, path, expected) in [
            ("GET", "/", "0007-GET"),
            ("GET", "/products/42", "0007-GET-products-42"),
            ("POST", "/../../etc//passwd%00.sh", "0007-POST-etc-passwd-00-sh"),
            ("M-SEARCH", "/ä", "0007-M-SEARCH-C3-A4"),
        ] {
            assert_eq!(name(&event(method, path)), expected, "{path}");
        }
        let long = name(&event(&"M".repeat(500), &format!("/{}", "p".repeat(5000))));
        assert_eq!(long.len(), 4 + 1 + LONGEST_METHOD + 1 + LONGEST_PATH, "{long}");
        assert_eq!(name(b"{}"), "0007-event");
    }

    #[test]
    fn a_pair_belongs_together() {
        let pair = Pair::new(Path::new("d"), 1, &event("GET", "/a"));
        assert_eq!(pair, Pair::of(Path::new("d/0001-GET-a.event.json")).unwrap());
        assert_eq!(pair.reply, Path::new("d/0001-GET-a.reply.json"));
        for other in ["event.txt", "a.json", "", "..", "0001-GET-a.reply.json"] {
            assert!(Pair::of(Path::new(other)).is_err(), "{other}");
        }
    }

    #[test]
    fn events_are_in_the_order_of_their_numbers_and_the_next_follows_the_largest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next_number(folder.path()).unwrap(), 1);
        assert!(events(folder.path()).unwrap_err().to_string().contains("serve --record"));
        for name in
            ["10000-GET.event.json", "0002-GET.event.json", "0002-GET.reply.json", "12000-GET.reply.json", "notes"]
        {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let names = ["0002-GET.event.json", "10000-GET.event.json"].map(|name| folder.path().join(name));
        assert_eq!(events(folder.path()).unwrap(), names);
        assert_eq!(next_number(folder.path()).unwrap(), 12001);
    }

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
                tokio::spawn(async move { recorded.call("id-1", RECORDED.into()).await })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().unwrap().whole().await.unwrap(), RECORDED);
        }
        let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(names.len(), 40, "{names:?}");
        for number in 1..=20 {
            for ending in ["event", "reply"] {
                let path = folder.join(format!("{number:04}-GET-a.{ending}.json"));
                assert_eq!(fs::read(&path).unwrap(), RECORDED);
                assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (Recorder::open(folder.path()).unwrap(), Recorder::open(folder.path()).unwrap());
        let first = one.0.keep_event(RECORDED).unwrap();
        let second = other.0.keep_event(RECORDED).unwrap();
        assert!(first.event.ends_with("0001-GET-a.event.json"));
        assert!(second.event.ends_with("0002-GET-a.event.json"));
        let third = Recorder::open(folder.path()).unwrap().0.keep_event(RECORDED).unwrap();
        assert!(third.event.ends_with("0003-GET-a.event.json"));
        assert_eq!(keep(&first.event, b"other").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(first.event).unwrap(), RECORDED);
    }

    #[tokio::test]
    async fn a_request_is_answered_although_it_cannot_be_recorded() {
        let folder = tempfile::tempdir().unwrap();
        let recorder = Recorder::open(folder.path()).unwrap();
        fs::remove_dir(folder.path()).unwrap();
        let handler = |event: Bytes| async move { Ok::<_, InvocationError>(event) };
        let answer = Recorded::new(handler, Some(recorder)).call("id-1", RECORDED.into()).await;
        assert_eq!(answer.unwrap().whole().await.unwrap(), RECORDED);
    }
}
