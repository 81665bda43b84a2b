//! What hosts answer: `state.json`, listings, and lines about what became of sandboxes.

use crate::fuzz::{assert_one_line, text};

use super::{Claim, LongLog, State, ended, gc, is_run_id, list, room, services};

/// The same text for every reader.
pub(crate) fn listings(bytes: &[u8]) {
    if let Ok(state) = serde_json::from_slice::<State>(bytes) {
        let written = serde_json::to_vec(&state).unwrap_or_default();
        let again: Option<State> = serde_json::from_slice(&written).ok();
        assert_eq!(again.as_ref(), Some(&state));
    }
    let text = text(bytes);
    for line in text.lines() {
        if let Some(listed) = list::parse_listed(line) {
            assert!(is_run_id(&listed.run_id), "{listed:?}");
        }
        if let Some(ended) = ended::parse(line) {
            assert!(is_run_id(&ended.run_id), "{ended:?}");
            assert_one_line(&ended.sentence());
        }
        if let Some(full) = room::full(line, "h") {
            assert_one_line(&full.replace('\t', " "));
        }
        if let Some(log) = LongLog::read(line) {
            assert!(
                !format!("{}{}", log.container, log.name).contains('/'),
                "{log:?}"
            );
        }
        let _ = services::nanoseconds(line);
    }
    for expired in gc::expired(&text).into_iter().flatten() {
        assert_one_line(&expired.run_id.replace('\t', " "));
    }
    if let Some(Claim::Held { by, .. } | Claim::Foreign { holder: by, .. }) = Claim::parse(&text) {
        assert!(!by.contains('\n'), "{by:?}");
    }
}
