//! A state-hub for tests that need no database behind it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread::JoinHandle;

/// The address of a hub that takes one record, and what it was told in the end.
#[must_use]
pub fn hub_for_one() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("it has one"));
    let hub = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody comes");
        let mut reader = BufReader::new(&stream);
        let (mut got, mut length) = (String::new(), 0);
        while !got.ends_with("\r\n\r\n") {
            let mut line = String::new();
            let read = reader.read_line(&mut line).expect("it speaks");
            assert!(read > 0, "it ended early");
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a number");
            }
            got.push_str(&line);
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("all of it");
        let _ = stream.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
        got + &String::from_utf8_lossy(&body)
    });
    (url, hub)
}
