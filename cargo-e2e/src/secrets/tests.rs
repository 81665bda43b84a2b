use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn environment(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

fn of(names: &[&str], pairs: &[(&str, &str)]) -> Result<Secrets, MissingSecrets> {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    Secrets::of(&names, environment(pairs))
}

#[test]
fn a_secret_that_is_not_set_is_named() {
    let error = of(&["A", "B", "C"], &[("A", "value"), ("B", "")]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`secrets` names B, C, which are not set in this environment"
    );
}

#[test]
fn short_ones_are_told_of_and_not_masked() {
    let secrets = of(&["PIN", "LONG"], &[("LONG", "abcd"), ("PIN", "123")]).unwrap();
    assert_eq!(secrets.too_short(), ["PIN"]);
    assert_eq!(secrets.text("123 abcd"), "123 ***");
    assert_eq!(secrets.variables()[0].0, "PIN");
    assert!(!format!("{secrets:?}").contains("abcd"));
}

#[test]
fn what_looks_like_a_credential_is_masked() {
    let pairs = [("CI_TOKEN", "glpat-0123456"), ("USER", "somebody")];
    let secrets = of(&[], &pairs).unwrap();
    assert_eq!(secrets.text("glpat-0123456 somebody"), "*** somebody");
    let model = json!({
        "services": {
            "db": {
                "image": "example/warehouse:16",
                "environment": {
                    "ADMIN_PASSWORD": "s3cret-s3cret",
                    "DB_PASSWORD": "warehouse",
                    "URL": "amqp://me:rabbit-pass@mq/",
                },
            },
        },
        "secrets": { "key": { "file": "/box/repo/key.txt" } },
    });
    secrets.learn(&model, |path| {
        (path == "/box/repo/key.txt").then(|| "from-a-file\n".to_owned())
    });
    assert_eq!(
        secrets.text("warehouse s3cret-s3cret rabbit-pass from-a-file glpat-0123456"),
        "warehouse *** *** *** ***"
    );
    let mut masked = model.clone();
    secrets.json(&mut masked);
    let text = masked.to_string();
    for value in ["s3cret", "rabbit-pass", "\"warehouse\""] {
        assert!(!text.contains(value), "{text}");
    }
}

#[test]
fn nothing_that_a_compose_file_says_makes_a_secret_visible() {
    let token = "ghp_16C7e42F292c69";
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join(".env");
    std::fs::write(&env, "DB_PASSWORD=warehouse\nDB_USER=warehouse\n").unwrap();
    let secrets = of(&[], &[("GITHUB_TOKEN", token), ("A_SECRET", "somebodys")]).unwrap();
    secrets.learn_files([env.as_path()]);
    let text = format!("{token} somebodys warehouse in-compose-1");
    let model = json!({
        "services": {
            token: { "image": format!("example/{token}:1") },
            "warehouse": { "image": "warehouse", "environment": {
                "GH_AUTH": token, "DB": "warehouse", "OWNER": "somebodys",
                "AN_API_KEY": "in-compose-1",
            } },
        },
        "volumes": { "somebodys": {} },
    });
    secrets.learn(&model, |_| None);
    assert_eq!(secrets.text(&text), "*** *** *** ***");
    // Nor does what one that is read later says.
    let later =
        json!({ "services": { "in-compose-1": { "environment": { "X": "in-compose-1" } } } });
    secrets.learn(&later, |_| None);
    assert_eq!(secrets.text(&text), "*** *** *** ***");
}

#[test]
fn compose_makes_secrets_of_variables_in_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join(".env");
    std::fs::write(&env, "DEPLOY=k3y-1\nOTHER=plain-0\n").unwrap();
    let secrets = of(&[], &[]).unwrap();
    secrets.learn_files([env.as_path()]);
    let model = json!({ "secrets": { "deploy": { "environment": "DEPLOY" } } });
    secrets.learn(&model, |_| None);
    assert_eq!(secrets.text("k3y-1 plain-0"), "*** plain-0");
}

