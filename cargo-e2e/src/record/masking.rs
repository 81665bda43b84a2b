//! A record without secrets.

use crate::record::outcome::{
    AttemptRecord, Git, HealthRecord, Record, ServiceRecord, StageRecord, StepRecord, TestRecord,
};
use crate::secrets::Secrets;

impl Secrets {
    /// Masks every text of a record that comes from outside this program. Each field is named, so
    /// that a new one needs a decision.
    pub fn record(&self, record: &mut Record) {
        let Record {
            schema: _,
            run_id: _,
            repo: _,
            spec: _,
            git,
            host: _,
            placement: _,
            verdict: _,
            exit_code: _,
            started_at: _,
            duration_ms: _,
            stages,
            health_checks,
            services,
            usage: _,
            tests,
            leftovers,
            tool_version: _,
        } = record;
        let Git {
            sha: _,
            branch,
            dirty: _,
        } = git;
        self.each(branch);
        for stage in stages {
            let StageRecord {
                name: _,
                status: _,
                started_at: _,
                duration_ms: _,
                detail,
            } = stage;
            self.one(detail);
        }
        for check in health_checks {
            let HealthRecord {
                name: _,
                status: _,
                waited_ms: _,
                attempts: _,
                last_error,
            } = check;
            self.each(last_error);
        }
        for service in services {
            let ServiceRecord {
                name: _,
                image,
                state: _,
                exit_code: _,
                oom_killed: _,
                health: _,
                restarts: _,
            } = service;
            self.one(image);
        }
        for test in tests {
            let TestRecord {
                name,
                status: _,
                duration_ms: _,
                message,
                steps,
                classname,
                file,
                attempts,
                flaky: _,
                started_at: _,
                uncertain_ms: _,
                place,
            } = test;
            self.one(name);
            for text in [message, classname, file, place] {
                self.each(text);
            }
            for AttemptRecord {
                status: _,
                duration_ms: _,
                message,
            } in attempts
            {
                self.each(message);
            }
            for step in steps {
                let StepRecord {
                    name,
                    status: _,
                    duration_ms: _,
                    depth: _,
                } = step;
                self.one(name);
            }
        }
        for left in leftovers {
            self.one(left);
        }
    }

    fn one(&self, text: &mut String) {
        if let std::borrow::Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }

    fn each(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.one(text);
        }
    }
}
