-- How the record of a machine ends. A forgotten machine keeps its row, so that boots, permissions,
-- attempts and a cluster's bootstrap still say whose they were; nothing else reads it as a machine.
ALTER TABLE machine ADD COLUMN forgotten BIGINT;
ALTER TABLE machine ADD COLUMN forgotten_as TEXT;
CREATE INDEX machine_forgotten_as ON machine (forgotten_as, forgotten);

-- The GUID that a person accepted as that of the machine around its BMC.
ALTER TABLE machine ADD COLUMN bmc_guid TEXT;

-- SMBIOS UUIDs that a person found on more than one board: they identify nothing.
CREATE TABLE ignored_uuid (
    value TEXT PRIMARY KEY,
    at    BIGINT NOT NULL
);
