//! The time, and what nobody can guess.

use machine_core::time::Timestamp;

use crate::effects::error::EffectError;

/// A clock, random ids, and the codes of requests.
pub trait ClockAndIds: Send + Sync + 'static {
    /// Now, for those who decide: it never runs back.
    fn now(&self) -> Timestamp;
    /// What the host's clock says, right or wrong.
    fn wall(&self) -> Timestamp;
    /// 16 bytes that nobody can guess.
    fn draw(&self) -> Result<[u8; 16], EffectError>;
    /// The code of a request, which nobody who reads it can try a guess of the request on.
    fn request_code(&self, parts: &[&str]) -> [u8; 32];
}
