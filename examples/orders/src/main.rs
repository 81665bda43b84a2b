//! A web service that takes orders: `orders serve` answers HTTP, `orders migrate` makes its tables.
//!
//! `DATABASE_URL` says where PostgreSQL is, `PORT` (8080) where to listen.

mod http;
mod store;

use std::env;
use std::error::Error;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use store::Store;

type AnyError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), AnyError> {
    let command = env::args().nth(1).unwrap_or_default();
    let url = env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
    let store = Store::new(&url)?;
    match command.as_str() {
        "migrate" => Ok(store.migrate().await?),
        "serve" => serve(store).await,
        _ => Err("usage: orders serve | orders migrate".into()),
    }
}

async fn serve(store: Store) -> Result<(), AnyError> {
    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is not a port: {port:?}"))?,
        Err(_) => 8080_u16,
    };
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    println!("listening on {}", listener.local_addr()?);
    // PID 1 of a container ignores SIGTERM unless somebody asks for it.
    let mut term = signal(SignalKind::terminate())?;
    axum::serve(listener, http::routes(store))
        .with_graceful_shutdown(async move {
            term.recv().await;
        })
        .await?;
    Ok(())
}
