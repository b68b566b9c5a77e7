//! Talos' own protocols: API client, event sink, kernel log.
