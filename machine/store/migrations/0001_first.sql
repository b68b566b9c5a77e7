-- One text for SQLite and PostgreSQL. Identifiers, addresses and enumerations are TEXT, moments are
-- BIGINT (milliseconds since 1970, UTC), bytes are BYTEA (in SQLite a type like any other).

CREATE TABLE machine (
    id             TEXT PRIMARY KEY,
    name           TEXT NOT NULL UNIQUE,
    known_since    BIGINT NOT NULL,
    state          TEXT NOT NULL,
    since          BIGINT NOT NULL,
    deadline       BIGINT,
    failure_step   TEXT,
    failure_why    TEXT,
    failure_advice TEXT,
    arch           TEXT,
    firmware       TEXT,
    manufacturer   TEXT,
    product        TEXT,
    install_disk   TEXT,
    bmc_protocol   TEXT,
    bmc_address    TEXT,
    bmc_username   TEXT,
    version        BIGINT NOT NULL
);

CREATE TABLE evidence (
    machine    TEXT NOT NULL REFERENCES machine (id),
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (machine, kind, value)
);
CREATE INDEX evidence_of_value ON evidence (kind, value);

CREATE TABLE reservation (
    address TEXT PRIMARY KEY,
    mac     TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES machine (id)
);
CREATE INDEX reservation_of_machine ON reservation (machine);
CREATE INDEX reservation_of_mac ON reservation (mac);

CREATE TABLE cluster (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE,
    spec               TEXT NOT NULL,
    bootstrap_machine  TEXT REFERENCES machine (id),
    bootstrap_recorded BIGINT,
    bootstrap_outcome  TEXT,
    version            BIGINT NOT NULL
);

-- At most one standing intent a machine, and one open attempt: an index, not a hope.
CREATE TABLE intent (
    id        TEXT PRIMARY KEY,
    machine   TEXT NOT NULL REFERENCES machine (id),
    cluster   TEXT NOT NULL REFERENCES cluster (id),
    role      TEXT NOT NULL,
    disk      TEXT NOT NULL,
    actor     TEXT NOT NULL,
    reason    TEXT NOT NULL,
    opened    BIGINT NOT NULL,
    expires   BIGINT NOT NULL,
    claims    BIGINT NOT NULL,
    closed_at BIGINT,
    closed_as TEXT
);
CREATE INDEX intent_of_machine ON intent (machine, opened);
CREATE UNIQUE INDEX intent_standing ON intent (machine) WHERE closed_at IS NULL;

CREATE TABLE attempt (
    id              TEXT PRIMARY KEY,
    machine         TEXT NOT NULL REFERENCES machine (id),
    intent          TEXT NOT NULL REFERENCES intent (id),
    number          BIGINT NOT NULL,
    cluster         TEXT NOT NULL REFERENCES cluster (id),
    role            TEXT NOT NULL,
    disk            TEXT NOT NULL,
    opened          BIGINT NOT NULL,
    deadline        BIGINT NOT NULL,
    boot            TEXT,
    power_actions   BIGINT NOT NULL,
    power_at        BIGINT,
    release_at      BIGINT,
    release_peer    TEXT,
    release_digest  BYTEA,
    release_fetches BIGINT,
    closed_at       BIGINT,
    closed_as       TEXT,
    UNIQUE (intent, number)
);
CREATE UNIQUE INDEX attempt_open ON attempt (machine) WHERE closed_at IS NULL;

CREATE TABLE boot (
    id           TEXT PRIMARY KEY,
    machine      TEXT REFERENCES machine (id),
    mac          TEXT,
    origin       TEXT NOT NULL,
    arch         TEXT,
    firmware     TEXT,
    address      TEXT,
    attempt      TEXT REFERENCES attempt (id),
    opened       BIGINT NOT NULL,
    step         TEXT NOT NULL,
    step_at      BIGINT NOT NULL,
    sent_to_disk BOOLEAN NOT NULL,
    ready        BOOLEAN
);
CREATE INDEX boot_of_machine ON boot (machine, opened);
CREATE INDEX boot_of_mac ON boot (mac, opened);
CREATE INDEX boot_of_address ON boot (address, opened);

CREATE TABLE lease (
    subnet            TEXT NOT NULL,
    client            TEXT NOT NULL,
    address           TEXT NOT NULL,
    client_identifier BYTEA,
    granted           BIGINT NOT NULL,
    expires           BIGINT NOT NULL,
    PRIMARY KEY (subnet, client),
    UNIQUE (subnet, address)
);
CREATE INDEX lease_of_address ON lease (address);

-- What is sealed, and where it belongs: the place is part of what its cipher authenticates.
CREATE TABLE secret (
    place_table TEXT NOT NULL,
    place_row   TEXT NOT NULL,
    place_field TEXT NOT NULL,
    version     BIGINT NOT NULL,
    key_id      TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    nonce       BYTEA NOT NULL,
    ciphertext  BYTEA NOT NULL,
    sealed_at   BIGINT NOT NULL,
    PRIMARY KEY (place_table, place_row, place_field)
);

-- Events outlive what they speak of: no foreign keys.
CREATE TABLE event (
    seq     BIGINT PRIMARY KEY,
    at      BIGINT NOT NULL,
    boot    TEXT,
    machine TEXT,
    cluster TEXT,
    actor   TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL
);
CREATE INDEX event_of_machine ON event (machine, seq);
CREATE INDEX event_of_boot ON event (boot, seq);
CREATE INDEX event_of_cluster ON event (cluster, seq);

CREATE TABLE request (
    idempotency_key TEXT PRIMARY KEY,
    digest          BYTEA NOT NULL,
    result          TEXT NOT NULL,
    at              BIGINT NOT NULL
);

-- A counter's row is locked from its increment to the commit, in both databases: numbers of events
-- come in the order of commits, without gaps, and machines are created one after the other.
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('event', 0), ('machine', 0);
