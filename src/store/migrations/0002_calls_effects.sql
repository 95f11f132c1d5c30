-- Where the requests of a call's tools went: real | mocked. What is mocked was never done.
ALTER TABLE calls ADD COLUMN effects TEXT NOT NULL DEFAULT 'real';
