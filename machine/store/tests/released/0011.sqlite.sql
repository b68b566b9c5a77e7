-- A database of schema 0011 on SQLite: that of schema 0010, as the program of schema 0011 brought it up
-- to date.
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'first','2026-11-27 05:10:50',1,X'dcf71d24a020a7d2649f14e1771334cb2a728ec31da34a258fe6b555bcf68759b005867d49eb7e425342b6eda513c7f9',2863327);
INSERT INTO _sqlx_migrations VALUES(2,'release','2026-11-27 05:10:50',1,X'1cfb0e4a8802d5d38a078c464867999782310f471ab84e37751d128bc96aee575d19f0627e37aaefdc3ccbb3c629c6f0',1922879);
INSERT INTO _sqlx_migrations VALUES(3,'attempts','2026-11-27 05:10:50',1,X'57a2841cb67fd0c90bda2fc9476b0a37412a66008e7b3926336a4b818ac7b51e8378b525527c6330ceff8d1f6b9ee1dc',2691622);
INSERT INTO _sqlx_migrations VALUES(4,'generation','2026-11-27 05:10:50',1,X'd2b8d532fc9ce9c2280bb7f7631666457d81cbfc948b9966485d8ea83e9069e9b405c32035e20d44fa57ad944548b756',659661);
INSERT INTO _sqlx_migrations VALUES(5,'documents','2026-11-27 05:10:50',1,X'498ed71eee5ad6eec6bc3341fafa8389f49616cba7ffd38d566011df5a3cea38677584f436ffdb95d46edb4aba504008',813499);
INSERT INTO _sqlx_migrations VALUES(6,'lifecycle','2026-11-27 05:10:50',1,X'7e2a1bbba130a378b84d76aa27c0196653c4783563867060e5e74559ac011bd871d1ed48e5ff8e64de9c8be730664cb6',1882119);
INSERT INTO _sqlx_migrations VALUES(7,'clusters','2026-11-27 05:10:50',1,X'62a403f7a41e6440e9e4253819e6103f30b02684ca8d2430fd1ba58730d0aa310f2961efd1c8416b61263c8cb31b04ab',1238181);
INSERT INTO _sqlx_migrations VALUES(8,'bounds','2026-11-27 05:10:50',1,X'd7e7099fe120bd3707ee16a107e32b666b43dab25403f3a5c9d85618de70ef6262560cfbffe1d1c2316e9e44ccec6291',593642);
INSERT INTO _sqlx_migrations VALUES(9,'bmc identity','2026-11-27 05:10:50',1,X'eb061b5c1af9dbe93178fd082e91fe9ec82cf0a4ba6f33a457f6b9c96df97be927bed43435fa2c0fc018d9e2e3346454',1102098);
INSERT INTO _sqlx_migrations VALUES(10,'cancel','2026-11-27 05:10:50',1,X'8989249a59df0e1284d9cc3a4a6017a4f8cad30d06fd7d89ead1394f72c51b0296398f036d21bd7f3977b5ca0ed26c74',1195077);
INSERT INTO _sqlx_migrations VALUES(11,'records','2026-11-27 18:30:00',1,X'f65cb524f50a9efe089c4eefe55e6501d51b7140a90c520f82d7c835f38054edb9a0c3ee991d1395faaeedf5ec88529b',3000000);
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
    closed_as       TEXT, accepted_boot TEXT, basis BYTEA, wipe_at BIGINT, wipe_boot TEXT, verdict_at BIGINT, verdict_as TEXT, verdict_why TEXT, release_delivery TEXT, release_fingerprint BYTEA,
    UNIQUE (intent, number)
);
INSERT INTO attempt VALUES('9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a','04040404040404040404040404040404','68686868686868686868686868686868',1,'03030303030303030303030303030303','worker','serial:D4',10000,10000000,'36363636363636363636363636363636',0,NULL,1200000,'10.77.0.4',X'0404040404040404040404040404040404040404040404040404040404040404',2,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fetched',NULL);
INSERT INTO attempt VALUES('9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b','05050505050505050505050505050505','69696969696969696969696969696969',1,'03030303030303030303030303030303','worker','serial:D5',10000,10000000,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO attempt VALUES('9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c','06060606060606060606060606060606','6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a',1,'03030303030303030303030303030303','controlplane','serial:D6',10000,10000000,'38383838383838383838383838383838',0,NULL,1200000,'10.77.0.6',X'0606060606060606060606060606060606060606060606060606060606060606',1,1400000,'installed',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fetched',NULL);
INSERT INTO attempt VALUES('9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f','09090909090909090909090909090909','6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d',1,'03030303030303030303030303030303','worker','serial:D9',10000,10000000,'3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b',0,NULL,1200000,'10.77.0.9',X'0909090909090909090909090909090909090909090909090909090909090909',1,1400000,'timed out',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fetched',NULL);
INSERT INTO attempt VALUES('a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e',1,'03030303030303030303030303030303','worker','serial:D10',10000,10000000,NULL,0,NULL,NULL,NULL,NULL,NULL,1400000,'timed out',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO attempt VALUES('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','71717171717171717171717171717171',1,'04040404040404040404040404040404','controlplane','serial:D13',10000,10000000,'3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f',0,NULL,1200000,'10.77.0.13',X'0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d',1,1400000,'installed',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'fetched',NULL);
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
INSERT INTO boot VALUES('36363636363636363636363636363636','04040404040404040404040404040404','52:54:00:77:00:04','network','amd64','bios','10.77.0.4','9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('37373737373737373737373737373737','05050505050505050505050505050505','52:54:00:77:00:05','network','amd64','bios','10.77.0.5','9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('38383838383838383838383838383838','06060606060606060606060606060606','52:54:00:77:00:06','network','amd64','bios','10.77.0.6','9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b','09090909090909090909090909090909','52:54:00:77:00:09','network','amd64','bios','10.77.0.9','9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','52:54:00:77:00:0a','network','amd64','bios','10.77.0.10','a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','52:54:00:77:00:0d','network','amd64','bios','10.77.0.13','a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3',1100000,'config',1100000,0,NULL);
INSERT INTO boot VALUES('4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c','06060606060606060606060606060606',NULL,'disk',NULL,NULL,'10.77.0.6','9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c',1300000,'joined',1300000,0,1);
INSERT INTO boot VALUES('53535353535353535353535353535353','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d',NULL,'disk',NULL,NULL,'10.77.0.13','a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3',1300000,'joined',1300000,0,1);
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
CREATE TABLE cluster (
    id                 TEXT PRIMARY KEY,
    name               TEXT NOT NULL UNIQUE,
    spec               TEXT NOT NULL,
    version            BIGINT NOT NULL
, deleted BIGINT, endpoint TEXT);
INSERT INTO cluster VALUES('03030303030303030303030303030303','lab','{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}',1,NULL,'10.77.0.10:6443');
INSERT INTO cluster VALUES('04040404040404040404040404040404','other','{"name":"other","endpoint":"https://10.77.0.11:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}',1,NULL,'10.77.0.11:6443');
CREATE TABLE counter (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO counter VALUES('event',6);
INSERT INTO counter VALUES('machine',0);
INSERT INTO counter VALUES('status',0);
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
INSERT INTO event VALUES(1,5000,NULL,NULL,NULL,'drover','registered','it is about registered');
INSERT INTO event VALUES(2,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO event VALUES(3,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO event VALUES(4,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO event VALUES(5,5000,NULL,NULL,NULL,'drover','config','it is about config');
INSERT INTO event VALUES(6,5000,NULL,NULL,NULL,'drover','bootstrap','it is about bootstrap');
CREATE TABLE evidence (
    machine    TEXT NOT NULL REFERENCES machine (id),
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen  BIGINT NOT NULL, source TEXT NOT NULL DEFAULT 'asked',
    PRIMARY KEY (machine, kind, value)
);
INSERT INTO evidence VALUES('01010101010101010101010101010101','mac','52:54:00:77:00:01',900000,1500000,'registered');
INSERT INTO evidence VALUES('02020202020202020202020202020202','mac','52:54:00:77:00:02',900000,1500000,'registered');
INSERT INTO evidence VALUES('03030303030303030303030303030303','mac','52:54:00:77:00:03',900000,1500000,'registered');
INSERT INTO evidence VALUES('04040404040404040404040404040404','mac','52:54:00:77:00:04',900000,1500000,'registered');
INSERT INTO evidence VALUES('05050505050505050505050505050505','mac','52:54:00:77:00:05',900000,1500000,'registered');
INSERT INTO evidence VALUES('06060606060606060606060606060606','mac','52:54:00:77:00:06',900000,1500000,'registered');
INSERT INTO evidence VALUES('07070707070707070707070707070707','mac','52:54:00:77:00:07',900000,1500000,'registered');
INSERT INTO evidence VALUES('08080808080808080808080808080808','mac','52:54:00:77:00:08',900000,1500000,'registered');
INSERT INTO evidence VALUES('09090909090909090909090909090909','mac','52:54:00:77:00:09',900000,1500000,'registered');
INSERT INTO evidence VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','mac','52:54:00:77:00:0a',900000,1500000,'registered');
INSERT INTO evidence VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','mac','52:54:00:77:00:0b',900000,1500000,'registered');
INSERT INTO evidence VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','mac','52:54:00:77:00:0c',900000,1500000,'registered');
INSERT INTO evidence VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','mac','52:54:00:77:00:0d',900000,1500000,'registered');
CREATE TABLE generation (
    only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
    name     TEXT NOT NULL,
    value    BIGINT NOT NULL
);
CREATE TABLE ignored_uuid (
    value TEXT PRIMARY KEY,
    at    BIGINT NOT NULL
);
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
, kind TEXT NOT NULL DEFAULT 'install');
INSERT INTO intent VALUES('68686868686868686868686868686868','04040404040404040404040404040404','03030303030303030303030303030303','worker','serial:D4','policy:cluster lab','a new worker',104000,100000000,1,NULL,NULL,'install');
INSERT INTO intent VALUES('69696969696969696969696969696969','05050505050505050505050505050505','03030303030303030303030303030303','worker','serial:D5','policy:cluster lab','a new worker',105000,100000000,0,NULL,NULL,'install');
INSERT INTO intent VALUES('6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a','06060606060606060606060606060606','03030303030303030303030303030303','controlplane','serial:D6','policy:cluster lab','a new worker',106000,100000000,1,1400000,'fulfilled','install');
INSERT INTO intent VALUES('6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d','09090909090909090909090909090909','03030303030303030303030303030303','worker','serial:D9','policy:cluster lab','a new worker',109000,100000000,1,1400000,'failed','install');
INSERT INTO intent VALUES('6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','03030303030303030303030303030303','worker','serial:D10','policy:cluster lab','a new worker',110000,100000000,0,1400000,'failed','install');
INSERT INTO intent VALUES('71717171717171717171717171717171','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','04040404040404040404040404040404','controlplane','serial:D13','policy:cluster lab','a new worker',113000,100000000,1,1400000,'fulfilled','install');
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
INSERT INTO lease VALUES('lab','02:00:00:00:00:06','10.77.0.6',X'01020000000006',100000,3700000);
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
    install_disk   TEXT,
    version        BIGINT NOT NULL
, forgotten BIGINT, forgotten_as TEXT, bmc_guid TEXT, cancelled_at BIGINT, epoch BIGINT NOT NULL DEFAULT 0);
INSERT INTO machine VALUES('01010101010101010101010101010101','m1',1001000,'discovered',1001000,NULL,NULL,NULL,NULL,'serial:D1',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('02020202020202020202020202020202','m2',1002000,'inspecting',1002000,100000000,NULL,NULL,NULL,'serial:D2',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('03030303030303030303030303030303','m3',1003000,'available',1003000,NULL,NULL,NULL,NULL,'serial:D3',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('04040404040404040404040404040404','m4',1004000,'provisioning/available',1004000,100000000,NULL,NULL,NULL,'serial:D4',1,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('05050505050505050505050505050505','m5',1005000,'provisioning/active',1005000,100000000,NULL,NULL,NULL,'serial:D5',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('06060606060606060606060606060606','m6',1006000,'active',1006000,NULL,NULL,NULL,NULL,'serial:D6',1,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('07070707070707070707070707070707','m7',1007000,'cleaning',1007000,100000000,NULL,NULL,NULL,'serial:D7',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('08080808080808080808080808080808','m8',1008000,'failed/inspecting',1008000,NULL,'install','it was silent','look at it','serial:D8',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('09090909090909090909090909090909','m9',1009000,'failed/provisioning/available',1009000,NULL,'install','it was silent','look at it','serial:D9',1,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','m10',1010000,'failed/provisioning/active',1010000,NULL,'install','it was silent','look at it','serial:D10',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','m11',1011000,'failed/cleaning',1011000,NULL,'install','it was silent','look at it','serial:D11',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','m12',1012000,'retired',1012000,NULL,NULL,NULL,NULL,'serial:D12',0,NULL,NULL,NULL,NULL,0);
INSERT INTO machine VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','m13',1013000,'active',1013000,NULL,NULL,NULL,NULL,'serial:D13',1,NULL,NULL,NULL,NULL,0);
CREATE TABLE power_on (
    machine TEXT PRIMARY KEY REFERENCES machine (id),
    at      BIGINT NOT NULL
);
INSERT INTO power_on VALUES('04040404040404040404040404040404',1050000);
CREATE TABLE registration (
    machine TEXT NOT NULL REFERENCES machine (id),
    kind    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (machine, kind, value)
);
INSERT INTO registration VALUES('01010101010101010101010101010101','mac','52:54:00:77:00:01');
INSERT INTO registration VALUES('02020202020202020202020202020202','mac','52:54:00:77:00:02');
INSERT INTO registration VALUES('03030303030303030303030303030303','mac','52:54:00:77:00:03');
INSERT INTO registration VALUES('04040404040404040404040404040404','mac','52:54:00:77:00:04');
INSERT INTO registration VALUES('05050505050505050505050505050505','mac','52:54:00:77:00:05');
INSERT INTO registration VALUES('06060606060606060606060606060606','mac','52:54:00:77:00:06');
INSERT INTO registration VALUES('07070707070707070707070707070707','mac','52:54:00:77:00:07');
INSERT INTO registration VALUES('08080808080808080808080808080808','mac','52:54:00:77:00:08');
INSERT INTO registration VALUES('09090909090909090909090909090909','mac','52:54:00:77:00:09');
INSERT INTO registration VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','mac','52:54:00:77:00:0a');
INSERT INTO registration VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','mac','52:54:00:77:00:0b');
INSERT INTO registration VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','mac','52:54:00:77:00:0c');
INSERT INTO registration VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','mac','52:54:00:77:00:0d');
CREATE TABLE request (
    idempotency_key TEXT PRIMARY KEY,
    digest          BYTEA NOT NULL,
    result          TEXT NOT NULL,
    at              BIGINT NOT NULL
);
INSERT INTO request VALUES('k1',X'0505050505050505050505050505050505050505050505050505050505050505','done',900000);
CREATE TABLE reservation (
    address TEXT PRIMARY KEY,
    mac     TEXT NOT NULL,
    machine TEXT NOT NULL REFERENCES machine (id)
);
INSERT INTO reservation VALUES('10.77.0.6','52:54:00:77:00:06','06060606060606060606060606060606');
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
INSERT INTO secret VALUES('machine','04040404040404040404040404040404','bmc_password',1,'7065578293cf19dc',X'920a3c0c7b072b81ec1194498bab5c06e1886f714718ef06e1138e97a3c187430afb0ac0447c362c642a580dd455c1ae99c454c167dc0fbd826f086712d95714a6aa84bdd055b572',X'7287902733d03859e5b9e72fe427acd71a213bba086fc1eb',X'9d1694c2818472f74d48e6c48f0656fcd41664b7f399dd7d5b4765',900000);
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
INSERT INTO operation VALUES('03030303030303030303030303030303','bootstrap','call','03030303030303030303030303030303','06060606060606060606060606060606',1350000,'done',NULL);
INSERT INTO operation VALUES('04040404040404040404040404040404','bootstrap','call','04040404040404040404040404040404','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d',1350000,'unknown',NULL);
CREATE TABLE bmc (
    identity TEXT PRIMARY KEY,
    machine  TEXT NOT NULL UNIQUE REFERENCES machine (id),
    protocol TEXT NOT NULL,
    address  TEXT NOT NULL,
    username TEXT NOT NULL
);
INSERT INTO bmc VALUES('10.77.1.1','01010101010101010101010101010101','ipmi','10.77.1.1:623','drover');
INSERT INTO bmc VALUES('10.77.1.10','0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','ipmi','10.77.1.10:623','drover');
INSERT INTO bmc VALUES('10.77.1.11','0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','ipmi','10.77.1.11:623','drover');
INSERT INTO bmc VALUES('10.77.1.13','0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','ipmi','10.77.1.13:623','drover');
INSERT INTO bmc VALUES('10.77.1.2','02020202020202020202020202020202','ipmi','10.77.1.2:623','drover');
INSERT INTO bmc VALUES('10.77.1.4','04040404040404040404040404040404','ipmi','10.77.1.4:623','drover');
INSERT INTO bmc VALUES('10.77.1.5','05050505050505050505050505050505','ipmi','10.77.1.5:623','drover');
INSERT INTO bmc VALUES('10.77.1.7','07070707070707070707070707070707','ipmi','10.77.1.7:623','drover');
INSERT INTO bmc VALUES('10.77.1.8','08080808080808080808080808080808','ipmi','10.77.1.8:623','drover');
CREATE TABLE fact (
    machine TEXT NOT NULL REFERENCES machine (id),
    kind    TEXT NOT NULL,
    value   TEXT NOT NULL,
    source  TEXT NOT NULL,
    seen    BIGINT NOT NULL,
    PRIMARY KEY (machine, kind)
);
INSERT INTO fact VALUES('01010101010101010101010101010101','arch','amd64','asked',1001000);
INSERT INTO fact VALUES('02020202020202020202020202020202','arch','amd64','asked',1002000);
INSERT INTO fact VALUES('03030303030303030303030303030303','arch','amd64','asked',1003000);
INSERT INTO fact VALUES('04040404040404040404040404040404','arch','amd64','asked',1004000);
INSERT INTO fact VALUES('05050505050505050505050505050505','arch','amd64','asked',1005000);
INSERT INTO fact VALUES('06060606060606060606060606060606','arch','amd64','asked',1006000);
INSERT INTO fact VALUES('07070707070707070707070707070707','arch','amd64','asked',1007000);
INSERT INTO fact VALUES('08080808080808080808080808080808','arch','amd64','asked',1008000);
INSERT INTO fact VALUES('09090909090909090909090909090909','arch','amd64','asked',1009000);
INSERT INTO fact VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','arch','amd64','asked',1010000);
INSERT INTO fact VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','arch','amd64','asked',1011000);
INSERT INTO fact VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','arch','amd64','asked',1012000);
INSERT INTO fact VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','arch','amd64','asked',1013000);
INSERT INTO fact VALUES('01010101010101010101010101010101','firmware','bios','asked',1001000);
INSERT INTO fact VALUES('02020202020202020202020202020202','firmware','uefi','asked',1002000);
INSERT INTO fact VALUES('03030303030303030303030303030303','firmware','bios','asked',1003000);
INSERT INTO fact VALUES('04040404040404040404040404040404','firmware','uefi','asked',1004000);
INSERT INTO fact VALUES('05050505050505050505050505050505','firmware','bios','asked',1005000);
INSERT INTO fact VALUES('06060606060606060606060606060606','firmware','uefi','asked',1006000);
INSERT INTO fact VALUES('07070707070707070707070707070707','firmware','bios','asked',1007000);
INSERT INTO fact VALUES('08080808080808080808080808080808','firmware','uefi','asked',1008000);
INSERT INTO fact VALUES('09090909090909090909090909090909','firmware','bios','asked',1009000);
INSERT INTO fact VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','firmware','uefi','asked',1010000);
INSERT INTO fact VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','firmware','bios','asked',1011000);
INSERT INTO fact VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','firmware','uefi','asked',1012000);
INSERT INTO fact VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','firmware','bios','asked',1013000);
INSERT INTO fact VALUES('01010101010101010101010101010101','manufacturer','Lab','asked',1001000);
INSERT INTO fact VALUES('02020202020202020202020202020202','manufacturer','Lab','asked',1002000);
INSERT INTO fact VALUES('03030303030303030303030303030303','manufacturer','Lab','asked',1003000);
INSERT INTO fact VALUES('04040404040404040404040404040404','manufacturer','Lab','asked',1004000);
INSERT INTO fact VALUES('05050505050505050505050505050505','manufacturer','Lab','asked',1005000);
INSERT INTO fact VALUES('06060606060606060606060606060606','manufacturer','Lab','asked',1006000);
INSERT INTO fact VALUES('07070707070707070707070707070707','manufacturer','Lab','asked',1007000);
INSERT INTO fact VALUES('08080808080808080808080808080808','manufacturer','Lab','asked',1008000);
INSERT INTO fact VALUES('09090909090909090909090909090909','manufacturer','Lab','asked',1009000);
INSERT INTO fact VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','manufacturer','Lab','asked',1010000);
INSERT INTO fact VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','manufacturer','Lab','asked',1011000);
INSERT INTO fact VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','manufacturer','Lab','asked',1012000);
INSERT INTO fact VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','manufacturer','Lab','asked',1013000);
INSERT INTO fact VALUES('01010101010101010101010101010101','product','R1','asked',1001000);
INSERT INTO fact VALUES('02020202020202020202020202020202','product','R2','asked',1002000);
INSERT INTO fact VALUES('03030303030303030303030303030303','product','R3','asked',1003000);
INSERT INTO fact VALUES('04040404040404040404040404040404','product','R4','asked',1004000);
INSERT INTO fact VALUES('05050505050505050505050505050505','product','R5','asked',1005000);
INSERT INTO fact VALUES('06060606060606060606060606060606','product','R6','asked',1006000);
INSERT INTO fact VALUES('07070707070707070707070707070707','product','R7','asked',1007000);
INSERT INTO fact VALUES('08080808080808080808080808080808','product','R8','asked',1008000);
INSERT INTO fact VALUES('09090909090909090909090909090909','product','R9','asked',1009000);
INSERT INTO fact VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','product','R10','asked',1010000);
INSERT INTO fact VALUES('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b','product','R11','asked',1011000);
INSERT INTO fact VALUES('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c','product','R12','asked',1012000);
INSERT INTO fact VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','product','R13','asked',1013000);
CREATE TABLE member (
    machine TEXT NOT NULL REFERENCES machine (id),
    cluster TEXT NOT NULL REFERENCES cluster (id),
    role    TEXT NOT NULL,
    since   BIGINT NOT NULL,
    left_at BIGINT,
    PRIMARY KEY (machine, cluster, since)
);
INSERT INTO member VALUES('04040404040404040404040404040404','03030303030303030303030303030303','worker',104000,NULL);
INSERT INTO member VALUES('05050505050505050505050505050505','03030303030303030303030303030303','worker',105000,NULL);
INSERT INTO member VALUES('06060606060606060606060606060606','03030303030303030303030303030303','controlplane',106000,NULL);
INSERT INTO member VALUES('09090909090909090909090909090909','03030303030303030303030303030303','worker',109000,NULL);
INSERT INTO member VALUES('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a','03030303030303030303030303030303','worker',110000,NULL);
INSERT INTO member VALUES('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d','04040404040404040404040404040404','controlplane',113000,NULL);
CREATE TABLE machine_status (
    machine TEXT PRIMARY KEY REFERENCES machine (id),
    version BIGINT NOT NULL UNIQUE,
    waiting TEXT NOT NULL,
    power   TEXT,
    at      BIGINT NOT NULL
);
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
CREATE INDEX attempt_of_machine ON attempt (machine, release_at);
CREATE INDEX machine_forgotten_as ON machine (forgotten_as, forgotten);
CREATE UNIQUE INDEX cluster_of_endpoint ON cluster (endpoint);
CREATE INDEX boot_of_attempt ON boot (attempt);
CREATE INDEX attempt_of_boot ON attempt (boot);
CREATE UNIQUE INDEX operation_standing ON operation (cluster, kind) WHERE withdrawn_at IS NULL;
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
CREATE UNIQUE INDEX member_standing ON member (machine) WHERE left_at IS NULL;
CREATE INDEX member_of_cluster ON member (cluster);
CREATE INDEX boot_of_age ON boot (opened);
CREATE INDEX request_of_age ON request (at);
