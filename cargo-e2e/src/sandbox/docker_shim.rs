//! The `docker` that tests on the host find first, see host/sh/docker.sh: with it, scripts that call
//! Compose themselves work on the sandbox's stack, and leave it up. `up` writes it; jobs of the repo
//! have it in their PATH.

use crate::shell::quote;

use super::Sandbox;
use super::variables::assignments;

const SHIM: &str = include_str!("../host/sh/docker.sh");
/// Stands in no line of it.
const END: &str = "# the end of the shim";

/// Returns the commands that write it. `files` are the compose files that e2e.yml names, whole.
pub fn install(sandbox: &Sandbox, files: &[String]) -> String {
    let folder = quote(&folder(sandbox));
    format!(
        "mkdir -p {folder} || exit\n\
         {{ printf \"#!/bin/sh\\ndocker='%s'\\n\" \"$(command -v docker)\" && cat; }} >{folder}/docker <<'{END}' || exit\n\
         {}{END}\n\
         chmod 0700 {folder}/docker && ln -sf docker {folder}/docker-compose || exit\n",
        text(sandbox, files)
    )
}

fn text(sandbox: &Sandbox, files: &[String]) -> String {
    let project = &sandbox.identity.project;
    let (dir, files) = (sandbox.dir(), files.join("\n"));
    assignments(&[("dir", &dir), ("project", project), ("files", &files)]) + SHIM
}

/// Returns its folder, for a PATH.
pub fn folder(sandbox: &Sandbox) -> String {
    format!("{}/bin", sandbox.dir())
}

