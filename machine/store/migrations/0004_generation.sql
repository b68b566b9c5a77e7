-- One row: which database this is, and how far it has come. A mark in the state directory follows
-- it, so that an older copy is told. The row is written at the first start, not here: its name is
-- drawn.
CREATE TABLE generation (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    name     TEXT NOT NULL,
    value    BIGINT NOT NULL
);
