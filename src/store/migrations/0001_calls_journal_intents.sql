-- The record of calls. Types that SQLite and PostgreSQL share: ids TEXT, times BIGINT microseconds, no booleans.

-- One plan's text under its content hash; many calls name it.
CREATE TABLE plans (
    hash TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
);

-- One row a call: the head of its journal, and where the call stands.
CREATE TABLE calls (
    id             TEXT    NOT NULL PRIMARY KEY,
    carrier_call   TEXT    NOT NULL,
    agent          TEXT    NOT NULL,
    plan_hash      TEXT    NOT NULL REFERENCES plans (hash),
    schema_version BIGINT  NOT NULL,
    build          TEXT    NOT NULL,
    caller         TEXT    NOT NULL,
    called         TEXT    NOT NULL,
    answered_us    BIGINT  NOT NULL,
    state          TEXT    NOT NULL,           -- live | transferring | ended | lost
    ended_us       BIGINT,                     -- when ended
    end_reason     TEXT,                       -- when ended
    attempts       BIGINT  NOT NULL            -- processes that have carried the call, the first included
);
CREATE INDEX calls_carrier_call ON calls (carrier_call);
CREATE INDEX calls_state ON calls (state, answered_us);

-- Every event and order of a call, in order.
CREATE TABLE journal (
    call  TEXT   NOT NULL REFERENCES calls (id),
    seq   BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    line  TEXT   NOT NULL,
    PRIMARY KEY (call, seq)
);

-- What was about to be sent, and what came of it. The key is the promise: no step starts twice.
CREATE TABLE intents (
    call            TEXT   NOT NULL REFERENCES calls (id),
    proposal        BIGINT NOT NULL,
    step            BIGINT NOT NULL,
    tool            TEXT   NOT NULL,
    digest          TEXT   NOT NULL,
    idempotency_key TEXT,
    caller          TEXT   NOT NULL,
    begun_us        BIGINT NOT NULL,
    state           TEXT   NOT NULL,           -- begun | done | failed | unknown
    outcome_us      BIGINT,                    -- when no longer begun
    detail          TEXT,                      -- when no longer begun
    PRIMARY KEY (call, proposal, step)
);
CREATE INDEX intents_caller ON intents (caller, state);
