//! Finds values that look like credentials, without being listed in `secrets`.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use regex::Captures;
use serde_json::Value;

use super::mask::MASK;
use crate::text::LazyRegex;

static CREDENTIAL: LazyRegex = LazyRegex::new(
    // Names that end like this, whatever stands before.
    r"(?i)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|CREDENTIALS?|API_?KEY|(?:SECRET|ACCESS|PRIVATE|SIGNING|ENCRYPTION|AUTH|MASTER)_?KEY|SECRET_KEY_BASE|.[_.-](?:PASS|PWD|PSK))[0-9]*$",
);

/// The password in `scheme://user:password@host`.
static ESCAPED: LazyRegex =
    LazyRegex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@"'`]*:)([^\s:/@"'`][^\s/@"'`]*)@"#);

/// The same where it holds what should be escaped, and what stands for a user and a password where
/// there is none.
static IN_URL: LazyRegex =
    LazyRegex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)(?:([^\s:/@"'`]*:)([^\s"'`]+)|([^\s:/@"'`]+))@"#);

/// The password in `user:password@tcp(host)`, `host=db password=…` and `Server=db;Password=…`.
static IN_DSN: LazyRegex = LazyRegex::new(
    r#"(?i)(?:^[^\s:/@]+:([^\s@/]+)@(?:tcp|unix)\(|(?:^|[\s;,?&])(?:password|passwd|pwd|token|access_token|secret|api_?key)=([^\s;,&"'`]+))"#,
);

/// What people put where the value does not matter, and names of what a password is for. Masked, it
/// would be missing from every sentence about passwords and databases, and from names of files.
static WORD: LazyRegex = LazyRegex::new(
    r"(?ix)^(?:passwords?|passwd|passphrase|secrets?|tokens?|credentials?
        |(?:api|secret|access|private|signing|encryption|auth|master)[_-]?keys?
        |postgres|postgresql|rabbitmq|minioadmin|clickhouse|cassandra|couchbase|elasticsearch|opensearch|influxdb
        |keycloak|temporal|localhost|changeme|change-me|development|production|disabled|undefined)$",
);

/// Words of letters as people write names: `inventory`, `Orders-DB`, `web2.cache`.
static PLAIN: LazyRegex = LazyRegex::new(
    r"^(?:[A-Z]?[a-z]{1,12}|[A-Z]{1,12})[0-9]{0,3}(?:[-_. ](?:[A-Z]?[a-z]{1,12}|[A-Z]{1,12})[0-9]{0,3})*$",
);

/// Folders that paths on machines and in containers begin with.
static PATH: LazyRegex = LazyRegex::new(
    r"^(?:/(?:run|var|etc|home|root|tmp|opt|usr|srv|mnt|media|dev|proc|sys|Users|Volumes|private|app|data|config|secrets|certs|work|workspace)/[\w./@+-]*|(?:\.{1,2}|~)/[\w./@+-]*)$",
);

/// Returns whether a variable of this name holds a credential.
pub(super) fn is_credential(name: &str) -> bool {
    CREDENTIAL.is_match(name) && name != "OLDPWD"
}

/// `NAME=value` in its parts.
pub(super) fn assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (!name.is_empty() && name.bytes().all(is_name)).then_some((name, value))
}

/// Returns whether a value is no more than a word that everybody uses.
pub(super) fn is_word(value: &str) -> bool {
    WORD.is_match(value)
}

/// Returns whether a text is made of words as names are.
pub(super) fn is_plain(text: &str) -> bool {
    PLAIN.is_match(text)
}

/// Returns whether a value is a place, which is not what is kept there. A slash alone makes none:
/// every sixty-fourth secret in base64 begins with one.
fn is_place(value: &str) -> bool {
    PATH.is_match(value)
}

/// Returns what of a variable is secret by its name: its value, passwords in addresses, and what a
/// JSON document calls a credential.
pub(super) fn values(name: &str, value: &str) -> Vec<String> {
    let mut found = in_addresses(value);
    // In a file of variables another one may stand.
    let is_reference = value.starts_with("${") && value.ends_with('}');
    if is_credential(name) && !is_place(value) && !is_reference {
        found.push(value.to_owned());
    }
    if value.trim_start().starts_with(['{', '['])
        && let Ok(document) = serde_json::from_str::<Value>(value)
    {
        leaves(&document, "", &mut found);
    }
    found
}

