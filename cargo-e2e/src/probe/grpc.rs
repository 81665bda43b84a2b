//! `grpc`: grpc.health.v1 says that it serves. Hosts have nothing but curl for it, so the request is
//! framed here.

use std::fmt::Write as _;

use e2e_harness::protocol;

use super::address::{Address, bracketed};
use super::{Kind, Target};
use crate::shell::quote;

/// `grpc: localhost:7233` with its `grpc_service`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grpc {
    /// Where it is asked.
    pub address: Address,
    /// What is asked about; `None`: the server as a whole.
    pub service: Option<String>,
}

impl Kind for Grpc {
    fn address(&self) -> Option<(&str, u16)> {
        Some((&self.address.host, self.address.port))
    }

    fn call(&self, index: usize, at: Option<Target<'_>>, reachable: bool) -> String {
        let request = quote(&frame(self.service.as_deref()));
        let address = at.map_or_else(|| self.address.to_string(), |at| at.to_string());
        let address = quote(&address);
        match at.filter(|_| reachable) {
            Some(at) => format!(
                "grpc_probe {index} {request} {address} {} {}",
                quote(at.service),
                at.container_port
            ),
            None => format!("grpc_probe {index} {request} {address}"),
        }
    }

    fn describe(&self) -> String {
        match &self.service {
            Some(service) => format!("grpc {} {service}", self.address),
            None => format!("grpc {}", self.address),
        }
    }

    fn for_tests(&self, host: &str, port: u16) -> protocol::Probe {
        protocol::Probe::Grpc {
            address: format!("{}:{port}", bracketed(host)),
            service: self.service.clone(),
        }
    }
}

/// Returns the body of a Check, as a format for the shell's printf: every byte as `\ooo`.
///
/// A frame is a zero, the message's length in four bytes, and the message; in that, field 1 is the
/// service's name. No name asks for the server as a whole.
fn frame(service: Option<&str>) -> String {
    let mut message = Vec::new();
    if let Some(service) = service {
        message.push(0x0a);
        push_varint(&mut message, service.len());
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    let bytes = [&[0], &length.to_be_bytes()[..], &message].concat();
    let mut text = String::new();
    for byte in bytes {
        // Writing to a String can't fail.
        let _ = write!(text, "\\{byte:03o}");
    }
    text
}

/// Appends seven bits a byte, the lowest first; the highest bit says that more follow.
fn push_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::frame;

    #[test]
    fn frames() {
        assert_eq!(frame(None), r"\000\000\000\000\000");
        assert_eq!(
            frame(Some("a.B")),
            r"\000\000\000\000\005\012\003\141\056\102"
        );
        let long = frame(Some(&"x".repeat(200)));
        assert!(
            long.starts_with(r"\000\000\000\000\313\012\310\001\170"),
            "{long}"
        );
    }
}
