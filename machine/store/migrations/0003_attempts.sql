-- What an attempt's config was made of, the wipe of an older install, and what the node itself said
-- that ends it.
ALTER TABLE attempt ADD COLUMN basis BYTEA;
ALTER TABLE attempt ADD COLUMN wipe_at BIGINT;
ALTER TABLE attempt ADD COLUMN wipe_boot TEXT;
ALTER TABLE attempt ADD COLUMN verdict_at BIGINT;
ALTER TABLE attempt ADD COLUMN verdict_as TEXT;
ALTER TABLE attempt ADD COLUMN verdict_why TEXT;
CREATE INDEX attempt_of_machine ON attempt (machine, release_at);
