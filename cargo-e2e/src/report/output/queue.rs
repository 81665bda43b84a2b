//! What waits to be written to one place, in order: a plain value, without locks or threads.

use std::collections::VecDeque;

use super::missed::{Missed, Notice};

/// Bytes that may wait for their reader; beyond this, test output and progress are left out.
pub(super) const LIMIT: usize = 8 << 20;

/// Small pieces are joined up to this size: each alone would take more memory than its text.
const JOINED: usize = 64 << 10;

pub(super) enum Piece {
    /// Bytes for a stream of the place.
    Text { to: usize, bytes: Vec<u8> },
    /// Marks where something was left out.
    Gap {
        to: usize,
        missed: Missed,
        notice: Notice,
    },
}

#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Piece>,
    /// Includes what was taken and is not written yet.
    bytes: usize,
    /// Something was left out, and there is not enough room yet for more.
    full: bool,
}

impl Queue {
    /// Adds text that must be shown, however much waits.
    pub(super) fn keep(&mut self, to: usize, bytes: &[u8]) {
        self.bytes += bytes.len();
        if let Some(Piece::Text {
            to: last,
            bytes: text,
        }) = self.waiting.back_mut()
            && *last == to
            && text.len() + bytes.len() <= JOINED
        {
            text.extend_from_slice(bytes);
            return;
        }
        let bytes = bytes.to_owned();
        self.waiting.push_back(Piece::Text { to, bytes });
    }

    /// Adds text that may be left out, and returns whether it was added.
    pub(super) fn offer(
        &mut self,
        to: usize,
        bytes: &[u8],
        missed: Missed,
        notice: &Notice,
    ) -> bool {
        // Half of the limit must be free first: a reader gets long pieces with few gaps.
        self.full = if self.full {
            self.bytes > LIMIT / 2
        } else {
            self.bytes > 0 && self.bytes + bytes.len() > LIMIT
        };
        if !self.full {
            self.keep(to, bytes);
            return true;
        }
        let gaps = self
            .waiting
            .iter_mut()
            .rev()
            .map_while(|piece| match piece {
                Piece::Gap { to, missed, .. } => Some((*to, missed)),
                Piece::Text { .. } => None,
            });
        match gaps.into_iter().find(|(of, _)| *of == to) {
            Some((_, known)) => known.add(missed),
            None => self.waiting.push_back(Piece::Gap {
                to,
                missed,
                notice: notice.clone(),
            }),
        }
        false
    }

    /// Takes the next piece.
    pub(super) fn take(&mut self) -> Option<Piece> {
        self.waiting.pop_front()
    }

    /// Makes room, once bytes of a taken piece are written.
    pub(super) fn written(&mut self, bytes: usize) {
        self.bytes -= bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    fn output(bytes: usize) -> Missed {
        Missed::output(bytes)
    }

    fn notice() -> Notice {
        std::sync::Arc::new(|missed| missed.sentence(None))
    }

    /// Takes all pieces: `(stream, bytes, 0)` for text, `(stream, 0, missed)` for a gap.
    fn taken(queue: &mut Queue) -> Vec<(usize, usize, u64)> {
        let mut all = Vec::new();
        while let Some(piece) = queue.take() {
            all.push(match piece {
                Piece::Text { to, bytes } => {
                    queue.written(bytes.len());
                    (to, bytes.len(), 0)
                }
                Piece::Gap { to, missed, .. } => (to, 0, missed.output),
            });
        }
        all
    }

    #[test]
    fn a_full_queue_leaves_out_what_may_be_and_keeps_the_rest_in_its_place() {
        let mut queue = Queue::default();
        let big = vec![b'x'; MIB];
        let offered: Vec<bool> = (0..10)
            .map(|_| queue.offer(0, &big, output(MIB), &notice()))
            .collect();
        assert_eq!(offered, [vec![true; 8], vec![false; 2]].concat());
        queue.keep(0, b"verdict\n");
        assert!(!queue.offer(0, b"y", output(1), &notice()));
        let rest = taken(&mut queue);
        assert_eq!(rest[..8], [(0, MIB, 0); 8]);
        assert_eq!(rest[8..], [(0, 0, 2 << 20), (0, 8, 0), (0, 0, 1)]);
    }

    #[test]
    fn what_was_full_goes_on_when_half_of_it_is_free() {
        let mut queue = Queue::default();
        let big = vec![b'x'; MIB];
        for _ in 0..9 {
            queue.offer(0, &big, output(MIB), &notice());
        }
        for free in 0..4 {
            assert!(!queue.offer(0, b"y", output(1), &notice()), "{free} MiB");
            assert!(matches!(queue.take(), Some(Piece::Text { .. })));
            queue.written(MIB);
        }
        assert!(queue.offer(0, b"y", output(1), &notice()));
    }

    #[test]
    fn what_is_taken_and_not_written_takes_room() {
        let mut queue = Queue::default();
        queue.keep(0, &vec![b'x'; LIMIT]);
        assert!(queue.take().is_some());
        assert!(!queue.offer(0, b"y", output(1), &notice()));
    }

    #[test]
    fn one_piece_of_any_size_is_taken_when_nothing_waits() {
        let mut queue = Queue::default();
        assert!(queue.offer(0, &vec![b'x'; 2 * LIMIT], output(2 * LIMIT), &notice()));
    }

    #[test]
    fn streams_of_one_place_keep_their_order_and_each_its_gap() {
        let mut queue = Queue::default();
        queue.keep(0, b"a");
        queue.keep(0, b"b");
        queue.keep(1, b"c");
        queue.keep(0, &vec![b'x'; LIMIT]);
        for _ in 0..3 {
            queue.offer(0, b"y", output(1), &notice());
            queue.offer(1, b"y", output(1), &notice());
        }
        assert_eq!(
            taken(&mut queue),
            [(0, 2, 0), (1, 1, 0), (0, LIMIT, 0), (0, 0, 3), (1, 0, 3)]
        );
    }
}
