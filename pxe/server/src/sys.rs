//! The one file with `unsafe`: mapping files of ours, and waiting for a socket that tokio has no type
//! for.

use std::fs::File;
use std::io;

use bytes::Bytes;
use memmap2::Mmap;
use socket2::Socket;
use tokio::io::unix::AsyncFd;

/// The content of a file as bytes that are paged in when they are sent.
///
/// The file must be ours: nobody truncates or rewrites it while it is mapped (the asset cache
/// gives a file its name after its last write).
#[expect(unsafe_code, reason = "a mapped file is served without copying it")]
pub(crate) fn map_file(file: &File) -> io::Result<Bytes> {
    if file.metadata()?.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: the file lies in the asset cache, which renames complete files into place and never
    // writes to them again.
    let mapped = unsafe { Mmap::map(file)? };
    Ok(Bytes::from_owner(mapped))
}

/// A socket that tokio waits for. It must not block. To be called within a tokio runtime.
#[expect(unsafe_code, reason = "tokio wants a descriptor that stays open")]
pub(crate) fn watched(socket: Socket) -> io::Result<AsyncFd<Socket>> {
    // SAFETY: the socket owns its descriptor, and is neither replaced nor closed before the `AsyncFd`
    // that owns it is dropped.
    let watched = unsafe { AsyncFd::register(socket) };
    Ok(watched?)
}
