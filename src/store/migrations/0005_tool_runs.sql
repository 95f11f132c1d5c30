-- Runs of tools that are limited for each caller, of the last day. The caller is a keyed digest; all whose number is
-- withheld are one.
CREATE TABLE tool_runs (
    caller  TEXT   NOT NULL,
    tool    TEXT   NOT NULL,
    effects TEXT   NOT NULL,                   -- real | mocked
    at_us   BIGINT NOT NULL
);
CREATE INDEX tool_runs_of ON tool_runs (caller, tool, effects, at_us);
