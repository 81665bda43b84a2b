//! `host:port`, as `tcp` and `grpc` name it.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; an IPv6 address is without its brackets.
    pub host: String,
    /// 1..=65535.
    pub port: u16,
}

impl FromStr for Address {
    /// What to do about it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (host, port) = text
            .rsplit_once(':')
            .ok_or("a port is missing, as in localhost:5432")?;
        let digits = !port.is_empty() && port.chars().all(|c| c.is_ascii_digit());
        let port: u16 = port.parse().unwrap_or_default();
        if !digits || port == 0 {
            return Err("the port must be 1 to 65535".to_owned());
        }
        let bracketed = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = match bracketed {
            Some(v6) if v6.parse::<Ipv6Addr>().is_ok() => v6,
            None if is_name(host) => host,
            None if host.parse::<Ipv6Addr>().is_ok() => {
                return Err(format!("write [{host}]:{port}"));
            }
            _ => return Err("the host must be a name or an address".to_owned()),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

fn is_name(host: &str) -> bool {
    host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", bracketed(&self.host), self.port)
    }
}

/// Puts an IPv6 address in brackets.
pub(super) fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]")
    } else {
        host.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn addresses() {
        for (text, host, port) in [
            ("localhost:5432", "localhost", 5432),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("[::1]:65535", "::1", 65535),
            ("db_1.internal:80", "db_1.internal", 80),
        ] {
            let address: Address = text.parse().expect("an address");
            assert_eq!(
                (address.host.as_str(), address.port),
                (host, port),
                "{text}"
            );
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "localhost",
            ":5432",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            "::1:5432",
            "[::1]",
            "[localhost]:1",
            "-x:1",
            "a b:1",
            "http://localhost:1",
            "a:1\n",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
