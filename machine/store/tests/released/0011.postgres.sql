-- A database of schema 0011 on PostgreSQL: that of schema 0010, as the program of schema 0011 brought it
-- up to date.
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.attempt (
    id text NOT NULL,
    machine text NOT NULL,
    intent text NOT NULL,
    number bigint NOT NULL,
    cluster text NOT NULL,
    role text NOT NULL,
    disk text NOT NULL,
    opened bigint NOT NULL,
    deadline bigint NOT NULL,
    boot text,
    power_actions bigint NOT NULL,
    power_at bigint,
    release_at bigint,
    release_peer text,
    release_digest bytea,
    release_fetches bigint,
    closed_at bigint,
    closed_as text,
    accepted_boot text,
    basis bytea,
    wipe_at bigint,
    wipe_boot text,
    verdict_at bigint,
    verdict_as text,
    verdict_why text,
    release_delivery text,
    release_fingerprint bytea
);
CREATE TABLE public.bmc (
    identity text NOT NULL,
    machine text NOT NULL,
    protocol text NOT NULL,
    address text NOT NULL,
    username text NOT NULL
);
CREATE TABLE public.boot (
    id text NOT NULL,
    machine text,
    mac text,
    origin text NOT NULL,
    arch text,
    firmware text,
    address text,
    attempt text,
    opened bigint NOT NULL,
    step text NOT NULL,
    step_at bigint NOT NULL,
    sent_to_disk boolean NOT NULL,
    ready boolean
);
CREATE TABLE public.claimant (
    machine text NOT NULL,
    boot text NOT NULL,
    card text NOT NULL,
    address text NOT NULL,
    uuid text NOT NULL,
    serial text NOT NULL,
    is_own boolean NOT NULL,
    why text NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL
);
CREATE TABLE public.cluster (
    id text NOT NULL,
    name text NOT NULL,
    spec text NOT NULL,
    version bigint NOT NULL,
    deleted bigint,
    endpoint text
);
CREATE TABLE public.counter (
    name text NOT NULL,
    value bigint NOT NULL
);
CREATE TABLE public.event (
    seq bigint NOT NULL,
    at bigint NOT NULL,
    boot text,
    machine text,
    cluster text,
    actor text NOT NULL,
    kind text NOT NULL,
    detail text NOT NULL
);
CREATE TABLE public.evidence (
    machine text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    first_seen bigint NOT NULL,
    last_seen bigint NOT NULL,
    source text DEFAULT 'asked'::text NOT NULL
);
CREATE TABLE public.fact (
    machine text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    source text NOT NULL,
    seen bigint NOT NULL
);
CREATE TABLE public.generation (
    only_row bigint NOT NULL,
    name text NOT NULL,
    value bigint NOT NULL,
    CONSTRAINT generation_only_row_check CHECK ((only_row = 1))
);
CREATE TABLE public.ignored_uuid (
    value text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.intent (
    id text NOT NULL,
    machine text NOT NULL,
    cluster text NOT NULL,
    role text NOT NULL,
    disk text NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    opened bigint NOT NULL,
    expires bigint NOT NULL,
    claims bigint NOT NULL,
    closed_at bigint,
    closed_as text,
    kind text DEFAULT 'install'::text NOT NULL
);
CREATE TABLE public.lease (
    subnet text NOT NULL,
    client text NOT NULL,
    address text NOT NULL,
    client_identifier bytea,
    granted bigint NOT NULL,
    expires bigint NOT NULL
);
CREATE TABLE public.machine (
    id text NOT NULL,
    name text NOT NULL,
    known_since bigint NOT NULL,
    state text NOT NULL,
    since bigint NOT NULL,
    deadline bigint,
    failure_step text,
    failure_why text,
    failure_advice text,
    install_disk text,
    version bigint NOT NULL,
    forgotten bigint,
    forgotten_as text,
    bmc_guid text,
    cancelled_at bigint,
    epoch bigint DEFAULT 0 NOT NULL
);
CREATE VIEW public.machine_record AS
 SELECT machine.id,
    machine.name,
    machine.known_since,
    machine.state,
    machine.since,
    machine.deadline,
    machine.failure_step,
    machine.failure_why,
    machine.failure_advice,
    machine.install_disk,
    machine.cancelled_at,
    machine.version,
    machine.forgotten,
    bmc.identity AS bmc_identity,
    bmc.protocol AS bmc_protocol,
    bmc.address AS bmc_address,
    bmc.username AS bmc_username,
    ( SELECT fact.value
           FROM public.fact
          WHERE ((fact.machine = machine.id) AND (fact.kind = 'arch'::text))) AS arch,
    ( SELECT fact.value
           FROM public.fact
          WHERE ((fact.machine = machine.id) AND (fact.kind = 'firmware'::text))) AS firmware,
    ( SELECT fact.value
           FROM public.fact
          WHERE ((fact.machine = machine.id) AND (fact.kind = 'manufacturer'::text))) AS manufacturer,
    ( SELECT fact.value
           FROM public.fact
          WHERE ((fact.machine = machine.id) AND (fact.kind = 'product'::text))) AS product
   FROM (public.machine
     LEFT JOIN public.bmc ON ((bmc.machine = machine.id)));
CREATE TABLE public.machine_status (
    machine text NOT NULL,
    version bigint NOT NULL,
    waiting text NOT NULL,
    power text,
    at bigint NOT NULL
);
CREATE TABLE public.member (
    machine text NOT NULL,
    cluster text NOT NULL,
    role text NOT NULL,
    since bigint NOT NULL,
    left_at bigint
);
CREATE TABLE public.operation (
    id text NOT NULL,
    kind text NOT NULL,
    step text NOT NULL,
    cluster text,
    machine text NOT NULL,
    recorded bigint NOT NULL,
    outcome text NOT NULL,
    withdrawn_at bigint
);
CREATE TABLE public.power_on (
    machine text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.registration (
    machine text NOT NULL,
    kind text NOT NULL,
    value text NOT NULL
);
CREATE TABLE public.request (
    idempotency_key text NOT NULL,
    digest bytea NOT NULL,
    result text NOT NULL,
    at bigint NOT NULL
);
CREATE TABLE public.reservation (
    address text NOT NULL,
    mac text NOT NULL,
    machine text NOT NULL
);
CREATE TABLE public.secret (
    place_table text NOT NULL,
    place_row text NOT NULL,
    place_field text NOT NULL,
    version bigint NOT NULL,
    key_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    sealed_at bigint NOT NULL
);
INSERT INTO public._sqlx_migrations VALUES (1, 'first', '2026-11-27 05:10:52.444792+00', true, '\xdcf71d24a020a7d2649f14e1771334cb2a728ec31da34a258fe6b555bcf68759b005867d49eb7e425342b6eda513c7f9', 47356352);
INSERT INTO public._sqlx_migrations VALUES (2, 'release', '2026-11-27 05:10:52.492681+00', true, '\x1cfb0e4a8802d5d38a078c464867999782310f471ab84e37751d128bc96aee575d19f0627e37aaefdc3ccbb3c629c6f0', 11171921);
INSERT INTO public._sqlx_migrations VALUES (3, 'attempts', '2026-11-27 05:10:52.504122+00', true, '\x57a2841cb67fd0c90bda2fc9476b0a37412a66008e7b3926336a4b818ac7b51e8378b525527c6330ceff8d1f6b9ee1dc', 997273);
INSERT INTO public._sqlx_migrations VALUES (4, 'generation', '2026-11-27 05:10:52.505272+00', true, '\xd2b8d532fc9ce9c2280bb7f7631666457d81cbfc948b9966485d8ea83e9069e9b405c32035e20d44fa57ad944548b756', 6369601);
INSERT INTO public._sqlx_migrations VALUES (5, 'documents', '2026-11-27 05:10:52.511833+00', true, '\x498ed71eee5ad6eec6bc3341fafa8389f49616cba7ffd38d566011df5a3cea38677584f436ffdb95d46edb4aba504008', 3734032);
INSERT INTO public._sqlx_migrations VALUES (6, 'lifecycle', '2026-11-27 05:10:52.51575+00', true, '\x7e2a1bbba130a378b84d76aa27c0196653c4783563867060e5e74559ac011bd871d1ed48e5ff8e64de9c8be730664cb6', 3831196);
INSERT INTO public._sqlx_migrations VALUES (7, 'clusters', '2026-11-27 05:10:52.523603+00', true, '\x62a403f7a41e6440e9e4253819e6103f30b02684ca8d2430fd1ba58730d0aa310f2961efd1c8416b61263c8cb31b04ab', 846799);
INSERT INTO public._sqlx_migrations VALUES (8, 'bounds', '2026-11-27 05:10:52.524559+00', true, '\xd7e7099fe120bd3707ee16a107e32b666b43dab25403f3a5c9d85618de70ef6262560cfbffe1d1c2316e9e44ccec6291', 731217);
INSERT INTO public._sqlx_migrations VALUES (9, 'bmc identity', '2026-11-27 05:10:52.525407+00', true, '\xeb061b5c1af9dbe93178fd082e91fe9ec82cf0a4ba6f33a457f6b9c96df97be927bed43435fa2c0fc018d9e2e3346454', 2311827);
INSERT INTO public._sqlx_migrations VALUES (10, 'cancel', '2026-11-27 05:10:52.531606+00', true, '\x8989249a59df0e1284d9cc3a4a6017a4f8cad30d06fd7d89ead1394f72c51b0296398f036d21bd7f3977b5ca0ed26c74', 661524);
INSERT INTO public._sqlx_migrations VALUES (11, 'records', '2026-11-27 18:30:00+00', true, '\xf65cb524f50a9efe089c4eefe55e6501d51b7140a90c520f82d7c835f38054edb9a0c3ee991d1395faaeedf5ec88529b', 3000000);
INSERT INTO public.attempt VALUES ('9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b', '05050505050505050505050505050505', '69696969696969696969696969696969', 1, '03030303030303030303030303030303', 'worker', 'serial:D5', 10000, 10000000, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.attempt VALUES ('a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', '6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e', 1, '03030303030303030303030303030303', 'worker', 'serial:D10', 10000, 10000000, NULL, 0, NULL, NULL, NULL, NULL, NULL, 1400000, 'timed out', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.attempt VALUES ('9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a', '04040404040404040404040404040404', '68686868686868686868686868686868', 1, '03030303030303030303030303030303', 'worker', 'serial:D4', 10000, 10000000, '36363636363636363636363636363636', 0, NULL, 1200000, '10.77.0.4', '\x0404040404040404040404040404040404040404040404040404040404040404', 2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fetched', NULL);
INSERT INTO public.attempt VALUES ('9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c', '06060606060606060606060606060606', '6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a', 1, '03030303030303030303030303030303', 'controlplane', 'serial:D6', 10000, 10000000, '38383838383838383838383838383838', 0, NULL, 1200000, '10.77.0.6', '\x0606060606060606060606060606060606060606060606060606060606060606', 1, 1400000, 'installed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fetched', NULL);
INSERT INTO public.attempt VALUES ('9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f', '09090909090909090909090909090909', '6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d', 1, '03030303030303030303030303030303', 'worker', 'serial:D9', 10000, 10000000, '3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b', 0, NULL, 1200000, '10.77.0.9', '\x0909090909090909090909090909090909090909090909090909090909090909', 1, 1400000, 'timed out', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fetched', NULL);
INSERT INTO public.attempt VALUES ('a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', '71717171717171717171717171717171', 1, '04040404040404040404040404040404', 'controlplane', 'serial:D13', 10000, 10000000, '3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f', 0, NULL, 1200000, '10.77.0.13', '\x0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 1, 1400000, 'installed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'fetched', NULL);
INSERT INTO public.bmc VALUES ('10.77.1.1', '01010101010101010101010101010101', 'ipmi', '10.77.1.1:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.2', '02020202020202020202020202020202', 'ipmi', '10.77.1.2:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.5', '05050505050505050505050505050505', 'ipmi', '10.77.1.5:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.7', '07070707070707070707070707070707', 'ipmi', '10.77.1.7:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.8', '08080808080808080808080808080808', 'ipmi', '10.77.1.8:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.10', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'ipmi', '10.77.1.10:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.11', '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'ipmi', '10.77.1.11:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.4', '04040404040404040404040404040404', 'ipmi', '10.77.1.4:623', 'drover');
INSERT INTO public.bmc VALUES ('10.77.1.13', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'ipmi', '10.77.1.13:623', 'drover');
INSERT INTO public.boot VALUES ('36363636363636363636363636363636', '04040404040404040404040404040404', '52:54:00:77:00:04', 'network', 'amd64', 'bios', '10.77.0.4', '9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a9a', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('37373737373737373737373737373737', '05050505050505050505050505050505', '52:54:00:77:00:05', 'network', 'amd64', 'bios', '10.77.0.5', '9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b9b', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('38383838383838383838383838383838', '06060606060606060606060606060606', '52:54:00:77:00:06', 'network', 'amd64', 'bios', '10.77.0.6', '9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b3b', '09090909090909090909090909090909', '52:54:00:77:00:09', 'network', 'amd64', 'bios', '10.77.0.9', '9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f9f', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', '52:54:00:77:00:0a', 'network', 'amd64', 'bios', '10.77.0.10', 'a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f3f', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', '52:54:00:77:00:0d', 'network', 'amd64', 'bios', '10.77.0.13', 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 1100000, 'config', 1100000, false, NULL);
INSERT INTO public.boot VALUES ('4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c', '06060606060606060606060606060606', NULL, 'disk', NULL, NULL, '10.77.0.6', '9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c9c', 1300000, 'joined', 1300000, false, true);
INSERT INTO public.boot VALUES ('53535353535353535353535353535353', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', NULL, 'disk', NULL, NULL, '10.77.0.13', 'a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3', 1300000, 'joined', 1300000, false, true);
INSERT INTO public.cluster VALUES ('03030303030303030303030303030303', 'lab', '{"name":"lab","endpoint":"https://10.77.0.10:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}', 1, NULL, '10.77.0.10:6443');
INSERT INTO public.cluster VALUES ('04040404040404040404040404040404', 'other', '{"name":"other","endpoint":"https://10.77.0.11:6443","talos":"1.13.9","kubernetes":"1.34.1","image":"talos","allow_plaintext":true,"members":[{"role":"worker","select":{"named":"m1"},"acceptance":"auto","disk":"serial:D1"}]}', 1, NULL, '10.77.0.11:6443');
INSERT INTO public.counter VALUES ('machine', 0);
INSERT INTO public.counter VALUES ('event', 6);
INSERT INTO public.counter VALUES ('status', 0);
INSERT INTO public.event VALUES (1, 5000, NULL, NULL, NULL, 'drover', 'registered', 'it is about registered');
INSERT INTO public.event VALUES (2, 5000, NULL, NULL, NULL, 'drover', 'config', 'it is about config');
INSERT INTO public.event VALUES (3, 5000, NULL, NULL, NULL, 'drover', 'config', 'it is about config');
INSERT INTO public.event VALUES (4, 5000, NULL, NULL, NULL, 'drover', 'config', 'it is about config');
INSERT INTO public.event VALUES (5, 5000, NULL, NULL, NULL, 'drover', 'config', 'it is about config');
INSERT INTO public.event VALUES (6, 5000, NULL, NULL, NULL, 'drover', 'bootstrap', 'it is about bootstrap');
INSERT INTO public.evidence VALUES ('01010101010101010101010101010101', 'mac', '52:54:00:77:00:01', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('02020202020202020202020202020202', 'mac', '52:54:00:77:00:02', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('03030303030303030303030303030303', 'mac', '52:54:00:77:00:03', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('04040404040404040404040404040404', 'mac', '52:54:00:77:00:04', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('05050505050505050505050505050505', 'mac', '52:54:00:77:00:05', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('06060606060606060606060606060606', 'mac', '52:54:00:77:00:06', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('07070707070707070707070707070707', 'mac', '52:54:00:77:00:07', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('08080808080808080808080808080808', 'mac', '52:54:00:77:00:08', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('09090909090909090909090909090909', 'mac', '52:54:00:77:00:09', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'mac', '52:54:00:77:00:0a', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'mac', '52:54:00:77:00:0b', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'mac', '52:54:00:77:00:0c', 900000, 1500000, 'registered');
INSERT INTO public.evidence VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'mac', '52:54:00:77:00:0d', 900000, 1500000, 'registered');
INSERT INTO public.fact VALUES ('01010101010101010101010101010101', 'arch', 'amd64', 'asked', 1001000);
INSERT INTO public.fact VALUES ('02020202020202020202020202020202', 'arch', 'amd64', 'asked', 1002000);
INSERT INTO public.fact VALUES ('03030303030303030303030303030303', 'arch', 'amd64', 'asked', 1003000);
INSERT INTO public.fact VALUES ('05050505050505050505050505050505', 'arch', 'amd64', 'asked', 1005000);
INSERT INTO public.fact VALUES ('07070707070707070707070707070707', 'arch', 'amd64', 'asked', 1007000);
INSERT INTO public.fact VALUES ('08080808080808080808080808080808', 'arch', 'amd64', 'asked', 1008000);
INSERT INTO public.fact VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'arch', 'amd64', 'asked', 1010000);
INSERT INTO public.fact VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'arch', 'amd64', 'asked', 1011000);
INSERT INTO public.fact VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'arch', 'amd64', 'asked', 1012000);
INSERT INTO public.fact VALUES ('04040404040404040404040404040404', 'arch', 'amd64', 'asked', 1004000);
INSERT INTO public.fact VALUES ('06060606060606060606060606060606', 'arch', 'amd64', 'asked', 1006000);
INSERT INTO public.fact VALUES ('09090909090909090909090909090909', 'arch', 'amd64', 'asked', 1009000);
INSERT INTO public.fact VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'arch', 'amd64', 'asked', 1013000);
INSERT INTO public.fact VALUES ('01010101010101010101010101010101', 'firmware', 'bios', 'asked', 1001000);
INSERT INTO public.fact VALUES ('02020202020202020202020202020202', 'firmware', 'uefi', 'asked', 1002000);
INSERT INTO public.fact VALUES ('03030303030303030303030303030303', 'firmware', 'bios', 'asked', 1003000);
INSERT INTO public.fact VALUES ('05050505050505050505050505050505', 'firmware', 'bios', 'asked', 1005000);
INSERT INTO public.fact VALUES ('07070707070707070707070707070707', 'firmware', 'bios', 'asked', 1007000);
INSERT INTO public.fact VALUES ('08080808080808080808080808080808', 'firmware', 'uefi', 'asked', 1008000);
INSERT INTO public.fact VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'firmware', 'uefi', 'asked', 1010000);
INSERT INTO public.fact VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'firmware', 'bios', 'asked', 1011000);
INSERT INTO public.fact VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'firmware', 'uefi', 'asked', 1012000);
INSERT INTO public.fact VALUES ('04040404040404040404040404040404', 'firmware', 'uefi', 'asked', 1004000);
INSERT INTO public.fact VALUES ('06060606060606060606060606060606', 'firmware', 'uefi', 'asked', 1006000);
INSERT INTO public.fact VALUES ('09090909090909090909090909090909', 'firmware', 'bios', 'asked', 1009000);
INSERT INTO public.fact VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'firmware', 'bios', 'asked', 1013000);
INSERT INTO public.fact VALUES ('01010101010101010101010101010101', 'manufacturer', 'Lab', 'asked', 1001000);
INSERT INTO public.fact VALUES ('02020202020202020202020202020202', 'manufacturer', 'Lab', 'asked', 1002000);
INSERT INTO public.fact VALUES ('03030303030303030303030303030303', 'manufacturer', 'Lab', 'asked', 1003000);
INSERT INTO public.fact VALUES ('05050505050505050505050505050505', 'manufacturer', 'Lab', 'asked', 1005000);
INSERT INTO public.fact VALUES ('07070707070707070707070707070707', 'manufacturer', 'Lab', 'asked', 1007000);
INSERT INTO public.fact VALUES ('08080808080808080808080808080808', 'manufacturer', 'Lab', 'asked', 1008000);
INSERT INTO public.fact VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'manufacturer', 'Lab', 'asked', 1010000);
INSERT INTO public.fact VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'manufacturer', 'Lab', 'asked', 1011000);
INSERT INTO public.fact VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'manufacturer', 'Lab', 'asked', 1012000);
INSERT INTO public.fact VALUES ('04040404040404040404040404040404', 'manufacturer', 'Lab', 'asked', 1004000);
INSERT INTO public.fact VALUES ('06060606060606060606060606060606', 'manufacturer', 'Lab', 'asked', 1006000);
INSERT INTO public.fact VALUES ('09090909090909090909090909090909', 'manufacturer', 'Lab', 'asked', 1009000);
INSERT INTO public.fact VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'manufacturer', 'Lab', 'asked', 1013000);
INSERT INTO public.fact VALUES ('01010101010101010101010101010101', 'product', 'R1', 'asked', 1001000);
INSERT INTO public.fact VALUES ('02020202020202020202020202020202', 'product', 'R2', 'asked', 1002000);
INSERT INTO public.fact VALUES ('03030303030303030303030303030303', 'product', 'R3', 'asked', 1003000);
INSERT INTO public.fact VALUES ('05050505050505050505050505050505', 'product', 'R5', 'asked', 1005000);
INSERT INTO public.fact VALUES ('07070707070707070707070707070707', 'product', 'R7', 'asked', 1007000);
INSERT INTO public.fact VALUES ('08080808080808080808080808080808', 'product', 'R8', 'asked', 1008000);
INSERT INTO public.fact VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'product', 'R10', 'asked', 1010000);
INSERT INTO public.fact VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'product', 'R11', 'asked', 1011000);
INSERT INTO public.fact VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'product', 'R12', 'asked', 1012000);
INSERT INTO public.fact VALUES ('04040404040404040404040404040404', 'product', 'R4', 'asked', 1004000);
INSERT INTO public.fact VALUES ('06060606060606060606060606060606', 'product', 'R6', 'asked', 1006000);
INSERT INTO public.fact VALUES ('09090909090909090909090909090909', 'product', 'R9', 'asked', 1009000);
INSERT INTO public.fact VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'product', 'R13', 'asked', 1013000);
INSERT INTO public.intent VALUES ('69696969696969696969696969696969', '05050505050505050505050505050505', '03030303030303030303030303030303', 'worker', 'serial:D5', 'policy:cluster lab', 'a new worker', 105000, 100000000, 0, NULL, NULL, 'install');
INSERT INTO public.intent VALUES ('68686868686868686868686868686868', '04040404040404040404040404040404', '03030303030303030303030303030303', 'worker', 'serial:D4', 'policy:cluster lab', 'a new worker', 104000, 100000000, 1, NULL, NULL, 'install');
INSERT INTO public.intent VALUES ('6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a6a', '06060606060606060606060606060606', '03030303030303030303030303030303', 'controlplane', 'serial:D6', 'policy:cluster lab', 'a new worker', 106000, 100000000, 1, 1400000, 'fulfilled', 'install');
INSERT INTO public.intent VALUES ('6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d', '09090909090909090909090909090909', '03030303030303030303030303030303', 'worker', 'serial:D9', 'policy:cluster lab', 'a new worker', 109000, 100000000, 1, 1400000, 'failed', 'install');
INSERT INTO public.intent VALUES ('6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e6e', '0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', '03030303030303030303030303030303', 'worker', 'serial:D10', 'policy:cluster lab', 'a new worker', 110000, 100000000, 0, 1400000, 'failed', 'install');
INSERT INTO public.intent VALUES ('71717171717171717171717171717171', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', '04040404040404040404040404040404', 'controlplane', 'serial:D13', 'policy:cluster lab', 'a new worker', 113000, 100000000, 1, 1400000, 'fulfilled', 'install');
INSERT INTO public.lease VALUES ('lab', '02:00:00:00:00:06', '10.77.0.6', '\x01020000000006', 100000, 3700000);
INSERT INTO public.machine VALUES ('01010101010101010101010101010101', 'm1', 1001000, 'discovered', 1001000, NULL, NULL, NULL, NULL, 'serial:D1', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('02020202020202020202020202020202', 'm2', 1002000, 'inspecting', 1002000, 100000000, NULL, NULL, NULL, 'serial:D2', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('03030303030303030303030303030303', 'm3', 1003000, 'available', 1003000, NULL, NULL, NULL, NULL, 'serial:D3', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('05050505050505050505050505050505', 'm5', 1005000, 'provisioning/active', 1005000, 100000000, NULL, NULL, NULL, 'serial:D5', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('07070707070707070707070707070707', 'm7', 1007000, 'cleaning', 1007000, 100000000, NULL, NULL, NULL, 'serial:D7', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('08080808080808080808080808080808', 'm8', 1008000, 'failed/inspecting', 1008000, NULL, 'install', 'it was silent', 'look at it', 'serial:D8', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'm10', 1010000, 'failed/provisioning/active', 1010000, NULL, 'install', 'it was silent', 'look at it', 'serial:D10', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'm11', 1011000, 'failed/cleaning', 1011000, NULL, 'install', 'it was silent', 'look at it', 'serial:D11', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'm12', 1012000, 'retired', 1012000, NULL, NULL, NULL, NULL, 'serial:D12', 0, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('04040404040404040404040404040404', 'm4', 1004000, 'provisioning/available', 1004000, 100000000, NULL, NULL, NULL, 'serial:D4', 1, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('06060606060606060606060606060606', 'm6', 1006000, 'active', 1006000, NULL, NULL, NULL, NULL, 'serial:D6', 1, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('09090909090909090909090909090909', 'm9', 1009000, 'failed/provisioning/available', 1009000, NULL, 'install', 'it was silent', 'look at it', 'serial:D9', 1, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.machine VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'm13', 1013000, 'active', 1013000, NULL, NULL, NULL, NULL, 'serial:D13', 1, NULL, NULL, NULL, NULL, 0);
INSERT INTO public.member VALUES ('05050505050505050505050505050505', '03030303030303030303030303030303', 'worker', 105000, NULL);
INSERT INTO public.member VALUES ('04040404040404040404040404040404', '03030303030303030303030303030303', 'worker', 104000, NULL);
INSERT INTO public.member VALUES ('06060606060606060606060606060606', '03030303030303030303030303030303', 'controlplane', 106000, NULL);
INSERT INTO public.member VALUES ('09090909090909090909090909090909', '03030303030303030303030303030303', 'worker', 109000, NULL);
INSERT INTO public.member VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', '03030303030303030303030303030303', 'worker', 110000, NULL);
INSERT INTO public.member VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', '04040404040404040404040404040404', 'controlplane', 113000, NULL);
INSERT INTO public.operation VALUES ('03030303030303030303030303030303', 'bootstrap', 'call', '03030303030303030303030303030303', '06060606060606060606060606060606', 1350000, 'done', NULL);
INSERT INTO public.operation VALUES ('04040404040404040404040404040404', 'bootstrap', 'call', '04040404040404040404040404040404', '0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 1350000, 'unknown', NULL);
INSERT INTO public.power_on VALUES ('04040404040404040404040404040404', 1050000);
INSERT INTO public.registration VALUES ('01010101010101010101010101010101', 'mac', '52:54:00:77:00:01');
INSERT INTO public.registration VALUES ('02020202020202020202020202020202', 'mac', '52:54:00:77:00:02');
INSERT INTO public.registration VALUES ('03030303030303030303030303030303', 'mac', '52:54:00:77:00:03');
INSERT INTO public.registration VALUES ('04040404040404040404040404040404', 'mac', '52:54:00:77:00:04');
INSERT INTO public.registration VALUES ('05050505050505050505050505050505', 'mac', '52:54:00:77:00:05');
INSERT INTO public.registration VALUES ('06060606060606060606060606060606', 'mac', '52:54:00:77:00:06');
INSERT INTO public.registration VALUES ('07070707070707070707070707070707', 'mac', '52:54:00:77:00:07');
INSERT INTO public.registration VALUES ('08080808080808080808080808080808', 'mac', '52:54:00:77:00:08');
INSERT INTO public.registration VALUES ('09090909090909090909090909090909', 'mac', '52:54:00:77:00:09');
INSERT INTO public.registration VALUES ('0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a', 'mac', '52:54:00:77:00:0a');
INSERT INTO public.registration VALUES ('0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b', 'mac', '52:54:00:77:00:0b');
INSERT INTO public.registration VALUES ('0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c', 'mac', '52:54:00:77:00:0c');
INSERT INTO public.registration VALUES ('0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d0d', 'mac', '52:54:00:77:00:0d');
INSERT INTO public.request VALUES ('k1', '\x0505050505050505050505050505050505050505050505050505050505050505', 'done', 900000);
INSERT INTO public.reservation VALUES ('10.77.0.6', '52:54:00:77:00:06', '06060606060606060606060606060606');
INSERT INTO public.secret VALUES ('machine', '04040404040404040404040404040404', 'bmc_password', 1, '4bf0e3b7999a7a03', '\x55cba914e9f343f49ff91f08fa5716daf5923e90c11a6272721ff2960c32514ca98f3e54dd137a9d2d93ad96f3663f749587c46fff9cfde629226886417fe1c9e78f8e787f323b53', '\x11ba0adc60919f4726fcc55cecc24e1f106651594f1ff7fa', '\x6756bb1669af0d4a5b584e6b827b11ba2b0f8296af1aec243434e4', 900000);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_intent_number_key UNIQUE (intent, number);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bmc
    ADD CONSTRAINT bmc_machine_key UNIQUE (machine);
ALTER TABLE ONLY public.bmc
    ADD CONSTRAINT bmc_pkey PRIMARY KEY (identity);
ALTER TABLE ONLY public.boot
    ADD CONSTRAINT boot_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.claimant
    ADD CONSTRAINT claimant_pkey PRIMARY KEY (machine, boot, card, address, uuid, serial);
ALTER TABLE ONLY public.cluster
    ADD CONSTRAINT cluster_name_key UNIQUE (name);
ALTER TABLE ONLY public.cluster
    ADD CONSTRAINT cluster_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.counter
    ADD CONSTRAINT counter_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.event
    ADD CONSTRAINT event_pkey PRIMARY KEY (seq);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (machine, kind, value);
ALTER TABLE ONLY public.fact
    ADD CONSTRAINT fact_pkey PRIMARY KEY (machine, kind);
ALTER TABLE ONLY public.generation
    ADD CONSTRAINT generation_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.ignored_uuid
    ADD CONSTRAINT ignored_uuid_pkey PRIMARY KEY (value);
ALTER TABLE ONLY public.intent
    ADD CONSTRAINT intent_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (subnet, client);
ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_subnet_address_key UNIQUE (subnet, address);
ALTER TABLE ONLY public.machine
    ADD CONSTRAINT machine_name_key UNIQUE (name);
ALTER TABLE ONLY public.machine
    ADD CONSTRAINT machine_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.machine_status
    ADD CONSTRAINT machine_status_pkey PRIMARY KEY (machine);
ALTER TABLE ONLY public.machine_status
    ADD CONSTRAINT machine_status_version_key UNIQUE (version);
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (machine, cluster, since);
ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.power_on
    ADD CONSTRAINT power_on_pkey PRIMARY KEY (machine);
ALTER TABLE ONLY public.registration
    ADD CONSTRAINT registration_pkey PRIMARY KEY (machine, kind, value);
ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (idempotency_key);
ALTER TABLE ONLY public.reservation
    ADD CONSTRAINT reservation_pkey PRIMARY KEY (address);
ALTER TABLE ONLY public.secret
    ADD CONSTRAINT secret_pkey PRIMARY KEY (place_table, place_row, place_field);
CREATE INDEX attempt_of_boot ON public.attempt USING btree (boot);
CREATE INDEX attempt_of_machine ON public.attempt USING btree (machine, release_at);
CREATE UNIQUE INDEX attempt_open ON public.attempt USING btree (machine) WHERE (closed_at IS NULL);
CREATE INDEX boot_of_address ON public.boot USING btree (address, opened);
CREATE INDEX boot_of_age ON public.boot USING btree (opened);
CREATE INDEX boot_of_attempt ON public.boot USING btree (attempt);
CREATE INDEX boot_of_mac ON public.boot USING btree (mac, opened);
CREATE INDEX boot_of_machine ON public.boot USING btree (machine, opened);
CREATE UNIQUE INDEX cluster_of_endpoint ON public.cluster USING btree (endpoint);
CREATE INDEX event_of_boot ON public.event USING btree (boot, seq);
CREATE INDEX event_of_cluster ON public.event USING btree (cluster, seq);
CREATE INDEX event_of_machine ON public.event USING btree (machine, seq);
CREATE INDEX evidence_of_value ON public.evidence USING btree (kind, value);
CREATE INDEX intent_of_machine ON public.intent USING btree (machine, opened);
CREATE UNIQUE INDEX intent_standing ON public.intent USING btree (machine) WHERE (closed_at IS NULL);
CREATE INDEX lease_of_address ON public.lease USING btree (address);
CREATE INDEX machine_forgotten_as ON public.machine USING btree (forgotten_as, forgotten);
CREATE INDEX member_of_cluster ON public.member USING btree (cluster);
CREATE UNIQUE INDEX member_standing ON public.member USING btree (machine) WHERE (left_at IS NULL);
CREATE UNIQUE INDEX operation_standing ON public.operation USING btree (cluster, kind) WHERE (withdrawn_at IS NULL);
CREATE INDEX request_of_age ON public.request USING btree (at);
CREATE INDEX reservation_of_mac ON public.reservation USING btree (mac);
CREATE INDEX reservation_of_machine ON public.reservation USING btree (machine);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_cluster_fkey FOREIGN KEY (cluster) REFERENCES public.cluster(id);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_intent_fkey FOREIGN KEY (intent) REFERENCES public.intent(id);
ALTER TABLE ONLY public.attempt
    ADD CONSTRAINT attempt_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.bmc
    ADD CONSTRAINT bmc_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.boot
    ADD CONSTRAINT boot_attempt_fkey FOREIGN KEY (attempt) REFERENCES public.attempt(id);
ALTER TABLE ONLY public.boot
    ADD CONSTRAINT boot_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.claimant
    ADD CONSTRAINT claimant_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.fact
    ADD CONSTRAINT fact_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.intent
    ADD CONSTRAINT intent_cluster_fkey FOREIGN KEY (cluster) REFERENCES public.cluster(id);
ALTER TABLE ONLY public.intent
    ADD CONSTRAINT intent_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.machine_status
    ADD CONSTRAINT machine_status_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_cluster_fkey FOREIGN KEY (cluster) REFERENCES public.cluster(id);
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_cluster_fkey FOREIGN KEY (cluster) REFERENCES public.cluster(id);
ALTER TABLE ONLY public.operation
    ADD CONSTRAINT operation_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.power_on
    ADD CONSTRAINT power_on_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.registration
    ADD CONSTRAINT registration_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
ALTER TABLE ONLY public.reservation
    ADD CONSTRAINT reservation_machine_fkey FOREIGN KEY (machine) REFERENCES public.machine(id);
