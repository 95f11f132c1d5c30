-- Who had an action done outside any call, and why; NULL where a caller was asked, or nobody needed to be.
ALTER TABLE intents ADD COLUMN admin TEXT;
ALTER TABLE intents ADD COLUMN reason TEXT;
