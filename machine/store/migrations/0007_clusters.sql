-- A deleted cluster keeps its row, because intents and attempts name it; its name and its endpoint
-- are free again. The endpoint is kept in one spelling, so that two clusters can't share a place.
ALTER TABLE cluster ADD COLUMN deleted BIGINT;
ALTER TABLE cluster ADD COLUMN endpoint TEXT;
CREATE UNIQUE INDEX cluster_of_endpoint ON cluster (endpoint);
