//! What tests share on this machine: turns, slots and port numbers. Locks are the kernel's, so
//! that a test that was killed gives back what it held.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::lab::Host;
use crate::process::wait_for;

/// How many repos are in use at once. More only take turns on two cores, and look like hangs.
const SLOTS: usize = 4;
/// Below cargo-e2e's own ports and the kernel's range for outgoing connections.
const PORTS: std::ops::Range<u16> = 10_000..20_000;

/// A folder with a short path: it holds ssh's sockets too.
pub(crate) fn folder() -> PathBuf {
    let uid = rustix::process::getuid().as_raw();
    let folder = PathBuf::from(format!("/tmp/e2e-tests-{uid}"));
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder);
    made.unwrap_or_else(|error| panic!("{} can't be made: {error}", folder.display()));
    folder
}

fn open(name: &str) -> File {
    let path = folder().join(format!("{name}.lock"));
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Something that only one test at a time may have.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Turn {
    _file: File,
}

/// Waits until nobody else on this machine has what `name` stands for.
pub fn exclusive(name: &str) -> Turn {
    let file = open(name);
    file.lock().expect("a lock");
    Turn { _file: file }
}

/// The machine for one test alone; no repo of another test is in use meanwhile.
#[derive(Debug)]
#[must_use = "it ends when it is dropped"]
pub struct Alone {
    _turn: Turn,
}

thread_local! {
    static SLOT: RefCell<Weak<Slot>> = const { RefCell::new(Weak::new()) };
}

/// Of this process: a binary with tests that are alone has no others.
static IS_ALONE: AtomicBool = AtomicBool::new(false);

impl Alone {
    /// Waits until it is so. Repos that this process makes later belong to it.
    pub fn on_this_machine() -> Self {
        let turn = exclusive("everybody");
        IS_ALONE.store(true, Ordering::Relaxed);
        Self { _turn: turn }
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        IS_ALONE.store(false, Ordering::Relaxed);
    }
}

/// The right to use repos; all repos of one test share it, so that none waits for itself.
#[derive(Debug)]
pub(crate) struct Slot {
    _files: Vec<File>,
}

impl Slot {
    pub(crate) fn take() -> Rc<Self> {
        SLOT.with_borrow_mut(|held| {
            if let Some(slot) = held.upgrade() {
                return slot;
            }
            let slot = Rc::new(Self {
                _files: if IS_ALONE.load(Ordering::Relaxed) {
                    Vec::new()
                } else {
                    wait_for_a_turn()
                },
            });
            *held = Rc::downgrade(&slot);
            slot
        })
    }
}

fn wait_for_a_turn() -> Vec<File> {
    let everybody = open("everybody");
    everybody.lock_shared().expect("a lock");
    let mut slots: Vec<File> = (0..SLOTS)
        .map(|slot| open(&format!("slot-{slot}")))
        .collect();
    let is_taken = |slot: &File| match slot.try_lock() {
        Ok(()) => true,
        Err(TryLockError::WouldBlock) => false,
        Err(TryLockError::Error(error)) => panic!("no lock: {error}"),
    };
    let mut taken = vec![everybody];
    wait_for("one of the slots", Duration::from_mins(20), || {
        let found = slots.iter().position(is_taken);
        taken.extend(found.map(|found| slots.remove(found)));
        found.is_some()
    });
    taken
}

/// Ports that nobody else has, neither here nor on the lab's hosts; no other test gets them
/// before all the others were given out.
#[must_use]
pub fn free_ports<const N: usize>() -> [u16; N] {
    let mut file = open("ports");
    file.lock().expect("a lock");
    let mut text = String::new();
    file.read_to_string(&mut text).expect("readable");
    let mut next = text.trim().parse().unwrap_or(PORTS.start);
    let ports = std::array::from_fn(|_| {
        loop {
            let port = Some(next).filter(|port| PORTS.contains(port));
            let port = port.unwrap_or(PORTS.start);
            next = port + 1;
            if is_free(port) {
                return port;
            }
        }
    });
    file.set_len(0).expect("writable");
    file.rewind().expect("seekable");
    write!(file, "{next}").expect("writable");
    ports
}

fn is_free(port: u16) -> bool {
    static TAKEN_ON_HOSTS: OnceLock<BTreeSet<u16>> = OnceLock::new();
    let hosts = [Host::Root, Host::Other].into_iter();
    let taken = TAKEN_ON_HOSTS.get_or_init(|| hosts.flat_map(Host::listening).collect());
    !taken.contains(&port) && TcpListener::bind(("0.0.0.0", port)).is_ok()
}
