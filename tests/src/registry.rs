//! A real image registry, Debian's `docker-registry`, with something in front of it that fails as
//! registries do. Docker takes a registry at 127.0.0.1 without TLS; so that hosts have it there too,
//! ssh forwards its port to them.

use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use crate::lab::{Host, image};
use crate::machine::free_ports;
use crate::process::{Running, wait_for};

/// Who may read where a login is wanted.
pub const USER: &str = "ann";
/// With this password.
pub const PASSWORD: &str = "lab-registry-pa55-Zq81";
/// As htpasswd keeps it.
const HASH: &str = "$2b$05$abcdefghijklmnopqrstuuwrXm075rz/t5rbJMysd8peNYPuVraYe";
const SOON: Duration = Duration::from_secs(30);
/// So much of a layer arrives before it is cut.
const UNTIL_CUT: usize = 64 << 10;

/// What happens instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// This status, in the registry's own form.
    Status(u16),
    /// The answer ends in its middle.
    Cut,
    /// None comes, for as long as the registry is there.
    Hangs,
}

#[derive(Debug)]
struct Rule {
    path: String,
    fault: Fault,
    times: usize,
}

#[derive(Debug, Default)]
struct Front {
    rules: Mutex<Vec<Rule>>,
    asked: Mutex<Vec<String>>,
    over: Mutex<bool>,
    ends: Condvar,
}

/// A registry under way; it ends, and its images go, when it is dropped.
#[must_use = "it ends when it is dropped"]
pub struct Registry {
    folder: TempDir,
    /// Where it answers, faults and all.
    port: u16,
    /// Where it answers without them.
    upstream: u16,
    front: Arc<Front>,
    hosts: Vec<Host>,
    programs: Vec<Running>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a registry at {}", self.address())
    }
}

impl Registry {
    /// Starts one from which anybody may pull.
    #[track_caller]
    pub fn open() -> Self {
        Self::start("")
    }

    /// Starts one that wants a login.
    #[track_caller]
    pub fn with_login() -> Self {
        Self::start("auth: {htpasswd: {realm: lab, path: FOLDER/htpasswd}}\n")
    }

