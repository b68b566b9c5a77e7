-- When a person cancelled what was under way with a machine; and whether a permission was given with
-- the wish that the older install on its disk is wiped first.
ALTER TABLE machine ADD COLUMN cancelled_at BIGINT;
ALTER TABLE intent ADD COLUMN wipe BOOLEAN NOT NULL DEFAULT FALSE;
