//! Where an output goes, and how it gets there whole.
//!
//! A file is written beside its destination and then renamed over it, so that the old file or the new one is there at
//! any time and never half a file, also if the process is killed or the disk is full. The new file keeps the mode of
//! the old one, and a symbolic link stays a link. Anything but a regular file (a pipe, a device, a descriptor such as
//! `/dev/stdout`) is written directly.
//!
//! A file that grows is locked as long as somebody writes it, because a second writer would take its name away, and nobody
//! would find what the first one writes from then on.
//!
//! `rename` is enough against a killed process and a full disk. Only [`Destination::replace_for_good`] waits for the
//! disk as well, which guards against power cuts: statistics are rewritten every second, and a disk that has to sync
//! four files a second disturbs what is measured.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Component, Path, PathBuf};

use rustix::event::{PollFd, PollFlags, poll};

/// Most symbolic links that are followed, as in the kernel.
const MAX_LINKS: usize = 40;

/// Most bytes that are handed to the system at once, whole lines where there are some. A pipe takes so much in one
/// piece or not at all, and of a killed process a regular file has nearly always taken all or nothing.
const PIECE: usize = 4096;

/// What a path leads to.
#[derive(Debug)]
pub enum Destination {
    /// A regular file, or nothing yet: the path with all links followed.
    File {
        /// The path.
        path: PathBuf,
        /// Whether no other file can be made beside it, so that it is overwritten in place.
        in_place: bool,
    },
    /// A pipe or a device.
    Stream(PathBuf),
    /// Something that this process has open.
    Open(File),
}

/// What makes two paths the same: the file that is there, or the name that one will have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Device and inode.
    Node(u64, u64),
    /// An absolute path without links.
    Path(PathBuf),
}

impl Destination {
    /// Follows the path and makes sure that something can be written there, without touching what is there.
    pub fn find(path: &Path) -> io::Result<Self> {
        let path = match follow(path)? {
            Followed::Descriptor(number, path) => return descriptor(number, &path),
            Followed::Path(path) => path,
        };
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
            Ok(found) if !found.is_file() => Ok(Self::Stream(path)),
            Ok(_) => {
                // A file that may not be written is not replaced either, although the folder would allow it.
                let file = OpenOptions::new().write(true).open(&path)?;
                // Two that only look do not disturb each other.
                not_taken(&file.try_lock_shared())?;
                let in_place = Beside::new(&path).is_err();
                Ok(Self::File { path, in_place })
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Beside::new(&path)?;
                Ok(Self::File { path, in_place: false })
            }
            Err(error) => Err(error),
        }
    }

    /// Whether writes to it may wait for somebody who reads.
    pub fn is_stream(&self) -> bool {
        !matches!(self, Self::File { .. })
    }

    /// Whether it is one of the process's own descriptors.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Open(_))
    }

    /// Puts the bytes in the place of what is there.
    pub fn replace(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File { path, in_place: false } => {
                let mut beside = Beside::new(path)?;
                write_all(&beside.file, bytes)?;
                match beside.rename() {
                    // A mount point can be written but not renamed over.
                    Err(error) if error.kind() == ErrorKind::ResourceBusy => overwrite(path, bytes).map(drop),
                    other => other,
                }
            }
            Self::File { path, in_place: true } => overwrite(path, bytes).map(drop),
            Self::Stream(path) => write_all(&OpenOptions::new().write(true).open(path)?, bytes),
            Self::Open(file) => write_all(file, bytes),
        }
    }

    /// Replaces a file that may be the only copy: the new one is on the disk before it takes the place of the old one,
    /// and nothing is overwritten in place.
    pub fn replace_for_good(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::File { path, .. } => {
                let mut beside = Beside::new(path)?;
                write_all(&beside.file, bytes)?;
                beside.file.sync_all()?;
                beside.rename()
            }
            Self::Stream(_) | Self::Open(_) => self.replace(bytes),
        }
    }

    /// Creates a file where there is none, in one step, so that no file of another process is overwritten.
    /// A symbolic link that leads nowhere is something as well.
    pub fn create_for_good(path: &Path, bytes: &[u8]) -> io::Result<()> {
        if path.symlink_metadata().is_ok() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let path = match follow(path)? {
            Followed::Path(path) => path,
            Followed::Descriptor(..) => return Err(ErrorKind::AlreadyExists.into()),
        };
        if path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut beside = Beside::new(&path)?;
        write_all(&beside.file, bytes)?;
        beside.file.sync_all()?;
        // Unlike a rename, a link replaces nothing. What is dropped is the other name.
        match fs::hard_link(&beside.path, &beside.of) {
            // Not every file system has links.
            Err(error) if error.kind() != ErrorKind::AlreadyExists && !path.exists() => beside.rename(),
            other => other,
        }
    }

    /// Begins a file that grows: it takes the place of the old one with its first bytes. It is an error if that one still grows.
    pub fn begin(&self, head: &[u8]) -> io::Result<File> {
        match self {
            Self::File { path, in_place: false } => {
                let mut beside = Beside::new(path)?;
                not_taken(&beside.file.try_lock())?;
                write_all(&beside.file, head)?;
                if let Ok(before) = File::open(path) {
                    not_taken(&before.try_lock_shared())?;
                }
                match beside.rename() {
                    Ok(()) => beside.file.try_clone(),
                    Err(error) if error.kind() == ErrorKind::ResourceBusy => overwrite(path, head),
                    Err(error) => Err(error),
                }
            }
            Self::File { path, in_place: true } => overwrite(path, head),
            Self::Stream(path) => {
                let file = OpenOptions::new().write(true).open(path)?;
                write_all(&file, head)?;
                Ok(file)
            }
            Self::Open(file) => {
                write_all(file, head)?;
                file.try_clone()
            }
        }
    }

    /// Begins a file that takes the place of the old one when all of it is there: see [`Unfinished::finish`].
    pub fn begin_whole(self, head: &[u8]) -> io::Result<Unfinished> {
        if let Self::File { path, in_place: false } = &self {
            let beside = Beside::new(path)?;
            write_all(&beside.file, head)?;
            return Ok(Unfinished::Beside(beside));
        }
        self.begin(head).map(Unfinished::Direct)
    }
}