/// Returns the line of a shell that puts it first.
pub fn first_in_path(sandbox: &Sandbox) -> String {
    format!("export PATH={}:\"$PATH\"\n", quote(&folder(sandbox)))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use e2e_harness::protocol;

    use super::super::{Identity, Visitor};
    use super::*;

    /// A sandbox's folder with a shim, before a `docker` that prints what it is called with.
    struct Installed {
        sandbox: Sandbox,
        root: tempfile::TempDir,
    }

    impl Installed {
        fn new() -> Self {
            let root = tempfile::tempdir().unwrap();
            let sandbox = Sandbox {
                identity: Identity::new("shop"),
                root: root.path().to_str().unwrap().to_owned(),
                expires: 0,
                lease: crate::plan::LEASE,
                visitor: Visitor {
                    run: "01run".into(),
                    who: "ann@laptop".into(),
                },
            };
            let installed = Self { sandbox, root };
            let repo = installed.sandbox.repo_dir();
            std::fs::create_dir_all(format!("{repo}/e2e")).unwrap();
            for file in ["dev.yml", "other.yml", "it's mine.yml"] {
                std::fs::write(format!("{repo}/{file}"), "").unwrap();
            }
            std::fs::write(format!("{}/compose.json", installed.sandbox.dir()), "{}").unwrap();
            std::os::unix::fs::symlink("../dev.yml", format!("{repo}/e2e/compose.yml")).unwrap();
            std::fs::create_dir(installed.real()).unwrap();
            let fake = "#!/bin/sh\necho \"${COMPOSE_PROJECT_NAME-none} ${COMPOSE_FILE-none}\"\n[ $# = 0 ] || printf '<%s>' \"$@\"\nexit 7\n";
            std::fs::write(installed.real() + "/docker", fake).unwrap();
            installed.sh(&format!("chmod +x {}/docker", installed.real()));
            let files = ["e2e/compose.yml", "it's mine.yml"];
            let files = files.map(|file| format!("{repo}/{file}"));
            let (code, said, _) = installed.sh(&install(&installed.sandbox, &files));
            assert_eq!((code, said.as_str()), (Some(0), ""));
            installed
        }

        fn real(&self) -> String {
            self.root.path().join("real").to_str().unwrap().to_owned()
        }

        fn sh(&self, commands: &str) -> (Option<i32>, String, String) {
            let path = std::env::var("PATH").unwrap();
            let output = Command::new("sh")
                .args(["-c", commands])
                .env("PATH", format!("{}:{path}", self.real()))
                .env_remove(protocol::COMPOSE_FILE)
                .env_remove(protocol::COMPOSE_PROJECT_NAME)
                .current_dir(Path::new(&self.sandbox.repo_dir()))
                .output()
                .unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            (
                output.status.code(),
                text(&output.stdout),
                text(&output.stderr),
            )
        }

        /// What the real one gets, when a script says this.
        fn script(&self, commands: &str) -> (Option<i32>, String, String) {
            self.sh(&(first_in_path(&self.sandbox) + commands))
        }

        fn own(&self) -> String {
            let (project, dir) = (&self.sandbox.identity.project, self.sandbox.dir());
            format!("{project} {dir}/compose.json\n")
        }
    }

    #[test]
    fn compose_works_on_the_sandbox_however_the_script_names_its_stack() {
        let installed = Installed::new();
        for (typed, got) in [
            ("docker compose ps -q web", "<ps><-q><web>"),
            ("docker-compose logs", "<logs>"),
            ("docker compose -f dev.yml -p mine stop db", "<stop><db>"),
            ("cd e2e; docker compose -fcompose.yml -p=mine ps", "<ps>"),
            (
                "docker compose --file=e2e/compose.yml --project-name x up -d",
                "<up><-d>",
            ),
            (
                "docker compose --project-directory . -f \"it's mine.yml\" ps",
                "<ps>",
            ),
            (
                "COMPOSE_FILE=dev.yml:e2e/compose.yml COMPOSE_PROJECT_NAME=x docker compose ps",
                "<ps>",
            ),
            ("docker compose -f ../compose.json kill db", "<kill><db>"),
            (
                "docker compose --ansi never --profile=x --profile 'y z' exec -T web sh -c 'a  b' -f other.yml -p x",
                "<--ansi><never><--profile=x><--profile><y z><exec><-T><web><sh><-c><a  b><-f><other.yml><-p><x>",
            ),
            ("docker compose rm -fsv db", "<rm><-fsv><db>"),
            ("docker compose", ""),
        ] {
            let expected = format!("{}<compose>{got}", installed.own());
            let ran = installed.script(typed);
            assert_eq!(ran, (Some(7), expected, String::new()), "{typed}");
        }
    }

    #[test]
    fn the_stack_stays_up_until_it_was_looked_at() {
        let installed = Installed::new();
        for typed in [
            "docker compose down",
            "docker-compose -f dev.yml -p mine down -v --rmi local -t 1",
            "docker compose rm -fsv",
        ] {
            let (code, said, note) = installed.script(typed);
            assert_eq!((code, said.as_str()), (Some(0), ""), "{typed}");
            assert!(note.contains("does nothing here"), "{typed}: {note}");
        }
    }

    #[test]
    fn other_stacks_are_left_alone_and_say_so() {
        let installed = Installed::new();
        let project = &installed.sandbox.identity.project;
        for (typed, environment, got) in [
            (
                "docker compose -f dev.yml -f other.yml down",
                "none none",
                "<-f><dev.yml><-f><other.yml><down>",
            ),
            (
                "docker compose -f - -p mine up",
                "none none",
                "<-f><-><-p><mine><up>",
            ),
            (
                "docker compose -f no/such.yml ps",
                "none none",
                "<-f><no/such.yml><ps>",
            ),
            (
                "COMPOSE_FILE=dev.yml:other.yml docker compose ps",
                "none dev.yml:other.yml",
                "<ps>",
            ),
            (
                &format!("COMPOSE_PROJECT_NAME={project} docker-compose -f other.yml up"),
                &format!("{project}-other none"),
                "<-f><other.yml><up>",
            ),
        ] {
            let (code, said, note) = installed.script(typed);
            assert_eq!(
                (code, said),
                (Some(7), format!("{environment}\n<compose>{got}")),
                "{typed}"
            );
            assert!(note.contains("is not in e2e.yml"), "{typed}: {note}");
        }
        let other = installed.script("docker run --rm 'a  b' compose down");
        let got = "none none\n<run><--rm><a  b><compose><down>".to_owned();
        assert_eq!(other, (Some(7), got, String::new()));
    }
}
