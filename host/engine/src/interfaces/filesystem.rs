//! `wasi:filesystem`: files and folders. The open ones are counted, and so is the data that is read ahead. `grants.rs`
//! selects the folders.
//!
//! The functions that open or read replace those of wasmtime, which open as many files as the process may.

use std::fs::File;

use rustix::fs::FileType;
use rustix::io::Errno;
use tokio::sync::oneshot;
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, FutureReader, Linker, LinkerInstance, Resource, ResourceTableError, ResourceType, StreamReader,
};
use wasmtime_wasi::filesystem::{Descriptor, WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::p2::bindings::filesystem::{preopens as preopens_0_2, types as p2};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsResult, ReaddirIterator};
use wasmtime_wasi::p3::bindings::filesystem::{preopens as preopens_0_3, types as p3};

use super::shadow::{P2, P3, shadow};
use super::{Interface, Offer};
use crate::listing::{Entries, Listing};
use crate::state::State;
use crate::weigh::{INPUT, OUTPUT};

type Store<'a> = StoreContextMut<'a, State>;
type Fd = Resource<Descriptor>;
type Outcome<T> = wasmtime::Result<(Result<T, p2::ErrorCode>,)>;

const TYPES: &str = "wasi:filesystem/types";

pub(super) const INTERFACES: &[Interface] = &[
    Interface {
        name: "wasi:filesystem/preopens",
        offers: &[
            Offer::p2(|linker| preopens_0_2::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)),
            Offer::p3(|linker| preopens_0_3::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)),
        ],
    },
    Interface { name: TYPES, offers: &[Offer::p2(types_0_2), Offer::p3(types_0_3)] },
];

fn types_0_2(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p2::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    shadow(linker, TYPES, P2, shadow_0_2)
}

fn types_0_3(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    p3::add_to_linker::<_, WasiFilesystem>(linker, State::filesystem)?;
    shadow(linker, TYPES, P3, shadow_0_3)
}

/// Replaces wasmtime's functions of 0.2.
fn shadow_0_2(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap_async(
        "[method]descriptor.open-at",
        |mut store: Store<'_>,
         (fd, path_flags, path, open, flags): (Fd, p2::PathFlags, String, p2::OpenFlags, p2::DescriptorFlags)| {
            Box::new(async move {
                let state = store.data_mut();
                if !state.descriptors.has_room() {
                    return Ok((Err(p2::ErrorCode::InsufficientMemory),));
                }
                let files = &mut state.filesystem();
                let opened = p2::HostDescriptor::open_at(files, fd, path_flags, path, open, flags).await;
                opened.as_ref().map_or(Ok(()), |fd| state.opened(fd))?;
                outcome(opened)
            })
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read-via-stream",
        |mut store: Store<'_>, (fd, offset): (Fd, u64)| -> Outcome<Resource<DynInputStream>> {
            if store.data_mut().hold(INPUT) {
                outcome(p2::HostDescriptor::read_via_stream(&mut store.data_mut().filesystem(), fd, offset))
            } else {
                Ok((Err(p2::ErrorCode::InsufficientMemory),))
            }
        },
    )?;
    types.func_wrap(
        "[method]descriptor.write-via-stream",
        |mut store: Store<'_>, (fd, offset): (Fd, u64)| -> Outcome<Resource<DynOutputStream>> {
            if store.data_mut().hold(OUTPUT) {
                outcome(p2::HostDescriptor::write_via_stream(&mut store.data_mut().filesystem(), fd, offset))
            } else {
                Ok((Err(p2::ErrorCode::InsufficientMemory),))
            }
        },
    )?;
    types.func_wrap(
        "[method]descriptor.append-via-stream",
        |mut store: Store<'_>, (fd,): (Fd,)| -> Outcome<Resource<DynOutputStream>> {
            if store.data_mut().hold(OUTPUT) {
                outcome(p2::HostDescriptor::append_via_stream(&mut store.data_mut().filesystem(), fd))
            } else {
                Ok((Err(p2::ErrorCode::InsufficientMemory),))
            }
        },
    )?;
    // A listing has the resource type of wasmtime's listing, because functions that are not replaced use it.
    types.resource(
        "directory-entry-stream",
        ResourceType::host::<ReaddirIterator>(),
        |mut store: Store<'_>, listing| {
            store.data_mut().filesystem().table.delete(Resource::<Listing>::new_own(listing))?;
            Ok(())
        },
    )?;
    types.func_wrap(
        "[method]descriptor.read-directory",
        |mut store: Store<'_>, (fd,): (Fd,)| -> Outcome<Resource<ReaddirIterator>> {
            let listing = match store.data_mut().list(&fd)? {
                Ok(listing) => listing,
                Err(error) => return Ok((Err(std::io::Error::from(error).into()),)),
            };
            let listing = store.data_mut().filesystem().table.push(listing)?;
            Ok((Ok(Resource::new_own(listing.rep())),))
        },
    )?;
    types.func_wrap(
        "[method]directory-entry-stream.read-directory-entry",
        |mut store: Store<'_>, (listing,): (Resource<ReaddirIterator>,)| -> Outcome<Option<p2::DirectoryEntry>> {
            let listing = Resource::<Listing>::new_borrow(listing.rep());
            let entry = store.data_mut().filesystem().table.get_mut(&listing)?.next();
            Ok((match entry {
                Some(Ok((name, kind))) => Ok(Some(p2::DirectoryEntry { type_: type_of(kind), name })),
                Some(Err(error)) => Err(std::io::Error::from(error).into()),
                None => Ok(None),
            },))
        },
    )
}