    #[track_caller]
    fn start(auth: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let [port, upstream] = free_ports::<2>();
        let at = folder.path().display().to_string();
        fs::write(folder.path().join("htpasswd"), format!("{USER}:{HASH}\n")).expect("writable");
        let config = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: FOLDER/images}}}}\n\
             http: {{addr: '127.0.0.1:{upstream}'}}\n{auth}"
        );
        let config_file = folder.path().join("config.yml");
        fs::write(&config_file, config.replace("FOLDER", &at)).expect("writable");
        let mut command = Command::new("docker-registry");
        let there = command.arg("--version").output().is_ok();
        assert!(there, "docker-registry is not installed: tests/lab/setup");
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&config_file);
        let programs = vec![Running::start(command, None)];
        wait_for("the registry", SOON, || {
            TcpStream::connect(("127.0.0.1", upstream)).is_ok()
        });
        let front = Arc::new(Front::default());
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let for_all = Arc::clone(&front);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let front = Arc::clone(&for_all);
                if *locked(&front.over) {
                    break;
                }
                // Who breaks off has no need of an answer.
                std::thread::spawn(move || front.serve(client, upstream));
            }
        });
        Self {
            folder,
            port,
            upstream,
            front,
            hosts: vec![Host::Local],
            programs,
        }
    }

    /// How images of it are called.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Makes a small image in it, and returns its name. It is on no engine then.
    #[track_caller]
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        let context = self.folder.path().join(name);
        fs::create_dir(&context).expect("a fresh folder");
        let base = image("BUSYBOX_IMAGE");
        // Nothing that can be packed, so that there is something to cut.
        let script = format!(
            "set -e\nhead -c 2000000 /dev/urandom >data\nprintf 'FROM {base}\\nCOPY data /data\\n' >Dockerfile\n\
             docker build -q -t {0} . >/dev/null\ndocker --config {1} push -q {0}\n\
             docker rmi -f {0} >/dev/null\n",
            format_args!("127.0.0.1:{}/{name}:1", self.upstream),
            self.login(self.upstream).display(),
        );
        let mut command = Command::new("sh");
        command.arg("-s").current_dir(&context);
        let ended = Running::start(command, Some(&script)).finish(Duration::from_mins(1));
        assert_eq!(ended.code, Some(0), "{name} was not pushed\n{ended}");
        format!("{}/{name}:1", self.address())
    }

    /// A `DOCKER_CONFIG` with the login.
    #[track_caller]
    fn login(&self, port: u16) -> PathBuf {
        let folder = self.folder.path().join(format!("login-{port}"));
        fs::create_dir_all(&folder).expect("writable");
        let auth = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let config = format!(r#"{{"auths": {{"127.0.0.1:{port}": {{"auth": "{auth}"}}}}}}"#);
        fs::write(folder.join("config.json"), config).expect("writable");
        folder
    }

    /// A `DOCKER_CONFIG` for clients with the login in it.
    #[track_caller]
    #[must_use]
    pub fn docker_config(&self) -> PathBuf {
        self.login(self.port)
    }

    /// Makes it answer at the same address on a host, to which `config` tells ssh the way.
    #[track_caller]
    pub fn forward_to(&mut self, host: Host, config: &Path) {
        let mut command = Command::new("ssh");
        let both = format!("127.0.0.1:{0}:127.0.0.1:{0}", self.port);
        command
            .arg("-F")
            .arg(config)
            .args(["-N", "-o", "ExitOnForwardFailure=yes", "-R", &both])
            .arg(host.name());
        self.programs.push(Running::start(command, None));
        self.hosts.push(host);
        wait_for("the forwarded port", SOON, || {
            host.listening().contains(&self.port)
        });
    }

    /// Makes the next so many requests fail whose path has this in it.
    pub fn fails(&self, path: &str, fault: Fault, times: usize) {
        let path = path.to_owned();
        let rule = Rule { path, fault, times };
        locked(&self.front.rules).push(rule);
    }

    /// The requests so far, such as `GET /v2/app/manifests/1`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        locked(&self.front.asked).clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        *locked(&self.front.over) = true;
        self.front.ends.notify_all();
        // So that the listener sees it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        for host in &self.hosts {
            let _ = host.sh(&format!(
                "docker image ls -q --filter 'reference=127.0.0.1:{}/*' | sort -u | xargs -r docker rmi -f",
                self.port
            ));
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Front {
    /// Answers one request; no connection is used twice, so that each is seen.
    fn serve(&self, mut client: TcpStream, upstream: u16) -> Option<()> {
        let mut reader = BufReader::new(client.try_clone().ok()?);
        // Docker tries TLS first.
        if reader.fill_buf().ok()?.first() == Some(&0x16) {
            return client.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").ok();
        }
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
        }
        let (first, rest) = head.split_once("\r\n")?;
        let request = first.trim_end_matches(" HTTP/1.1");
        locked(&self.asked).push(request.to_owned());
        let mut most = usize::MAX;
        match self.fault(request) {
            None => {}
            Some(Fault::Status(status)) => return refuse(&mut client, status),
            Some(Fault::Cut) => most = UNTIL_CUT,
            Some(Fault::Hangs) => {
                let (over, limit) = (locked(&self.over), Duration::from_mins(3));
                drop(self.ends.wait_timeout_while(over, limit, |over| !*over));
                return None;
            }
        }
        let mut server = TcpStream::connect(("127.0.0.1", upstream)).ok()?;
        write!(server, "{first}\r\nConnection: close\r\n{rest}").ok()?;
        std::io::copy(&mut server.take(most as u64), &mut client).ok()?;
        Some(())
    }

    fn fault(&self, request: &str) -> Option<Fault> {
        let mut rules = locked(&self.rules);
        let meant = |rule: &&mut Rule| rule.times > 0 && request.contains(&rule.path);
        let rule = rules.iter_mut().find(meant)?;
        rule.times -= 1;
        Some(rule.fault)
    }
}

fn refuse(client: &mut TcpStream, status: u16) -> Option<()> {
    let (reason, body) = match status {
        429 => (
            "Too Many Requests",
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#,
        ),
        503 => ("Service Unavailable", ""),
        _ => ("Internal Server Error", ""),
    };
    let kind = if body.is_empty() {
        "text/plain"
    } else {
        "application/json"
    };
    write!(
        client,
        "HTTP/1.1 {status} {reason}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .ok()
}
