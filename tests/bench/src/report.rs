//! The figures of a run: medians, and the ratio to the peer, round by round.

use std::fmt::Write as _;

/// A figure of Drover and one of a peer, taken in each round.
#[derive(Debug)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) case: String,
    /// What was measured, with its unit.
    pub(crate) measure: &'static str,
    /// Beside whom.
    pub(crate) peer: &'static str,
    /// Drover's figure and the peer's, of each round.
    pub(crate) rounds: Vec<[f64; 2]>,
}

/// All figures of a run.
#[derive(Debug, Default)]
pub(crate) struct Report {
    head: String,
    rows: Vec<Row>,
    remarks: Vec<String>,
}

impl Report {
    /// What stands above the table.
    pub(crate) fn head(&mut self, lines: String) {
        self.head = lines;
    }

    /// One more figure.
    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// A sentence below the table.
    pub(crate) fn remark(&mut self, sentence: String) {
        self.remarks.push(sentence);
    }

    /// As a table.
    pub(crate) fn markdown(&self) -> String {
        let mut text = self.head.clone();
        text.push_str(
            "| case | measure | Drover | peer | | Drover / peer (least to most) |\n\
             |---|---|---:|---:|---|---:|\n",
        );
        for row in &self.rows {
            let of = |index: usize| {
                row.rounds
                    .iter()
                    .filter_map(move |it| it.get(index).copied())
            };
            let ratios = || row.rounds.iter().map(|[ours, theirs]| ours / theirs);
            let least = ratios().fold(f64::INFINITY, f64::min);
            let most = ratios().fold(0.0, f64::max);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | **{:.2}** ({least:.2} to {most:.2}) |",
                row.case,
                row.measure,
                figure(median(of(0))),
                figure(median(of(1))),
                row.peer,
                median(ratios()),
            );
        }
        for remark in &self.remarks {
            let _ = write!(text, "\n{remark}\n");
        }
        text
    }
}

/// The middle one; of an even number, the mean of the two in the middle.
fn median(figures: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = figures.collect();
    sorted.sort_by(f64::total_cmp);
    let half = sorted.len() / 2;
    let upper = sorted.get(half).copied().unwrap_or(f64::NAN);
    match sorted.get(half.wrapping_sub(1)) {
        Some(lower) if sorted.len().is_multiple_of(2) => f64::midpoint(*lower, upper),
        _ => upper,
    }
}

/// Three digits that matter.
fn figure(value: f64) -> String {
    match value {
        _ if value.is_nan() => "none".to_owned(),
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_in_the_middle() {
        for (figures, wanted) in [
            (&[3.0, 1.0, 2.0][..], 2.0),
            (&[4.0, 1.0, 2.0, 3.0], 2.5),
            (&[7.0], 7.0),
        ] {
            assert!((median(figures.iter().copied()) - wanted).abs() < 1e-9);
        }
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn ratios_are_taken_round_by_round() {
        let mut report = Report::default();
        report.add(Row {
            case: "one file".to_owned(),
            measure: "MB/s",
            peer: "peer",
            rounds: vec![[10.0, 10.0], [30.0, 10.0], [200.0, 100.0]],
        });
        report.remark("It rained.".to_owned());
        let text = report.markdown();
        let row =
            "| one file | MB/s | 30.0 | 10.0 | peer | **2.00** (1.00 to 3.00) |\n\nIt rained.\n";
        assert!(text.ends_with(row), "{text}");
    }
}