/// A file that is still written, beside its destination where that is possible.
#[derive(Debug)]
pub enum Unfinished {
    /// Dropping it leaves the old file alone.
    Beside(Beside),
    /// A stream, or a file that must be overwritten in place.
    Direct(File),
}

impl Unfinished {
    /// Writes more of it.
    pub fn append(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Beside(beside) => write_all(&beside.file, bytes),
            Self::Direct(file) => write_all(file, bytes),
        }
    }

    /// Puts it where it belongs.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Beside(mut beside) => beside.rename(),
            Self::Direct(_) => Ok(()),
        }
    }
}

/// What makes the path the same as another one; nothing for devices such as `/dev/null`, which everybody may share.
pub fn identity(path: &Path) -> io::Result<Option<Identity>> {
    let found = match follow(path)? {
        Followed::Descriptor(_, path) => fs::metadata(path),
        Followed::Path(path) => match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(Identity::Path(path))),
            other => other,
        },
    };
    Ok(node(&found?))
}

/// What makes an open file the same as one that a path leads to.
pub fn node(found: &fs::Metadata) -> Option<Identity> {
    let shared = found.file_type().is_char_device() || found.file_type().is_block_device();
    (!shared).then(|| Identity::Node(found.dev(), found.ino()))
}

/// Whether the path is a name of one of the process's own descriptors, such as `/dev/stdout`.
pub fn is_descriptor(path: &Path) -> bool {
    matches!(follow(path), Ok(Followed::Descriptor(..)))
}

/// Writes all of it, piece by piece; waits where a descriptor is set not to.
pub fn write_all(file: &File, bytes: &[u8]) -> io::Result<()> {
    pieces(bytes).try_for_each(|piece| write_piece(file, piece))
}

/// Writes one piece.
pub fn write_piece(mut file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(&file, PollFlags::OUT)], None)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The bytes in pieces that end where a line does, unless a line is longer than a piece.
pub fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let longest = bytes.len().min(PIECE);
        let end = match memchr::memrchr(b'\n', &bytes[..longest]) {
            Some(line_end) if longest < bytes.len() => line_end + 1,
            _ => longest,
        };
        let (piece, rest) = bytes.split_at(end);
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// A new file beside a path, which goes away again unless it is renamed.
#[derive(Debug)]
pub struct Beside {
    file: File,
    path: PathBuf,
    of: PathBuf,
    renamed: bool,
}

