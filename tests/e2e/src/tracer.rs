//! Watches the system calls of a running program (ptrace(2)) and kills it at a [`KillPoint`].
//!
//! A program that is killed when it enters a call has not made it; one that is killed when it
//! leaves a call has. So the moment is exact, however busy the host is. x86-64 Linux only.

use std::fs;
use std::io::{self, IoSliceMut};

use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::kill_point::{Call, KillPoint, Lookout, Verdict};

/// Attaches to every thread of the process; what it does is watched from then on.
pub fn attach(process: Pid) -> io::Result<()> {
    let options = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_TRACECLONE;
    let mut attached = Vec::new();
    // Threads may be made meanwhile, by threads that are not attached yet.
    loop {
        let threads = threads_of(process)?;
        let new: Vec<Pid> = threads
            .into_iter()
            .filter(|thread| !attached.contains(thread))
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        for thread in new {
            attached.push(thread);
            match ptrace::seize(thread, options).and_then(|()| ptrace::interrupt(thread)) {
                // It was made by one that is attached, or has ended.
                Ok(()) | Err(Errno::EPERM | Errno::ESRCH) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Lets the process run until its moment has come, and kills it; `false` if it ended before.
pub fn kill_at(process: Pid, point: KillPoint) -> io::Result<bool> {
    let mut lookout = Lookout::new(point);
    // The thread whose call must be done before.
    let mut after = None;
    loop {
        let thread = match waitpid(None, Some(WaitPidFlag::__WALL)) {
            Ok(WaitStatus::PtraceSyscall(thread)) => thread,
            Ok(WaitStatus::PtraceEvent(thread, ..)) => {
                go_on(thread, None)?;
                continue;
            }
            Ok(WaitStatus::Stopped(thread, signal)) => {
                go_on(thread, Some(signal))?;
                continue;
            }
            Ok(WaitStatus::Exited(thread, _) | WaitStatus::Signaled(thread, ..))
                if thread == process =>
            {
                return Ok(false);
            }
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(Errno::ECHILD) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        };
        let verdict = match look(thread, &mut lookout, after) {
            Ok(verdict) => verdict,
            // It was killed by somebody else.
            Err(Errno::ESRCH) => Verdict::GoOn,
            Err(errno) => return Err(errno.into()),
        };
        match verdict {
            Verdict::Kill => {
                kill(process, Signal::SIGKILL)?;
                return Ok(true);
            }
            Verdict::KillAfter => after = Some(thread),
            Verdict::GoOn => {}
        }
        go_on(thread, None)?;
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) -> io::Result<()> {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// Looks at a thread that enters or leaves a call.
fn look(thread: Pid, lookout: &mut Lookout, after: Option<Pid>) -> Result<Verdict, Errno> {
    let registers = ptrace::getregs(thread)?;
    // The kernel puts this there when a call is entered.
    let enters = registers.rax.cast_signed() == -i64::from(Errno::ENOSYS as i32);
    if !enters && after == Some(thread) {
        return Ok(Verdict::Kill);
    }
    if after.is_some() {
        return Ok(Verdict::GoOn);
    }
    let [number, first, second, third, result] = [
        registers.orig_rax,
        registers.rdi,
        registers.rsi,
        registers.rdx,
        registers.rax,
    ];
    let moved = |length| bytes_at(thread, second, length);
    match (number, enters) {
        (READ | RECVFROM, false) => Ok(lookout.look(Call::Read(first, &moved(result)))),
        (READV, false) => {
            let bytes = gather(thread, second, third);
            Ok(lookout.look(Call::Read(first, &bytes)))
        }
        (WRITE | SENDTO, true) => Ok(lookout.look(Call::Send(first, &moved(third)))),
        (WRITEV, true) => {
            let bytes = gather(thread, second, third);
            Ok(lookout.look(Call::Send(first, &bytes)))
        }
        (SENDMSG, true) => {
            // msghdr: after a name and its length, the vectors and their count.
            let (vectors, count) = (word_at(thread, second + 16), word_at(thread, second + 24));
            let bytes = gather(thread, vectors, count);
            Ok(lookout.look(Call::Send(first, &bytes)))
        }
        (PWRITE64, true) => Ok(lookout.look(Call::Store)),
        _ => Ok(Verdict::GoOn),
    }
}

/// The bytes of several vectors, each an address and a length.
fn gather(thread: Pid, vectors: u64, count: u64) -> Vec<u8> {
    (0..count.min(16))
        .flat_map(|number| {
            let vector = vectors + number * 16;
            let (address, length) = (word_at(thread, vector), word_at(thread, vector + 8));
            bytes_at(thread, address, length)
        })
        .collect()
}

fn word_at(thread: Pid, address: u64) -> u64 {
    let bytes = bytes_at(thread, address, 8);
    bytes.first_chunk().map_or(0, |it| u64::from_le_bytes(*it))
}

/// The first bytes there; fewer, or none, if they cannot be read or the length is an error.
fn bytes_at(thread: Pid, address: u64, length: u64) -> Vec<u8> {
    let is_error = length.cast_signed() < 0;
    let wanted = if is_error { 0 } else { length.min(LOOKED_AT) };
    let (Ok(base), Ok(len)) = (usize::try_from(address), usize::try_from(wanted)) else {
        return Vec::new();
    };
    let mut bytes = vec![0; len];
    let remote = [RemoteIoVec { base, len }];
    let read = process_vm_readv(thread, &mut [IoSliceMut::new(&mut bytes)], &remote);
    bytes.truncate(read.unwrap_or(0));
    bytes
}

fn threads_of(process: Pid) -> io::Result<Vec<Pid>> {
    let entries = fs::read_dir(format!("/proc/{process}/task"))?;
    Ok(entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .map(Pid::from_raw)
        .collect())
}

/// How much of what a call moves is looked at.
const LOOKED_AT: u64 = 4096;
// The numbers of x86-64.
const READ: u64 = 0;
const WRITE: u64 = 1;
const PWRITE64: u64 = 18;
const READV: u64 = 19;
const WRITEV: u64 = 20;
const SENDTO: u64 = 44;
const RECVFROM: u64 = 45;
const SENDMSG: u64 = 46;
