//! A body whose bytes are handed to the socket as they are: slices of one buffer or mapped file.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

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
}

impl AssetBody {
    pub(crate) fn new(content: Bytes) -> Self {
        let announced = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self {
            rest: content,
            announced,
            _answering: None,
        }
    }

    /// Holds the place of the answer until the body is dropped.
    pub(crate) fn in_place(self, answering: Answering) -> Self {
        Self {
            _answering: Some(answering),
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
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
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
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn frames_are_slices_of_the_same_bytes() {
        let content = Bytes::from(vec![7; FRAME + 5]);
        let start = content.as_ptr();
        let mut body = AssetBody::new(content);
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first.len(), first.as_ptr()), (FRAME, start));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 5);
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let body = AssetBody::new(Bytes::from_static(b"kernel")).without_content();
        assert_eq!(body.size_hint().exact(), Some(6));
        assert!(body.is_end_stream());
    }
}
