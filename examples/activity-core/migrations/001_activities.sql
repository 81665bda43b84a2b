CREATE TABLE IF NOT EXISTS activity_definitions (
    name text PRIMARY KEY,
    -- what the activity answers
    output text NOT NULL,
    -- how long it works
    takes_ms bigint NOT NULL DEFAULT 0 CHECK (takes_ms >= 0),
    -- how many of its first attempts fail
    failures integer NOT NULL DEFAULT 0 CHECK (failures >= 0)
);

CREATE TABLE IF NOT EXISTS run_log (
    workflow_id text NOT NULL,
    run_id text NOT NULL,
    activity text NOT NULL,
    status text NOT NULL CHECK (status IN ('completed', 'failed', 'cancelled')),
    attempts integer NOT NULL CHECK (attempts > 0),
    output text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now(),
    -- a log that is written twice is one log
    PRIMARY KEY (workflow_id, run_id, activity)
);
