//! Messages that hold passwords or keys print everything but these: whatever logs a request or an
//! answer must not log a secret.

use std::fmt::{Debug, Formatter, Result};

use crate::v1::{
    ApplyMachinesRequest, ExportSecretsResponse, ImportSecretsRequest, KubeConfigResponse,
    TalosConfigResponse,
};

impl Debug for ApplyMachinesRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ApplyMachinesRequest")
            .field("mutation", &self.mutation)
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Debug for TalosConfigResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("TalosConfigResponse")
            .field("until", &self.until)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl Debug for KubeConfigResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("KubeConfigResponse")
            .field("until", &self.until)
            .field("notes", &self.notes)
            .finish_non_exhaustive()
    }
}

impl Debug for ExportSecretsResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ExportSecretsResponse")
            .finish_non_exhaustive()
    }
}

impl Debug for ImportSecretsRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("ImportSecretsRequest")
            .field("mutation", &self.mutation)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_document_with_secrets_is_shown() {
        let document = || "hunter2".to_owned();
        let shown = [
            format!(
                "{:?}",
                ApplyMachinesRequest {
                    document: document(),
                    ..ApplyMachinesRequest::default()
                }
            ),
            format!(
                "{:?}",
                TalosConfigResponse {
                    document: document(),
                    ..TalosConfigResponse::default()
                }
            ),
            format!(
                "{:?}",
                KubeConfigResponse {
                    document: document(),
                    ..KubeConfigResponse::default()
                }
            ),
            format!(
                "{:?}",
                ExportSecretsResponse {
                    document: document()
                }
            ),
            format!(
                "{:?}",
                ImportSecretsRequest {
                    document: document(),
                    ..ImportSecretsRequest::default()
                }
            ),
        ];
        for text in shown {
            assert!(!text.contains("hunter2"), "{text}");
            assert!(text.contains(".."), "{text}");
        }
    }
}
