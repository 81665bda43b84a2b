//! `GET /healthz`: whether a run would go through now, and if not, why.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::store::Store;

/// What is asked for its health.
#[derive(Clone)]
pub struct Health {
    store: Store,
    polling: Arc<AtomicBool>,
}

impl Health {
    /// Of a worker that does not poll yet.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            polling: Arc::default(),
        }
    }

    /// Whether the worker asks Temporal for work.
    pub fn polls(&self, polls: bool) {
        self.polling.store(polls, Ordering::Relaxed);
    }

    async fn answer(&self, path: &str) -> (StatusCode, String) {
        if path != "/healthz" {
            return (StatusCode::NOT_FOUND, "ask /healthz".to_owned());
        }
        if !self.polling.load(Ordering::Relaxed) {
            let text = "the worker is not connected to Temporal".to_owned();
            return (StatusCode::SERVICE_UNAVAILABLE, text);
        }
        match self.store.check().await {
            Ok(()) => (StatusCode::OK, "ok".to_owned()),
            Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
        }
    }
}

/// Answers until it is dropped.
///
/// # Errors
/// When the address is taken.
pub async fn serve(address: SocketAddr, health: Health) -> std::io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let health = health.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                let health = health.clone();
                async move {
                    let (status, text) = health.answer(request.uri().path()).await;
                    let mut response = Response::new(Full::new(Bytes::from(text + "\n")));
                    *response.status_mut() = status;
                    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                    response.headers_mut().insert(CONTENT_TYPE, plain);
                    Ok::<_, Infallible>(response)
                }
            });
            // A client that goes away in the middle is no concern of the worker's.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}
