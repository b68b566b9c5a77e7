-- The documents that left under an attempt: which bytes, when, and how often. Of what left before this
-- step only the release is on record, in the attempt.
CREATE TABLE artefact (
    attempt  TEXT NOT NULL REFERENCES attempt (id) ON DELETE CASCADE,
    name     TEXT NOT NULL,
    digest   BYTEA NOT NULL,
    first_at BIGINT NOT NULL,
    last_at  BIGINT NOT NULL,
    fetches  BIGINT NOT NULL,
    PRIMARY KEY (attempt, name)
);