impl Beside {
    /// Makes one with the mode, and if that is allowed the owner, of what is at the path.
    fn new(of: &Path) -> io::Result<Self> {
        let before = fs::metadata(of).ok();
        let folder = of.parent().unwrap_or(Path::new("/"));
        for _ in 0..16 {
            let mut name = OsString::from(".");
            name.push(of.file_name().unwrap_or_default());
            #[expect(clippy::cast_possible_truncation, reason = "half of a drawn number is one too")]
            let drawn = RandomState::new().hash_one(std::process::id()) as u32;
            name.push(format!(".{drawn:08x}.tmp"));
            let path = folder.join(name);
            let file = match OpenOptions::new().write(true).create_new(true).open(&path) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
                other => other?,
            };
            let beside = Self { file, path, of: of.to_owned(), renamed: false };
            if let Some(before) = before {
                let own = beside.file.metadata()?;
                if (own.uid(), own.gid()) != (before.uid(), before.gid()) {
                    // Only root may give files away; others then own what they have written.
                    let _ = fchown(&beside.file, Some(before.uid()), Some(before.gid()));
                }
                beside.file.set_permissions(Permissions::from_mode(before.mode() & 0o7777))?;
            }
            return Ok(beside);
        }
        Err(ErrorKind::AlreadyExists.into())
    }

    fn rename(&mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.of)?;
        self.renamed = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.renamed {
            // If it is gone already there is nothing to tidy up.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn overwrite(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let file = OpenOptions::new().write(true).open(path)?;
    not_taken(&file.try_lock())?;
    file.set_len(0)?;
    write_all(&file, bytes)?;
    Ok(file)
}

/// Makes an error of a lock that somebody else has.
fn not_taken(lock: &Result<(), TryLockError>) -> io::Result<()> {
    match lock {
        Err(TryLockError::WouldBlock) => {
            Err(io::Error::new(ErrorKind::ResourceBusy, "another process is writing it; name another file"))
        }
        // Not every file system has locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

enum Followed {
    Path(PathBuf),
    /// A descriptor of this process, and its name under `/proc`.
    Descriptor(u32, PathBuf),
}

/// The path without links, absolute. What is missing at its end stays as it is written.
fn follow(path: &Path) -> io::Result<Followed> {
    let mut path = path.to_owned();
    let own = [PathBuf::from("/proc/self/fd"), PathBuf::from(format!("/proc/{}/fd", std::process::id()))];
    for _ in 0..MAX_LINKS {
        let Some(name) = path.file_name().map(OsString::from) else {
            return Ok(Followed::Path(fs::canonicalize(&path)?));
        };
        let folder = existing(path.parent().unwrap_or(Path::new("")))?;
        let full = folder.join(&name);
        if own.contains(&folder)
            && let Some(number) = name.to_str().and_then(|name| name.parse().ok())
        {
            return Ok(Followed::Descriptor(number, full));
        }
        match fs::read_link(&full) {
            Ok(target) => path = folder.join(target),
            Err(_) => return Ok(Followed::Path(full)),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// The folder without links as far as it exists, and the rest by its words.
fn existing(folder: &Path) -> io::Result<PathBuf> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match fs::canonicalize(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        other => return other,
    }
    let mut found = PathBuf::new();
    for part in folder.components() {
        match part {
            Component::ParentDir => {
                found = fs::canonicalize(if found.as_os_str().is_empty() { Path::new(".") } else { &found })
                    .unwrap_or(found);
                found.pop();
            }
            other => found.push(other),
        }
        found = fs::canonicalize(&found).unwrap_or(found);
    }
    Ok(if found.is_absolute() { found } else { std::env::current_dir()?.join(found) })
}

/// The open file itself where safe code can get at it, so that what others write to it is not overwritten.
fn descriptor(number: u32, path: &Path) -> io::Result<Destination> {
    let file = match number {
        1 => File::from(io::stdout().as_fd().try_clone_to_owned()?),
        2 => File::from(io::stderr().as_fd().try_clone_to_owned()?),
        _ => OpenOptions::new().append(true).open(path)?,
    };
    Ok(Destination::Open(file))
}

#[cfg(test)]
mod tests;
