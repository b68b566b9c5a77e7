//! Pages as they are asked for. A token is the name that the page before ended with; clients take it
//! as it comes, and give it back.

use crate::error::UseCaseError;
use crate::operations::page::Page;

/// The page that is asked for; no size is all of it.
pub(super) fn page(size: u32, token: String) -> Result<Page, UseCaseError> {
    let size = usize::try_from(size).map_err(|_| {
        UseCaseError::Invalid(format!("wanted a page that fits into memory, got {size}"))
    })?;
    Ok(Page {
        size: (size > 0).then_some(size),
        after: token,
    })
}
