//! A body whose bytes are handed to the socket as they are: slices of one buffer or mapped file.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tracing::error;

use crate::asset::{Altered, Seal};
use crate::http::delivery::Delivery;
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
    /// Of whose end somebody wants to hear.
    delivery: Option<Delivery>,
}

impl AssetBody {
    pub(crate) fn new(content: Bytes) -> Self {
        let announced = u64::try_from(content.len()).unwrap_or(u64::MAX);
        Self {
            rest: content,
            announced,
            _answering: None,
            seal: None,
            delivery: None,
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

    /// The same, and its end is told.
    pub(crate) fn delivered(self, mut delivery: Delivery) -> Self {
        if self.rest.is_empty() {
            delivery.whole();
        }
        Self {
            delivery: Some(delivery),
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
        let is_last = self.rest.is_empty();
        if let Some(delivery) = &mut self.delivery {
            delivery.sent(u64::try_from(length).unwrap_or(u64::MAX));
            if is_last {
                delivery.whole();
            }
        }
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
    use crate::http::delivery::Ended;
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

    /// What was told of the end of a sending of `size` bytes, of which `frames` were taken.
    async fn end_of(size: usize, frames: usize) -> Ended {
        let (tell, told) = std::sync::mpsc::channel();
        let delivery = Delivery::new(move |ended| tell.send(ended).unwrap());
        let mut body = AssetBody::new(Bytes::from(vec![7; size])).delivered(delivery);
        for _ in 0..frames {
            let _ = body.frame().await.unwrap().unwrap();
        }
        drop(body);
        let ends: Vec<Ended> = told.iter().collect();
        assert_eq!(ends.len(), 1, "it is told once");
        ends[0]
    }

    #[tokio::test]
    async fn the_end_of_a_sending_is_told_once() {
        assert_eq!(end_of(FRAME + 5, 2).await, Ended::Whole);
        assert_eq!(end_of(0, 0).await, Ended::Whole);
        assert_eq!(end_of(5, 0).await, Ended::CutOff { sent: 0 });
        let sent = u64::try_from(FRAME).unwrap();
        assert_eq!(end_of(FRAME + 5, 1).await, Ended::CutOff { sent });
    }

    #[test]
    fn head_tells_the_length_and_sends_nothing() {
        let body = AssetBody::new(Bytes::from_static(b"kernel")).without_content();
        assert_eq!(body.size_hint().exact(), Some(6));
        assert!(body.is_end_stream());
    }
}
