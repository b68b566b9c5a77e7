-- Where each piece of evidence comes from, who spoke for a machine, and when it was switched on.

-- What was there before was heard or registered, and nobody knows which: cards stay the machine's,
-- the rest counts again once it is registered anew.
ALTER TABLE evidence ADD COLUMN source TEXT NOT NULL DEFAULT 'asked';

-- The boot that a person accepted.
ALTER TABLE attempt ADD COLUMN accepted_boot TEXT;

-- Who asked for a script, or for a config, as a machine. What was not said is empty.
CREATE TABLE claimant (
    machine    TEXT NOT NULL REFERENCES machine (id),
    boot       TEXT NOT NULL,
    card       TEXT NOT NULL,
    address    TEXT NOT NULL,
    uuid       TEXT NOT NULL,
    serial     TEXT NOT NULL,
    is_own     BOOLEAN NOT NULL,
    why        TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (machine, boot, card, address, uuid, serial)
);

-- When Drover, or a person through it, last switched a machine on. None once it was switched off.
CREATE TABLE power_on (
    machine TEXT PRIMARY KEY REFERENCES machine (id),
    at      BIGINT NOT NULL
);
