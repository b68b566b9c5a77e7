-- What tells one BMC from another: its address alone at a port of the standards, its address and port
-- at any other, as `BmcIdentity` of machine-core says it.
ALTER TABLE machine ADD COLUMN bmc_identity TEXT;
UPDATE machine SET bmc_identity = CASE
        WHEN bmc_address LIKE '%:80' THEN substr(bmc_address, 1, length(bmc_address) - 3)
        WHEN bmc_address LIKE '%:443' OR bmc_address LIKE '%:623' OR bmc_address LIKE '%:664'
            THEN substr(bmc_address, 1, length(bmc_address) - 4)
        ELSE bmc_address
    END
    WHERE bmc_address IS NOT NULL;

-- Of machines that were registered with one BMC by two ports, the one that is known for longest keeps
-- it: whoever wrote it a second time came later.
UPDATE machine SET bmc_protocol = NULL, bmc_address = NULL, bmc_username = NULL, bmc_identity = NULL
    WHERE bmc_identity IS NOT NULL AND EXISTS (
        SELECT 1 FROM machine AS earlier WHERE earlier.bmc_identity = machine.bmc_identity
            AND (earlier.known_since < machine.known_since
                OR (earlier.known_since = machine.known_since AND earlier.id < machine.id))
    );
DROP INDEX machine_of_bmc;
CREATE UNIQUE INDEX machine_of_bmc ON machine (bmc_identity) WHERE bmc_identity IS NOT NULL;
