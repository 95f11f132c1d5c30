-- The process that carries a call, by the name of its lock (JOURNAL-lock-NAME), as of that attempt: an older build that takes
-- a call up counts the attempts alone, and whose it is then is not on record.
ALTER TABLE calls ADD COLUMN process TEXT;
ALTER TABLE calls ADD COLUMN process_attempt BIGINT;