/// Replaces wasmtime's functions of 0.3.
fn shadow_0_3(types: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    types.func_wrap_concurrent(
        "[method]descriptor.open-at",
        |accessor: &Accessor<State>,
         (fd, path_flags, path, open, flags): (Fd, p3::PathFlags, String, p3::OpenFlags, p3::DescriptorFlags)| {
            Box::pin(async move {
                if !accessor.with(|mut store| store.get().descriptors.has_room()) {
                    return Ok((Err(p3::ErrorCode::InsufficientMemory),));
                }
                let files = accessor.with_getter::<WasiFilesystem>(State::filesystem);
                match <WasiFilesystem as p3::HostDescriptorWithStore<State>>::open_at(
                    &files, fd, path_flags, path, open, flags,
                )
                .await
                {
                    Ok(fd) => Ok((accessor.with(|mut store| store.get().keep(fd))?,)),
                    Err(error) => Ok((Err(error.downcast()?),)),
                }
            })
        },
    )?;
    types.func_wrap("[method]descriptor.read-directory", |mut store: Store<'_>, (fd,): (Fd,)| {
        let (ended, end) = oneshot::channel();
        let stream = match store.data_mut().list(&fd)? {
            Ok(listing) => StreamReader::new(&mut store, Entries::new(listing, ended))?,
            Err(error) => {
                // The receiver may have been dropped.
                let _ = ended.send(Err(std::io::Error::from(error).into()));
                StreamReader::new(&mut store, std::iter::empty())?
            }
        };
        Ok(((stream, FutureReader::new(&mut store, end)?),))
    })
}

impl State {
    fn opened(&mut self, fd: &Fd) -> Result<(), ResourceTableError> {
        let file = match self.filesystem().table.get(fd)? {
            Descriptor::File(file) => file.file.clone(),
            Descriptor::Dir(folder) => folder.dir.clone(),
        };
        self.descriptors.opened(&file);
        Ok(())
    }

    /// Counts a file that was opened concurrently with others. The limit may have been reached in the meantime.
    fn keep(&mut self, fd: Fd) -> wasmtime::Result<Result<Fd, p3::ErrorCode>> {
        if !self.descriptors.has_room() {
            self.filesystem().table.delete(fd)?;
            return Ok(Err(p3::ErrorCode::InsufficientMemory));
        }
        self.opened(&fd)?;
        Ok(Ok(fd))
    }

    fn list(&mut self, fd: &Fd) -> wasmtime::Result<Result<Listing, Errno>> {
        let folder = match self.filesystem().table.get(fd)? {
            Descriptor::Dir(folder) => folder.dir.clone(),
            Descriptor::File(_) => return Ok(Err(Errno::NOTDIR)),
        };
        Ok(self.list_folder(&folder))
    }

    fn list_folder(&mut self, folder: &File) -> Result<Listing, Errno> {
        if !self.descriptors.has_room() || !self.hold(Listing::BYTES) {
            return Err(Errno::NOMEM);
        }
        let listing = Listing::of(folder)?;
        self.descriptors.opened(&listing.open);
        Ok(listing)
    }
}

fn outcome<T>(result: FsResult<T>) -> Outcome<T> {
    match result {
        Ok(value) => Ok((Ok(value),)),
        Err(error) => Ok((Err(error.downcast()?),)),
    }
}

fn type_of(kind: FileType) -> p2::DescriptorType {
    match kind {
        FileType::RegularFile => p2::DescriptorType::RegularFile,
        FileType::Directory => p2::DescriptorType::Directory,
        FileType::Symlink => p2::DescriptorType::SymbolicLink,
        FileType::Fifo => p2::DescriptorType::Fifo,
        FileType::Socket => p2::DescriptorType::Socket,
        FileType::CharacterDevice => p2::DescriptorType::CharacterDevice,
        FileType::BlockDevice => p2::DescriptorType::BlockDevice,
        FileType::Unknown => p2::DescriptorType::Unknown,
    }
}
