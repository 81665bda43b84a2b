//! The smallest web service that is worth a test: `GET /` greets, `GET /healthz` says ok.
//!
//! It listens on `PORT` (8080) of every address. It is PID 1 of its container, where
//! SIGTERM does nothing unless somebody asks for it.

use std::env;
use std::error::Error;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is not a port: {port:?}"))?,
        Err(_) => 8080_u16,
    };
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, routes())
        .with_graceful_shutdown(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
        .await?;
    Ok(())
}

fn routes() -> Router {
    Router::new()
        .route("/", get(async || "Hello from a container!\n"))
        .route("/healthz", get(async || "ok\n"))
        .method_not_allowed_fallback(async || (StatusCode::METHOD_NOT_ALLOWED, "only GET\n"))
        .fallback(async || (StatusCode::NOT_FOUND, "nothing here\n"))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::http::{Method, Request};
    use tower::ServiceExt as _;

    use super::*;

    async fn status(method: Method, url: &str) -> StatusCode {
        let request = Request::builder().method(method).uri(url);
        let request = request.body(Body::empty()).expect("a request");
        let answer = routes().oneshot(request).await;
        answer.expect("the router always answers").status()
    }

    #[tokio::test]
    async fn a_query_string_changes_nothing() {
        assert_eq!(status(Method::GET, "/?from=test").await, 200);
    }

    #[tokio::test]
    async fn an_unknown_path_is_404() {
        for url in ["/healthz/", "/hello", "//", "/.."] {
            assert_eq!(status(Method::GET, url).await, 404, "GET {url:?}");
        }
    }

    #[tokio::test]
    async fn only_get_and_head_are_served() {
        assert_eq!(status(Method::HEAD, "/").await, 200);
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
            assert_eq!(status(method.clone(), "/healthz").await, 405, "{method}");
        }
    }
}
