-- Leases that were granted and are not sorted into their table yet, oldest first. SQLite only: with
-- several writers, the rules of the table itself have to decide.
CREATE TABLE lease_journal (
    id                INTEGER PRIMARY KEY,
    subnet            TEXT NOT NULL,
    client            TEXT NOT NULL,
    address           TEXT NOT NULL,
    client_identifier BYTEA,
    granted           BIGINT NOT NULL,
    expires           BIGINT NOT NULL
);

-- One index by address where there were two.
CREATE TABLE lease_sorted (
    subnet            TEXT NOT NULL,
    client            TEXT NOT NULL,
    address           TEXT NOT NULL,
    client_identifier BYTEA,
    granted           BIGINT NOT NULL,
    expires           BIGINT NOT NULL,
    PRIMARY KEY (subnet, client),
    UNIQUE (address, subnet)
);
INSERT INTO lease_sorted (subnet, client, address, client_identifier, granted, expires)
    SELECT subnet, client, address, client_identifier, granted, expires FROM lease;
DROP TABLE lease;
ALTER TABLE lease_sorted RENAME TO lease;
