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

-- BMCs: each once, by what tells one from another. At the ports of the standards that is its address.
CREATE TABLE bmc (
    identity TEXT PRIMARY KEY,
    machine  TEXT NOT NULL UNIQUE REFERENCES machine (id),
    protocol TEXT NOT NULL,
    address  TEXT NOT NULL,
    username TEXT NOT NULL
);
INSERT INTO bmc (identity, machine, protocol, address, username)
    SELECT bmc_identity, id, bmc_protocol, bmc_address, bmc_username
    FROM machine WHERE bmc_identity IS NOT NULL;
DROP INDEX machine_of_bmc;
ALTER TABLE machine DROP COLUMN bmc_protocol;
ALTER TABLE machine DROP COLUMN bmc_address;
ALTER TABLE machine DROP COLUMN bmc_username;
ALTER TABLE machine DROP COLUMN bmc_identity;

-- Facts of machines, each with who says so. Until now all of them were heard at boots.
CREATE TABLE fact (
    machine TEXT NOT NULL REFERENCES machine (id),
    kind    TEXT NOT NULL,
    value   TEXT NOT NULL,
    source  TEXT NOT NULL,
    seen    BIGINT NOT NULL,
    PRIMARY KEY (machine, kind)
);
INSERT INTO fact (machine, kind, value, source, seen)
    SELECT id, 'arch', arch, 'asked', since FROM machine WHERE arch IS NOT NULL
    UNION ALL
    SELECT id, 'firmware', firmware, 'asked', since FROM machine WHERE firmware IS NOT NULL
    UNION ALL
    SELECT id, 'manufacturer', manufacturer, 'asked', since FROM machine
    WHERE manufacturer IS NOT NULL
    UNION ALL
    SELECT id, 'product', product, 'asked', since FROM machine WHERE product IS NOT NULL;
ALTER TABLE machine DROP COLUMN arch;
ALTER TABLE machine DROP COLUMN firmware;
ALTER TABLE machine DROP COLUMN manufacturer;
ALTER TABLE machine DROP COLUMN product;

-- A machine as it is read: its row, its BMC and its facts.
CREATE VIEW machine_record AS
    SELECT machine.id, machine.name, machine.known_since, machine.state, machine.since,
        machine.deadline, machine.failure_step, machine.failure_why, machine.failure_advice,
        machine.install_disk, machine.cancelled_at, machine.version, machine.forgotten,
        bmc.identity AS bmc_identity, bmc.protocol AS bmc_protocol, bmc.address AS bmc_address,
        bmc.username AS bmc_username,
        (SELECT value FROM fact WHERE fact.machine = machine.id AND fact.kind = 'arch') AS arch,
        (SELECT value FROM fact WHERE fact.machine = machine.id AND fact.kind = 'firmware')
            AS firmware,
        (SELECT value FROM fact WHERE fact.machine = machine.id AND fact.kind = 'manufacturer')
            AS manufacturer,
        (SELECT value FROM fact WHERE fact.machine = machine.id AND fact.kind = 'product')
            AS product
    FROM machine LEFT JOIN bmc ON bmc.machine = machine.id;

-- Members of clusters, and who was one. A machine is one of one cluster at a time.
CREATE TABLE member (
    machine TEXT NOT NULL REFERENCES machine (id),
    cluster TEXT NOT NULL REFERENCES cluster (id),
    role    TEXT NOT NULL,
    since   BIGINT NOT NULL,
    left_at BIGINT,
    PRIMARY KEY (machine, cluster, since)
);
CREATE UNIQUE INDEX member_standing ON member (machine) WHERE left_at IS NULL;
CREATE INDEX member_of_cluster ON member (cluster);

-- Until now a machine was a member of the cluster of its latest permission, in these states.
INSERT INTO member (machine, cluster, role, since)
    SELECT intent.machine, intent.cluster, intent.role, intent.opened FROM intent
    JOIN machine ON machine.id = intent.machine
    WHERE machine.forgotten IS NULL
        AND machine.state IN ('provisioning/available', 'provisioning/active', 'active', 'cleaning',
            'failed/provisioning/available', 'failed/provisioning/active', 'failed/cleaning')
        AND NOT EXISTS (SELECT 1 FROM intent later WHERE later.machine = intent.machine
            AND (later.opened > intent.opened
                OR (later.opened = intent.opened AND later.id > intent.id)));

-- Permissions have a kind: one that was given with the wish that the older install is wiped first
-- reimages.
ALTER TABLE intent ADD COLUMN kind TEXT NOT NULL DEFAULT 'install';
UPDATE intent SET kind = 'reimage' WHERE wipe;
ALTER TABLE intent DROP COLUMN wipe;

-- How a config reached its machine: until now each was fetched.
ALTER TABLE attempt ADD COLUMN release_delivery TEXT;
ALTER TABLE attempt ADD COLUMN release_fingerprint BYTEA;
UPDATE attempt SET release_delivery = 'fetched' WHERE release_at IS NOT NULL;

-- The oldest boots and requests are looked for when they are dropped.
CREATE INDEX boot_of_age ON boot (opened);
CREATE INDEX request_of_age ON request (at);

-- What was last seen and said of machines. Each write gets the next number of its counter.
CREATE TABLE machine_status (
    machine TEXT PRIMARY KEY REFERENCES machine (id),
    version BIGINT NOT NULL UNIQUE,
    waiting TEXT NOT NULL,
    power   TEXT,
    at      BIGINT NOT NULL
);
INSERT INTO counter (name, value) VALUES ('status', 0);

-- Whose machine it is, where several daemons share a database: each write checks the epoch, which
-- counts up when another one takes the machine over. A daemon that is alone has the first.
ALTER TABLE machine ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
