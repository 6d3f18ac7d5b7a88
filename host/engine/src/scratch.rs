//! Temporary folders of instances, and their removal.
//!
//! The time to remove a folder depends on the guest, so it happens in a thread of its own, after the answer. A folder
//! of any depth needs only two open folders, and no recursion.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::timeout_at;

/// The most entries that a request may leave in the folder of an instance that serves another request. With more, the
/// instance is dropped.
const MAX_LEFT: usize = 256;

/// The folder that contains the temporary folders of a guest's instances.
pub(crate) struct Scratch {
    root: PathBuf,
    removals: Arc<Removals>,
}

/// The temporary folder of one instance. It is removed soon after this is dropped.
pub(crate) struct Folder {
    path: PathBuf,
    removals: Arc<Removals>,
}

/// The queue of removals.
struct Removals {
    /// The folder into which nested folders are moved for their removal.
    root: PathBuf,
    queue: Mutex<Queue>,
    removed: Notify,
}

#[derive(Default)]
struct Queue {
    paths: VecDeque<PathBuf>,
    /// Whether a thread is processing the queue.
    working: bool,
}

impl Scratch {
    /// Uses the folder `root`. Folders that earlier processes have left there are removed in the background.
    pub(crate) fn new(root: &Path) -> Self {
        let removals = Removals { root: root.to_owned(), queue: Mutex::default(), removed: Notify::new() };
        let scratch = Self { root: root.to_owned(), removals: Arc::new(removals) };
        for left in fs::read_dir(root).into_iter().flatten().flatten() {
            if is_left_over(&left.path()) {
                scratch.removals.add(left.path());
            }
        }
        scratch
    }

    /// Creates a new, empty folder.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub(crate) fn folder(&self) -> io::Result<Folder> {
        let folder = named().tempdir_in(&self.root)?;
        Ok(Folder { path: folder.keep(), removals: self.removals.clone() })
    }

    /// Waits until at most `most` folders are still to be removed, or until the deadline. Returns whether that is the
    /// case.
    pub(crate) async fn settled(&self, most: usize, deadline: Instant) -> bool {
        let settled = async {
            loop {
                let mut removed = std::pin::pin!(self.removals.removed.notified());
                removed.as_mut().enable();
                if self.removals.count() <= most {
                    return;
                }
                removed.await;
            }
        };
        self.removals.count() <= most || timeout_at(deadline.into(), settled).await.is_ok()
    }
}

/// The names of a process's folders begin with its process id.
fn named() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix());
    builder
}

fn prefix() -> &'static str {
    static PREFIX: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PREFIX.get_or_init(|| format!("{}-", std::process::id()))
}