fn leaves(document: &Value, name: &str, found: &mut Vec<String>) {
    match document {
        Value::String(text) => found.extend(values(name, text)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, name, found)),
        Value::Object(map) => map
            .iter()
            .for_each(|(name, value)| leaves(value, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn in_addresses(value: &str) -> Vec<String> {
    let in_urls = IN_URL.captures_iter(value).filter(has_password);
    let in_urls = in_urls.filter_map(|found| found.get(3).or(found.get(4)));
    let escaped = ESCAPED
        .captures_iter(value)
        .filter_map(|found| found.get(2));
    let in_dsn = IN_DSN.captures_iter(value);
    let in_dsn = in_dsn.filter_map(|found| found.get(1).or(found.get(2)));
    let all = in_urls.chain(escaped).chain(in_dsn);
    let mut found: Vec<String> = all.map(|found| found.as_str().to_owned()).collect();
    found.retain(|value| !value.starts_with("${"));
    found.dedup();
    // As it is, and as who uses it has it.
    let decoded = |value: &String| percent_decode_str(value).decode_utf8_lossy().into_owned();
    found.extend(found.iter().map(decoded).collect::<Vec<_>>());
    found
}

/// Returns whether what was found in a URL is no port with an `@` in the path behind it, no second
/// URL, and no plain user.
fn has_password(found: &Captures<'_>) -> bool {
    if let Some(password) = found.get(3) {
        if password.as_str().contains("://") {
            return false;
        }
        let port = password.as_str().split('/').next().unwrap_or_default();
        let is_port = port.len() < password.len() && port.bytes().all(|byte| byte.is_ascii_digit());
        return !is_port;
    }
    // Git hosts take a token for a user.
    let is_web =
        found[1].eq_ignore_ascii_case("https://") || found[1].eq_ignore_ascii_case("http://");
    is_web && found.get(4).is_some_and(|user| !is_plain(user.as_str()))
}

/// Returns a text without the passwords in its URLs, whatever they are.
pub(super) fn without_passwords(text: &str) -> Cow<'_, str> {
    IN_URL.replace_all(text, |found: &Captures<'_>| {
        if has_password(found) {
            let user = found.get(2).map_or("", |user| user.as_str());
            format!("{}{user}{MASK}@", &found[1])
        } else if found
            .get(3)
            .is_some_and(|more| more.as_str().contains("://"))
        {
            let masked = format!("${{1}}{MASK}@");
            ESCAPED.replace_all(&found[0], masked).into_owned()
        } else {
            found[0].to_owned()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_is_a_credential() {
        for name in [
            "PGPASSWORD",
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "api_key",
            "DB_PASS",
            "MYSQL_PWD",
            "JWT_SECRET",
            "SECRET_KEY_BASE",
            "Kafka.Password",
            "TOKEN2",
        ] {
            assert!(is_credential(name), "{name}");
        }
        for name in [
            "PWD",
            "OLDPWD",
            "PATH",
            "POSTGRES_PASSWORD_FILE",
            "SSH_AUTH_SOCK",
            "TOKEN_URL",
            "KEY",
            "COMPASS",
            "AWS_ACCESS_KEY_ID",
            "MONKEY",
        ] {
            assert!(!is_credential(name), "{name}");
        }
    }

    #[test]
    fn an_address_has_its_password() {
        for (address, password) in [
            ("postgres://app:s3cret@db:5432/app", "s3cret"),
            ("redis://:s3cret@cache", "s3cret"),
            ("amqp://me:x%2Fy@mq/", "x%2Fy"),
            ("postgres://app:a@b/c@db/app", "a@b/c"),
            ("https://ghp_16C7e42F@git.invalid/a.git", "ghp_16C7e42F"),
            ("app:s3cret@tcp(db:3306)/app", "s3cret"),
            ("host=db user=app password=s3cret", "s3cret"),
            ("Server=db;User Id=app;Password=s3cret;", "s3cret"),
            ("jdbc:mysql://db/app?user=app&password=s3cret", "s3cret"),
        ] {
            assert_eq!(values("URL", address)[0], password, "{address}");
        }
        assert_eq!(values("URL", "amqp://me:x%2Fy@mq/")[1], "x/y");
        let two = values("URLS", "amqp://a:first@mq1,amqp://b:second@mq2");
        assert_eq!(two[..2], ["first", "second"]);
        for address in [
            "http://localhost:8080/a@b",
            "ssh://git@git.invalid/a.git",
            "https://deploy@git.invalid/a.git",
            "amqp://me:${REDIS_PASSWORD}@mq/",
        ] {
            assert_eq!(values("URL", address), Vec::<String>::new(), "{address}");
        }
    }

    #[test]
    fn a_slash_makes_no_path() {
        for place in [
            "/run/secrets/token",
            "./token.txt",
            "../keys/id",
            "~/.netrc",
            "/etc/tls/key.pem",
        ] {
            assert!(values("A_TOKEN", place).is_empty(), "{place}");
        }
        for secret in [
            "/x9Kd83jfkLs/Qwerty12+a==",
            "/vault/9fK3",
            "/",
            "./a b",
            "/var=x/y/",
        ] {
            assert_eq!(values("A_TOKEN", secret), [secret]);
        }
    }

    #[test]
    fn a_document_has_names_too() {
        let document =
            r#"{"type":"service_account","private_key":"p-k","web":{"client_secret":"c-s"}}"#;
        assert_eq!(values("GOOGLE", document), ["p-k", "c-s"]);
        assert_eq!(values("GOOGLE_CREDENTIALS", document).len(), 3);
    }

    #[test]
    fn words_are_what_people_name_things_by() {
        for word in ["inventory", "Orders-DB", "web2.cache", "my_app", "POSTGRES"] {
            assert!(is_plain(word), "{word}");
        }
        for other in [
            "ghp_16C7e42F",
            "hunter2-Hunter2x",
            "aB1cD2",
            "correcthorsebattery",
            "a/b",
            "deadbeef1234",
        ] {
            assert!(!is_plain(other), "{other}");
        }
        assert!(is_word("postgres") && is_word("Passphrase") && !is_word("mysecretpassword"));
    }

    #[test]
    fn addresses_lose_their_passwords() {
        let text = "at amqp://me:pw@mq/, http://localhost:8080/a@b and https://t0k@git.invalid";
        assert_eq!(
            without_passwords(text),
            "at amqp://me:***@mq/, http://localhost:8080/a@b and https://***@git.invalid"
        );
        assert_eq!(
            without_passwords("amqp://a:x@mq1,amqp://b:y@mq2"),
            "amqp://a:***@mq1,amqp://b:***@mq2"
        );
    }
}
