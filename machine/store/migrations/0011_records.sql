-- Operations: what is done once, outside, and is on record before each step. A person who knows that
-- one was not done withdraws it: it is kept, and another of its kind may begin.
CREATE TABLE operation (
    id           TEXT PRIMARY KEY,
    kind         TEXT NOT NULL,
    step         TEXT NOT NULL,
    cluster      TEXT REFERENCES cluster (id),
    machine      TEXT NOT NULL REFERENCES machine (id),
    recorded     BIGINT NOT NULL,
    outcome      TEXT NOT NULL,
    withdrawn_at BIGINT
);
CREATE UNIQUE INDEX operation_standing ON operation (cluster, kind) WHERE withdrawn_at IS NULL;

-- A cluster had at most one Bootstrap on record: its id serves as that of the operation.
INSERT INTO operation (id, kind, step, cluster, machine, recorded, outcome)
    SELECT id, 'bootstrap', 'call', id, bootstrap_machine, bootstrap_recorded, bootstrap_outcome
    FROM cluster WHERE bootstrap_machine IS NOT NULL;
ALTER TABLE cluster DROP COLUMN bootstrap_machine;
ALTER TABLE cluster DROP COLUMN bootstrap_recorded;
ALTER TABLE cluster DROP COLUMN bootstrap_outcome;
