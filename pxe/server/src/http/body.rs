//! A body whose bytes are handed to the socket as they are: slices of one buffer or mapped file.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tracing::error;

use crate::asset::{Altered, Seal};
use crate::http::seat::Answering;

/// How much is handed over at once: large enough that a frame costs nothing, small enough that a
/// slow peer pages in no more than it takes.
const FRAME: usize = 1 << 20;

/// A body over shared bytes; nothing is copied.
#[derive(Debug)]
pub(crate) struct AssetBody {
    rest: Bytes,
    announced: u64,
    /// The place of the answer.
    _answering: Option<Answering>,
    /// Of bytes that come from a file.
    seal: Option<Arc<Seal>>,
}

impl AssetBody {
    pub(crate) fn new(content: Bytes) -> Self {
        let announced = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self {
            rest: content,
            announced,
            _answering: None,
            seal: None,
        }
    }

    /// Holds the place of the answer until the body is dropped.
    pub(crate) fn in_place(self, answering: Answering) -> Self {
        Self {
            _answering: Some(answering),
            ..self
        }
    }

    /// The same, as long as the file is unaltered that it comes from: it ends with an error
    /// otherwise, and what was announced is not reached.
    pub(crate) fn sealed(self, seal: Arc<Seal>) -> Self {
        Self {
            seal: Some(seal),
            ..self
        }
    }

    /// The answer to HEAD: the same length, and nothing after it.
    pub(crate) fn without_content(self) -> Self {
        Self {
            rest: Bytes::new(),
            ..self
        }
    }
}

/// A body of no bytes.
pub(crate) fn empty() -> AssetBody {
    AssetBody::new(Bytes::new())
}

impl Body for AssetBody {
    type Data = Bytes;
    type Error = Altered;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Altered>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if let Some(Err(altered)) = self.seal.as_ref().map(|seal| seal.check()) {
            error!(error = %altered, "a transfer is cut off");
            self.rest = Bytes::new();
            return Poll::Ready(Some(Err(altered)));
        }
        let length = self.rest.len().min(FRAME);
        let frame = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.announced)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Asset, FileMark};
    use http_body_util::BodyExt;
    use std::io::Write as _;

    #[tokio::test]
    async fn frames_are_slices_of_the_same_bytes() {
        let content = Bytes::from(vec![7; FRAME + 5]);
        let start = content.as_ptr();
        let mut body = AssetBody::new(content);
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.len(), first.as_ptr()), (FRAME, start));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 5);
    }

    #[tokio::test]
    async fn a_transfer_of_a_file_that_is_altered_meanwhile_is_cut_off() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&vec![7; 2 * FRAME]).unwrap();
        let mark = FileMark::of(file.as_file()).unwrap();
        let asset = Asset::map(file.reopen().unwrap(), mark).unwrap();
        let mut body = AssetBody::new(asset.bytes).sealed(asset.seal);
        assert!(body.frame().await.unwrap().is_ok());
        // To be linked changes the file's ctime, and nothing else of it.
        std::fs::hard_link(file.path(), file.path().with_extension("link")).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap_err(), Altered);
        assert!(body.frame().await.is_none());
        std::fs::remove_file(file.path().with_extension("link")).unwrap();
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let body = AssetBody::new(Bytes::from_static(b"kernel")).without_content();
        assert_eq!(body.size_hint().exact(), Some(6));
        assert!(body.is_end_stream());
    }
}
