-- The key under which this database's actions are digested: who has a digest alone cannot find a private value by trying.
CREATE TABLE action_key (
    id    BIGINT NOT NULL PRIMARY KEY,         -- 1
    bytes TEXT   NOT NULL                      -- 64 hex digits
);
