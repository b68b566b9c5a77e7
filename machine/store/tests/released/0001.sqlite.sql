-- A database of schema 0001 on SQLite, as the released program of that schema wrote it.
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO "_sqlx_migrations" VALUES(1,'first','2026-11-27 05:11:41',1,X'DCF71D24A020A7D2649F14E1771334CB2A728EC31DA34A258FE6B555BCF68759B005867D49EB7E425342B6EDA513C7F9',7278993);
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
INSERT INTO "attempt" VALUES('9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a','04040404040404040404040404040404','68686868686868686868686868686868',1,'03030303030303030303030303030303','worker','serial:D4',10000,10000000,'36363636363636363636363636363636',0,NULL,1200000,'10.77.0.4',X'0404040404040404040404040404040404040404040404040404040404040404',2,NULL,NULL);
INSERT INTO "attempt" VALUES('9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b','05050505050505050505050505050505','69696969696969696969696969696969',1,'03030303030303030303030303030303','worker','serial:D5',10000,10000000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempt" VALUES('9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c','06060606060606060606060606060606','6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a',1,'03030303030303030303030303030303','controlplane','serial:D6',10000,10000000,'38383838383838383838383838383838',0,NULL,1200000,'10.77.0.6',X'0606060606060606060606060606060606060606060606060606060606060606',1,1400000,'installed');
INSERT INTO "attempt" VALUES('9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f','09090909090909090909090909090909','6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d',1,'03030303030303030303030303030303','worker','serial:D9',10000,10000000,'3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b',0,NULL,1200000,'10.77.0.9',X'0909090909090909090909090909090909090909090909090909090909090909',1,1400000,'timed out');
INSERT INTO "attempt" VALUES('a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e',1,'03030303030303030303030303030303','worker','serial:D10',10000,10000000,NULL,0,NULL,NULL,NULL,NULL,NULL,1400000,'timed out');
INSERT INTO "attempt" VALUES('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','71717171717171717171717171717171',1,'04040404040404040404040404040404','controlplane','serial:D13',10000,10000000,'3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f',0,NULL,1200000,'10.77.0.13',X'0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D0D',1,1400000,'installed');
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
INSERT INTO "boot" VALUES('36363636363636363636363636363636','04040404040404040404040404040404','52:54:00:77:00:04','network','amd64','bios','10.77.0.4','9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('37373737373737373737373737373737','05050505050505050505050505050505','52:54:00:77:00:05','network','amd64','bios','10.77.0.5','9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('38383838383838383838383838383838','06060606060606060606060606060606','52:54:00:77:00:06','network','amd64','bios','10.77.0.6','9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b','09090909090909090909090909090909','52:54:00:77:00:09','network','amd64','bios','10.77.0.9','9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','52:54:00:77:00:0a','network','amd64','bios','10.77.0.10','a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','52:54:00:77:00:0d','network','amd64','bios','10.77.0.13','a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3',1100000,'config',1100000,0,NULL);
INSERT INTO "boot" VALUES('4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c','06060606060606060606060606060606',NULL,'disk',NULL,NULL,'10.77.0.6','9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c',1300000,'joined',1300000,0,1);
INSERT INTO "boot" VALUES('53535353535353535353535353535353','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d',NULL,'disk',NULL,NULL,'10.77.0.13','a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3',1300000,'joined',1300000,0,1);
CREATE TABLE cluster (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE,
    spec               TEXT NOT NULL,
    bootstrap_machine  TEXT REFERENCES machine (id),
    bootstrap_recorded BIGINT,
    bootstrap_outcome  TEXT,
    version            BIGINT NOT NULL
);
INSERT INTO "cluster" VALUES('03030303030303030303030303030303','lab','{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}','06060606060606060606060606060606',1350000,'done',1);
INSERT INTO "cluster" VALUES('04040404040404040404040404040404','other','{"name":"other","endpoint":"https://10.77.0.11:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d',1350000,'unknown',1);
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO "counter" VALUES('event',6);
INSERT INTO "counter" VALUES('machine',0);
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
INSERT INTO "event" VALUES(1,5000,NULL,NULL,NULL,'drover','registered','it is about registered');
INSERT INTO "event" VALUES(2,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO "event" VALUES(3,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO "event" VALUES(4,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO "event" VALUES(5,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO "event" VALUES(6,5000,NULL,NULL,NULL,'drover','bootstrap','it is about bootstrap');
CREATE TABLE evidence (
    machine    TEXT NOT NULL REFERENCES machine (id),
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL,
    PRIMARY KEY (machine, kind, value)
);
INSERT INTO "evidence" VALUES('01010101010101010101010101010101','mac','52:54:00:77:00:01',900000,900000);
INSERT INTO "evidence" VALUES('02020202020202020202020202020202','mac','52:54:00:77:00:02',900000,900000);
INSERT INTO "evidence" VALUES('03030303030303030303030303030303','mac','52:54:00:77:00:03',900000,900000);
INSERT INTO "evidence" VALUES('04040404040404040404040404040404','mac','52:54:00:77:00:04',900000,900000);
INSERT INTO "evidence" VALUES('05050505050505050505050505050505','mac','52:54:00:77:00:05',900000,900000);
INSERT INTO "evidence" VALUES('06060606060606060606060606060606','mac','52:54:00:77:00:06',900000,900000);
INSERT INTO "evidence" VALUES('07070707070707070707070707070707','mac','52:54:00:77:00:07',900000,900000);
INSERT INTO "evidence" VALUES('08080808080808080808080808080808','mac','52:54:00:77:00:08',900000,900000);
INSERT INTO "evidence" VALUES('09090909090909090909090909090909','mac','52:54:00:77:00:09',900000,900000);
INSERT INTO "evidence" VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','mac','52:54:00:77:00:0a',900000,900000);
INSERT INTO "evidence" VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','mac','52:54:00:77:00:0b',900000,900000);
INSERT INTO "evidence" VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','mac','52:54:00:77:00:0c',900000,900000);
INSERT INTO "evidence" VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','mac','52:54:00:77:00:0d',900000,900000);
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
INSERT INTO "intent" VALUES('68686868686868686868686868686868','04040404040404040404040404040404','03030303030303030303030303030303','worker','serial:D4','policy:cluster lab','a new worker',104000,100000000,1,NULL,NULL);
INSERT INTO "intent" VALUES('69696969696969696969696969696969','05050505050505050505050505050505','03030303030303030303030303030303','worker','serial:D5','policy:cluster lab','a new worker',105000,100000000,0,NULL,NULL);
INSERT INTO "intent" VALUES('6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a','06060606060606060606060606060606','03030303030303030303030303030303','controlplane','serial:D6','policy:cluster lab','a new worker',106000,100000000,1,1400000,'fulfilled');
INSERT INTO "intent" VALUES('6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d','09090909090909090909090909090909','03030303030303030303030303030303','worker','serial:D9','policy:cluster lab','a new worker',109000,100000000,1,1400000,'failed');
INSERT INTO "intent" VALUES('6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','03030303030303030303030303030303','worker','serial:D10','policy:cluster lab','a new worker',110000,100000000,0,1400000,'failed');
INSERT INTO "intent" VALUES('71717171717171717171717171717171','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','04040404040404040404040404040404','controlplane','serial:D13','policy:cluster lab','a new worker',113000,100000000,1,1400000,'fulfilled');
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
INSERT INTO "lease" VALUES('lab','02:00:00:00:00:06','10.77.0.6',X'01020000000006',100000,3700000);
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
INSERT INTO "machine" VALUES('01010101010101010101010101010101','m1',1001000,'discovered',1001000,NULL,NULL,NULL,NULL,'amd64','bios','Lab','R1','serial:D1','ipmi','10.77.1.1:623','drover',0);
INSERT INTO "machine" VALUES('02020202020202020202020202020202','m2',1002000,'inspecting',1002000,100000000,NULL,NULL,NULL,'amd64','uefi','Lab','R2','serial:D2','ipmi','10.77.1.2:623','drover',0);
INSERT INTO "machine" VALUES('03030303030303030303030303030303','m3',1003000,'available',1003000,NULL,NULL,NULL,NULL,'amd64','bios','Lab','R3','serial:D3',NULL,NULL,NULL,0);
INSERT INTO "machine" VALUES('04040404040404040404040404040404','m4',1004000,'provisioning/available',1004000,100000000,NULL,NULL,NULL,'amd64','uefi','Lab','R4','serial:D4','ipmi','10.77.1.4:623','drover',1);
INSERT INTO "machine" VALUES('05050505050505050505050505050505','m5',1005000,'provisioning/active',1005000,100000000,NULL,NULL,NULL,'amd64','bios','Lab','R5','serial:D5','ipmi','10.77.1.5:623','drover',0);
INSERT INTO "machine" VALUES('06060606060606060606060606060606','m6',1006000,'active',1006000,NULL,NULL,NULL,NULL,'amd64','uefi','Lab','R6','serial:D6',NULL,NULL,NULL,1);
INSERT INTO "machine" VALUES('07070707070707070707070707070707','m7',1007000,'cleaning',1007000,100000000,NULL,NULL,NULL,'amd64','bios','Lab','R7','serial:D7','ipmi','10.77.1.7:623','drover',0);
INSERT INTO "machine" VALUES('08080808080808080808080808080808','m8',1008000,'failed/inspecting',1008000,NULL,'install','it was silent','look at it','amd64','uefi','Lab','R8','serial:D8','ipmi','10.77.1.8:623','drover',0);
INSERT INTO "machine" VALUES('09090909090909090909090909090909','m9',1009000,'failed/provisioning/available',1009000,NULL,'install','it was silent','look at it','amd64','bios','Lab','R9','serial:D9',NULL,NULL,NULL,1);
INSERT INTO "machine" VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','m10',1010000,'failed/provisioning/active',1010000,NULL,'install','it was silent','look at it','amd64','uefi','Lab','R10','serial:D10','ipmi','10.77.1.10:623','drover',0);
INSERT INTO "machine" VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','m11',1011000,'failed/cleaning',1011000,NULL,'install','it was silent','look at it','amd64','bios','Lab','R11','serial:D11','ipmi','10.77.1.11:623','drover',0);
INSERT INTO "machine" VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','m12',1012000,'retired',1012000,NULL,NULL,NULL,NULL,'amd64','uefi','Lab','R12','serial:D12',NULL,NULL,NULL,0);
INSERT INTO "machine" VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','m13',1013000,'active',1013000,NULL,NULL,NULL,NULL,'amd64','bios','Lab','R13','serial:D13','ipmi','10.77.1.13:623','drover',1);
CREATE TABLE request (
    idempotency_key TEXT PRIMARY KEY,
    digest          BYTEA NOT NULL,
    result          TEXT NOT NULL,
    at              BIGINT NOT NULL
);
INSERT INTO "request" VALUES('k1',X'0505050505050505050505050505050505050505050505050505050505050505','done',900000);
CREATE TABLE reservation (
    address TEXT PRIMARY KEY,
    mac     TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES machine (id)
);
INSERT INTO "reservation" VALUES('10.77.0.6','52:54:00:77:00:06','06060606060606060606060606060606');
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
INSERT INTO "secret" VALUES('machine','04040404040404040404040404040404','bmc_password',1,'57aa7136458a49c6',X'10F697C57C2543A76F84D09E882754A350D17D72856C0B7F154003FBBAC162752CB9858413B5C508890C1728816EF2A30FD5070A17113C2EAE6A6C5D29966D4AB4505A1EB0B50CB6',X'E1658CAC8951A56EFD7291EC52F4D30967740CBD4AB5D5F4',X'70C4A56166CE85EE1714A9CB54438A47E8E9B4E0D8E6BE0DD99005',900000);
CREATE INDEX evidence_of_value ON evidence (kind, value);
CREATE INDEX reservation_of_machine ON reservation (machine);
CREATE INDEX reservation_of_mac ON reservation (mac);
CREATE INDEX intent_of_machine ON intent (machine, opened);
CREATE UNIQUE INDEX intent_standing ON intent (machine) WHERE closed_at IS NULL;
CREATE UNIQUE INDEX attempt_open ON attempt (machine) WHERE closed_at IS NULL;
CREATE INDEX boot_of_machine ON boot (machine, opened);
CREATE INDEX boot_of_mac ON boot (mac, opened);
CREATE INDEX boot_of_address ON boot (address, opened);
CREATE INDEX lease_of_address ON lease (address);
CREATE INDEX event_of_machine ON event (machine, seq);
CREATE INDEX event_of_boot ON event (boot, seq);
CREATE INDEX event_of_cluster ON event (cluster, seq);
