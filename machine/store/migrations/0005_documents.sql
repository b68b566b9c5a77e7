-- What a document says of a machine's identity: its cards, its UUID, its serial number. All of it is
-- evidence too; what is left out of the next document is taken from both. What a machine only showed
-- on the wire is in none of these rows.
CREATE TABLE registration (
    machine TEXT NOT NULL REFERENCES machine (id),
    kind    TEXT NOT NULL,
    value   TEXT NOT NULL,
    PRIMARY KEY (machine, kind, value)
);

-- One BMC switches one machine. Of machines that were registered with one address, the one that is
-- known for longest keeps it: whoever copied its lines came later.
UPDATE machine SET bmc_protocol = NULL, bmc_address = NULL, bmc_username = NULL
    WHERE bmc_address IS NOT NULL AND EXISTS (
        SELECT 1 FROM machine AS earlier WHERE earlier.bmc_address = machine.bmc_address
            AND (earlier.known_since < machine.known_since
                OR (earlier.known_since = machine.known_since AND earlier.id < machine.id))
    );
CREATE UNIQUE INDEX machine_of_bmc ON machine (bmc_address) WHERE bmc_address IS NOT NULL;
