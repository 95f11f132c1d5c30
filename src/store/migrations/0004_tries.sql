-- Proofs of who is calling that were tried and have not held. Digests under the action key, so that no number and no value is
-- told; what is older than a day is deleted.
CREATE TABLE tries (
    id     INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, -- in the order in which they were counted, by whichever process
    call   TEXT    NOT NULL,
    caller TEXT    NOT NULL,
    record TEXT,                               -- none where the caller names none, or once it does not count against it
    clears TEXT    NOT NULL,                   -- whose failures a success takes from the record
    at_us  BIGINT  NOT NULL
);
CREATE INDEX tries_call ON tries (call);
CREATE INDEX tries_caller ON tries (caller);
CREATE INDEX tries_record ON tries (record);
CREATE INDEX tries_at ON tries (at_us);