/// Whether no live process owns this folder. At the start, a folder with the id of this process is from an earlier one
/// that had the same id.
fn is_left_over(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    match name.split_once('-').and_then(|(number, _)| number.parse::<u32>().ok()) {
        Some(number) => number == std::process::id() || !Path::new("/proc").join(number.to_string()).exists(),
        None => true,
    }
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes everything that a request has left in the folder.
    ///
    /// # Errors
    /// An entry cannot be removed, or there are so many that the next request would have to wait.
    pub(crate) fn empty(&self) -> io::Result<()> {
        for (at, entry) in fs::read_dir(&self.path)?.enumerate() {
            if at >= MAX_LEFT {
                return Err(io::Error::other("too many files are left over"));
            }
            let entry = entry?;
            // `file_type` does not follow links, so a link is never a folder.
            if entry.file_type()?.is_dir() {
                self.removals.take(&entry.path())?
            } else {
                fs::remove_file(entry.path())?
            }
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Most guests leave no files, so no thread is needed.
        if fs::remove_dir(&self.path).is_err() {
            self.removals.add(std::mem::take(&mut self.path));
        }
    }
}

impl Removals {
    /// Moves a folder out of its parent, and queues its removal.
    fn take(self: &Arc<Self>, path: &Path) -> io::Result<()> {
        let yard = named().tempdir_in(&self.root)?.keep();
        let moved = fs::rename(path, yard.join("0"));
        self.add(yard);
        moved
    }

    fn add(self: &Arc<Self>, path: PathBuf) {
        let mut queue = self.queue();
        queue.paths.push_back(path);
        if queue.working {
            return;
        }
        let removals = self.clone();
        let spawned =
            thread::Builder::new().name("remove".to_owned()).stack_size(256 * 1024).spawn(move || removals.work());
        // If no thread could be started, the next removal tries again.
        queue.working = spawned.is_ok();
    }

    /// The number of folders that are not removed yet.
    fn count(&self) -> usize {
        self.queue().paths.len()
    }

    fn work(&self) {
        loop {
            let mut queue = self.queue();
            let Some(path) = queue.paths.front().cloned() else {
                queue.working = false;
                return;
            };
            drop(queue);
            // A folder that cannot be removed stays, and the next process tries again.
            let _ = remove(&path, &self.root);
            self.queue().paths.pop_front();
            self.removed.notify_waiters();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a file, or a folder of any depth: each nested folder is first moved next to it, where its path is short. It
/// removes as much as possible, even if some entries cannot be removed.
fn remove(path: &Path, root: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return fs::remove_file(path);
    }
    let yard = named().tempdir_in(root)?.keep();
    let place = |number: u64| yard.join(number.to_string());
    fs::rename(path, place(0))?;
    let (mut next, mut last) = (0, 0);
    while next <= last {
        for entry in fs::read_dir(place(next)).into_iter().flatten().flatten() {
            // A failure is detected at the end, because the folder is then not empty.
            let _ = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                fs::rename(entry.path(), place(last + 1)).map(|()| last += 1)
            } else {
                fs::remove_file(entry.path())
            };
        }
        let _ = fs::remove_dir(place(next));
        next += 1;
    }
    fs::remove_dir(yard)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Creates nested folders as a guest does: by handles, so that the length of the path does not matter.
    fn nest(top: &Path, depth: usize) {
        let mut folder = fs::File::open(top).unwrap();
        for _ in 0..depth {
            rustix::fs::mkdirat(&folder, "d", rustix::fs::Mode::RWXU).unwrap();
            let flags = rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::RDONLY;
            folder = rustix::fs::openat(&folder, "d", flags, rustix::fs::Mode::empty()).unwrap().into();
        }
    }

    async fn settled(scratch: &Scratch) {
        assert!(scratch.settled(0, Instant::now() + Duration::from_secs(60)).await);
    }

    fn left(root: &Path) -> usize {
        fs::read_dir(root).unwrap().count()
    }

    #[tokio::test]
    async fn a_deep_folder_is_removed() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(root.path());
        let folder = scratch.folder().unwrap();
        nest(folder.path(), 3000);
        fs::write(folder.path().join("file"), "x").unwrap();
        drop(folder);
        settled(&scratch).await;
        assert_eq!(left(root.path()), 0);
    }

    #[tokio::test]
    async fn emptying_a_folder_removes_deep_folders() {
        let root = tempfile::tempdir().unwrap();
        let scratch = Scratch::new(root.path());
        let folder = scratch.folder().unwrap();
        nest(folder.path(), 3000);
        std::os::unix::fs::symlink("/", folder.path().join("link")).unwrap();
        folder.empty().unwrap();
        assert_eq!(left(folder.path()), 0);
        settled(&scratch).await;
        assert_eq!(left(root.path()), 1);
        assert!(Path::new("/tmp").is_dir());
    }

    #[test]
    fn a_folder_with_too_many_entries_is_not_reused() {
        let root = tempfile::tempdir().unwrap();
        let folder = Scratch::new(root.path()).folder().unwrap();
        for number in 0..=MAX_LEFT {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        assert!(folder.empty().unwrap_err().to_string().contains("too many"));
    }

    #[tokio::test]
    async fn folders_of_earlier_processes_are_removed_and_those_of_live_ones_are_not() {
        let root = tempfile::tempdir().unwrap();
        for name in ["4194305-gone", "instance-old"] {
            fs::create_dir_all(root.path().join(name).join("a/b")).unwrap();
        }
        fs::write(root.path().join("file"), "").unwrap();
        let another = root.path().join("1-lives");
        fs::create_dir(&another).unwrap();
        let scratch = Scratch::new(root.path());
        assert!(scratch.folder().unwrap().path().is_dir(), "the removal does not block");
        settled(&scratch).await;
        assert!(another.is_dir());
        assert_eq!(left(root.path()), 1);
    }
}
