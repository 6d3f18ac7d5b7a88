//! Temporary folders of instances, and how they are removed.
//!
//! Removing takes as long as a guest has made it take, and so happens on a thread of its own, after the answer. However
//! deep a guest has nested its folders, it takes two open folders, and no stack.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use tokio::sync::Notify;
use tokio::time::timeout_at;

/// What a request may leave in the folder of an instance that is to serve another; with more, it is not used again.
const MOST_LEFT: usize = 256;

/// The folder in which the temporary folders of a guest's instances are made.
pub(crate) struct Scratch {
    root: PathBuf,
    removals: Arc<Removals>,
}

/// The temporary folder of one instance. It is removed when this is dropped, soon.
pub(crate) struct Folder {
    path: PathBuf,
    removals: Arc<Removals>,
}

/// What is to be removed.
struct Removals {
    /// Where folders lie while they are taken apart.
    root: PathBuf,
    queue: Mutex<Queue>,
    removed: Notify,
}

#[derive(Default)]
struct Queue {
    paths: VecDeque<PathBuf>,
    /// Whether a thread works on them.
    working: bool,
}

impl Scratch {
    /// In that folder. What processes before this one have left there is removed, and nobody waits for that.
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

    /// A new folder, empty.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn folder(&self) -> io::Result<Folder> {
        let folder = named().tempdir_in(&self.root)?;
        Ok(Folder { path: folder.keep(), removals: self.removals.clone() })
    }

    /// Waits until no more than so many folders are still to be removed, or the deadline. Tells whether it is so.
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

/// A process's folders begin with its number.
fn named() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix());
    builder
}

fn prefix() -> &'static str {
    static PREFIX: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PREFIX.get_or_init(|| format!("{}-", std::process::id()))
}

/// Whether no process that lives made it. A new one may have the number of one that is gone.
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

    /// Removes all that a request has left in it.
    ///
    /// # Errors
    /// Something of it cannot be removed, or it is too much for the next request to wait for.
    pub(crate) fn empty(&self) -> io::Result<()> {
        for (at, entry) in fs::read_dir(&self.path)?.enumerate() {
            if at >= MOST_LEFT {
                return Err(io::Error::other("too many files are left over"));
            }
            let entry = entry?;
            // Links are not followed: theirs is no folder's type.
            match entry.file_type()?.is_dir() {
                true => self.removals.take(&entry.path())?,
                false => fs::remove_file(entry.path())?,
            }
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Most guests leave nothing, and then no thread is needed.
        if fs::remove_dir(&self.path).is_err() {
            self.removals.add(std::mem::take(&mut self.path));
        }
    }
}

impl Removals {
    /// Takes a folder out of the one in which it lies, and removes it.
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
        // Without a thread the next one tries again.
        queue.working = spawned.is_ok();
    }

    /// How many are not removed yet.
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
            // What cannot be removed stays, and the next process tries again.
            let _ = remove(&path, &self.root);
            self.queue().paths.pop_front();
            self.removed.notify_waiters();
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes a file, or a folder of any depth: every folder in it is first moved up beside it, where its path is short.
/// What can be removed is, whatever cannot.
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
            // A failure shows when the folder is not empty in the end.
            let _ = match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => fs::rename(entry.path(), place(last + 1)).map(|()| last += 1),
                false => fs::remove_file(entry.path()),
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

    /// Makes folders in one another, as a guest does it: by handles, whatever length their path has.
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
    async fn a_folder_that_stays_is_emptied_of_deep_ones_too() {
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
    fn a_folder_with_too_much_is_not_for_another_request() {
        let root = tempfile::tempdir().unwrap();
        let folder = Scratch::new(root.path()).folder().unwrap();
        for number in 0..=MOST_LEFT {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        assert!(folder.empty().unwrap_err().to_string().contains("too many"));
    }

    #[tokio::test]
    async fn what_earlier_processes_left_is_removed_and_what_others_use_is_not() {
        let root = tempfile::tempdir().unwrap();
        for name in ["4194305-gone", "instance-old"] {
            fs::create_dir_all(root.path().join(name).join("a/b")).unwrap();
        }
        fs::write(root.path().join("file"), "").unwrap();
        let another = root.path().join("1-lives");
        fs::create_dir(&another).unwrap();
        let scratch = Scratch::new(root.path());
        assert!(scratch.folder().unwrap().path().is_dir(), "nobody waits for that");
        settled(&scratch).await;
        assert!(another.is_dir());
        assert_eq!(left(root.path()), 1);
    }
}