#[test]
fn half_a_secret_at_a_cut_is_none_of_the_text() {
    let secrets = of(&["KEY"], &[("KEY", "needle-in-häy")]).unwrap();
    assert_eq!(secrets.beginning("a needle-in-häy, nee"), "a ***, ");
    assert_eq!(secrets.beginning("needle-in-h\u{fffd}"), "");
    assert_eq!(secrets.beginning("all of it"), "all of it");
}

#[test]
fn output_is_held_back_only_where_it_may_be_a_secret() {
    let patterns = Patterns::of(std::iter::once("needle-in-the-haystack"));
    let mut masking = Masking::default();
    let mut shown = |text: &str| {
        let bytes = masking.take(&patterns, text.as_bytes());
        String::from_utf8(bytes).unwrap()
    };
    // A line that ends with its first letters is a line.
    assert_eq!(shown("3 passed, none\n"), "3 passed, none\n");
    assert_eq!(shown("it is need\n"), "it is ");
    assert_eq!(shown("le-in-the-\x1b[1mhay"), "");
    assert_eq!(shown("stack, ne"), "***, ");
    assert_eq!(shown("w\n"), "new\n");
    // Cut, so much of it is no chance; words are.
    let patterns = Patterns::of(["ghp_16C7e42F292c69", "needle-in-the-haystack"].into_iter());
    let at_end = |text: &str| patterns.mask(text.as_bytes()).into_owned();
    assert_eq!(at_end("token: ghp_16C7e42F"), b"token: ***");
    assert_eq!(at_end("a needle-in-the-h"), b"a needle-in-the-h");
}

#[test]
fn files_are_masked_in_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = of(&["KEY"], &[("KEY", "needle-in-hay")]).unwrap();
    let log = folder.path().join("web.log");
    // One line of several buffers, and a secret at the border of the first.
    let text = format!(
        "{}needle-in-hay{}",
        "x".repeat((64 << 10) - 5),
        "y".repeat(100_000)
    );
    std::fs::write(&log, &text).unwrap();
    secrets.file(&log).unwrap();
    assert_eq!(
        std::fs::read_to_string(&log).unwrap(),
        text.replace("needle-in-hay", "***")
    );
    let inspect = folder.path().join("web.json");
    std::fs::write(&inspect, r#"[{"Env":["A_TOKEN=ab","B=needle-in-hay"]}]"#).unwrap();
    secrets.file(&inspect).unwrap();
    let masked: Value = serde_json::from_slice(&std::fs::read(&inspect).unwrap()).unwrap();
    assert_eq!(masked, json!([{ "Env": ["A_TOKEN=***", "B=***"] }]));
}

#[test]
fn files_of_variables_have_credentials_too() {
    let folder = tempfile::tempdir().unwrap();
    let env = folder.path().join(".env");
    std::fs::write(
        &env,
        "REDIS_PASSWORD=from-dotenv\nUSER=somebody\nURL=amqp://me:${REDIS_PASSWORD}@mq/\n",
    )
    .unwrap();
    let secrets = of(&[], &[]).unwrap();
    secrets.learn_files([env.as_path(), Path::new("/nowhere/.env")]);
    assert_eq!(
        secrets.text("--requirepass from-dotenv somebody ${REDIS_PASSWORD}"),
        "--requirepass *** somebody ${REDIS_PASSWORD}"
    );
}

#[test]
fn a_word_for_a_credential_is_none_unless_it_is_named() {
    let given = [
        ("POSTGRES_PASSWORD", "password"),
        ("A_SECRET", "Passphrase"),
        ("PGPASSWORD", "postgres"),
    ];
    let text =
        "FATAL: password authentication failed; tests/password_reset.rs; passphrase; postgres";
    assert_eq!(of(&[], &given).unwrap().text(text), text);
    let mut model =
        json!({ "services": { "db": { "environment": { "POSTGRES_PASSWORD": "password" } } } });
    of(&[], &given).unwrap().json(&mut model);
    assert!(!model.to_string().contains("\"password\""), "{model}");
    let named = of(&["POSTGRES_PASSWORD"], &given).unwrap();
    assert!(named.text(text).starts_with("FATAL: *** auth"));
}

