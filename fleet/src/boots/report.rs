//! What a system tells of itself by HTTP: its token first.

use pxe_server::directory::SystemReport;

use crate::boots::BootAnswers;
use crate::error::StepError;

impl BootAnswers {
    /// Whether it is taken.
    pub(super) async fn hear_report(&self, report: &SystemReport) -> Result<bool, StepError> {
        let Some(attempt) = self.site.tokens.verify(&report.token) else {
            let asker = (report.peer, report.hardware);
            self.note_guess(asker, self.site.now()).await?;
            return Ok(false);
        };
        self.reports.keep_report(attempt, report).await
    }
}
