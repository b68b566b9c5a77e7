//! How many files and sockets the process may have open. The soft limit of a login is 1,024, of
//! which a rack that boots takes more; the hard one is what the administrator means.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tracing::{info, warn};

/// As many as a thousand machines need that boot at once, twice over: a connection and a transfer
/// each, and those that wait.
pub const WANTED: u64 = 16_384;
/// What is assumed where the system does not say.
const ASSUMED: usize = 1024;

/// Raises the soft limit to the hard one, and says in the log what it is.
pub fn raise() {
    let (before, hard) = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok(limits) => limits,
        Err(error) => {
            warn!(%error, "the system does not say how many files may be open");
            return;
        }
    };
    if before < hard
        && let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, hard, hard)
    {
        warn!(%error, before, hard, "can't raise the number of files that may be open");
    }
    info!(
        limit = limit(),
        before, "files and sockets that may be open"
    );
}

/// How far the soft limit can be raised without the rights of root, if the system says so.
pub fn hard_limit() -> Option<u64> {
    let limits = getrlimit(Resource::RLIMIT_NOFILE);
    limits.ok().map(|(_, hard)| hard)
}

/// How many files and sockets may be open.
pub fn limit() -> usize {
    let limits = getrlimit(Resource::RLIMIT_NOFILE);
    limits.map_or(ASSUMED, |(soft, _)| {
        usize::try_from(soft).unwrap_or(usize::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        let (before, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, before.min(512), hard).unwrap();
        raise();
        assert_eq!(getrlimit(Resource::RLIMIT_NOFILE).unwrap(), (hard, hard));
        assert_eq!(limit(), usize::try_from(hard).unwrap_or(usize::MAX));
    }
}
