//! The smallest web service that is worth a test: `GET /` greets, `GET /healthz` says ok.
//!
//! It listens on `PORT` (8080) of every address. It is PID 1 of its container, where
//! SIGTERM does nothing unless somebody asks for it.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::{env, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use tiny_http::{Method, Request, Response, Server};

const WORKERS: usize = 4;

/// What is sent back: a status and a line of text.
#[derive(Debug, PartialEq, Eq)]
struct Answer {
    status: u16,
    text: &'static str,
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let always = Arc::new(AtomicBool::new(true));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register_conditional_shutdown(signal, 0, Arc::clone(&always))?;
    }

    let port = match env::var("PORT") {
        Ok(port) => port
            .parse()
            .map_err(|_| format!("PORT is not a port: {port:?}"))?,
        Err(_) => 8080_u16,
    };
    let server = Server::http(("0.0.0.0", port))?;
    println!("listening on {}", server.server_addr());

    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| server.incoming_requests().for_each(respond));
        }
    });
    Ok(())
}

fn respond(request: Request) {
    let answer = route(request.method(), request.url());
    let response = Response::from_string(answer.text).with_status_code(answer.status);
    if let Err(error) = request.respond(response) {
        eprintln!("the client went away: {error}");
    }
}

/// Decides by method and path; a query string changes nothing.
fn route(method: &Method, url: &str) -> Answer {
    let path = url.split('?').next().unwrap_or_default();
    let (status, text) = match (method, path) {
        (Method::Get | Method::Head, "/") => (200, "Hello from a container!\n"),
        (Method::Get | Method::Head, "/healthz") => (200, "ok\n"),
        (_, "/" | "/healthz") => (405, "only GET\n"),
        _ => (404, "nothing here\n"),
    };
    Answer { status, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(method: &Method, url: &str) -> u16 {
        route(method, url).status
    }

    #[test]
    fn the_root_greets() {
        let expected = Answer {
            status: 200,
            text: "Hello from a container!\n",
        };
        assert_eq!(route(&Method::Get, "/"), expected);
    }

    #[test]
    fn the_health_check_answers() {
        assert_eq!(
            route(&Method::Get, "/healthz"),
            Answer {
                status: 200,
                text: "ok\n"
            }
        );
    }

    #[test]
    fn a_query_string_changes_nothing() {
        assert_eq!(route(&Method::Get, "/?from=test"), route(&Method::Get, "/"));
    }

    #[test]
    fn an_unknown_path_is_404() {
        for url in ["/healthz/", "/hello", "//", "/..", "", "*"] {
            assert_eq!(status(&Method::Get, url), 404, "GET {url:?}");
        }
    }

    #[test]
    fn only_get_and_head_are_served() {
        assert_eq!(status(&Method::Head, "/"), 200);
        assert_eq!(status(&Method::Post, "/"), 405);
        assert_eq!(status(&Method::Delete, "/healthz"), 405);
        assert_eq!(status(&Method::Post, "/hello"), 404);
    }
}