#[test]
fn evidence_comes_into_the_bundle_without_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = of(&["KEY"], &[("KEY", "needle-in-hay")]).unwrap();
    let (fetched, bundle) = (folder.path().join("fetched"), folder.path().join("bundle"));
    std::fs::create_dir_all(fetched.join("logs")).unwrap();
    std::fs::create_dir_all(&bundle).unwrap();
    let write = |path: PathBuf| std::fs::write(path, "a needle-in-hay\n").unwrap();
    write(fetched.join("up-output.log"));
    write(fetched.join("logs/web.log"));
    write(fetched.join("logs/.db.log.x7Yz2A"));
    write(bundle.join("events.jsonl"));
    write(bundle.join("test-output.log"));
    assert!(secrets.evidence(&fetched, &bundle).is_empty());
    assert!(secrets.outputs(&bundle).is_empty());
    let read = |name: &str| std::fs::read_to_string(bundle.join(name)).unwrap();
    for name in ["up-output.log", "logs/web.log", "events.jsonl"] {
        assert_eq!(read(name), "a ***\n", "{name}");
    }
    // It comes masked, and one that rsync had not finished does not come.
    assert_eq!(read("test-output.log"), "a needle-in-hay\n");
    assert_eq!(std::fs::read_dir(bundle.join("logs")).unwrap().count(), 1);
}

/// Values that overlap, repeat themselves and each other, and text made of them.
fn values() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[ab]{4,9}|[a-c\n\"']{4,12}|[ -~]{4,20}", 1..4)
}

fn texts(values: &[String]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let forms: Vec<Vec<u8>> = values
        .iter()
        .flat_map(|value| encodings::forms(value))
        .collect();
    let form = proptest::sample::select(if forms.is_empty() {
        vec![b"x".to_vec()]
    } else {
        forms
    });
    let piece = prop_oneof![
        form.clone(),
        (form, 1..8_usize).prop_map(|(form, cut)| form[..form.len().saturating_sub(cut)].to_vec()),
        proptest::collection::vec(prop_oneof![Just(b'a'), Just(b'b'), any::<u8>()], 0..6),
    ];
    proptest::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

fn masked_in_pieces(patterns: &Patterns, text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let mut masking = Masking::default();
    let mut shown = Vec::new();
    let mut rest = text;
    for cut in cuts.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at((*cut).clamp(1, rest.len()));
        shown.extend(masking.take(patterns, piece));
        assert!(masking.pending.len() <= 8 << 10);
        rest = after;
    }
    shown.extend(masking.finish(patterns));
    shown
}

proptest! {
    #[test]
    fn how_a_stream_is_cut_changes_nothing(
        (values, text) in values().prop_flat_map(|values| {
            let text = texts(&values);
            (Just(values), text)
        }),
        cuts in proptest::collection::vec(1..9_usize, 1..6),
    ) {
        let patterns = Patterns::of(values.iter().map(String::as_str));
        let whole = patterns.mask(&text).into_owned();
        prop_assert_eq!(&masked_in_pieces(&patterns, &text, &cuts), &whole);
        // Nothing is left of any form: masks part what could come together anew.
        for part in split_at_masks(&whole) {
            let found = patterns::Read::of(&patterns, part, 0).found(None, false);
            prop_assert!(found.is_empty(), "{:?} in {:?}", part, whole);
        }
    }
}

fn split_at_masks(text: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(3).position(|bytes| bytes == b"***") {
        parts.push(&rest[..at]);
        rest = &rest[at + 3..];
    }
    parts.push(rest);
    parts
}
