//! A connection that notices when nothing moves.
//!
//! While a request is running a client may be silent for as long as the work takes, so reading counts as idle only
//! between requests. A body that stops is noticed where it is read. An answer that nobody takes is noticed here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How many requests of one connection are running.
#[derive(Debug, Clone, Default)]
pub(crate) struct Running(Arc<AtomicUsize>);

/// One running request; dropping it ends it.
#[derive(Debug)]
pub(crate) struct Run(Running);

impl Running {
    pub(crate) fn start(&self) -> Run {
        self.0.fetch_add(1, Ordering::AcqRel);
        Run(self.clone())
    }

    fn any(&self) -> bool {
        self.0.load(Ordering::Acquire) > 0
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A stream that fails when it is idle for too long.
pub(crate) struct Watched<S> {
    stream: S,
    running: Running,
    limit: Duration,
    read_alarm: Pin<Box<Sleep>>,
    write_alarm: Pin<Box<Sleep>>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, running: Running, limit: Duration) -> Self {
        let alarm = || Box::pin(tokio::time::sleep(limit));
        Self { stream, running, limit, read_alarm: alarm(), write_alarm: alarm() }
    }

    fn wait(alarm: &mut Pin<Box<Sleep>>, cx: &mut Context<'_>) -> Poll<io::Error> {
        ready!(alarm.as_mut().poll(cx));
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the connection was idle for too long"))
    }

    fn written<T>(
        &mut self,
        poll: Poll<io::Result<T>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if poll.is_pending() {
            return Self::wait(&mut self.write_alarm, cx).map(Err);
        }
        let next = Instant::now() + self.limit;
        self.write_alarm.as_mut().reset(next);
        self.read_alarm.as_mut().reset(next);
        poll
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let poll = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if poll.is_ready() || this.running.any() {
            this.read_alarm.as_mut().reset(Instant::now() + this.limit);
        }
        if poll.is_ready() {
            return poll;
        }
        match Self::wait(&mut this.read_alarm, cx) {
            // A request started after the alarm was set, and its end will set it again.
            Poll::Ready(_) if this.running.any() => Poll::Pending,
            alarm => alarm.map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(poll, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(poll, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.stream).poll_flush(cx);
        self.written(poll, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
