//! Everything that a crate is linked with, as `cargo tree` tells it: with the features that are on
//! when this crate is built alone, and by which way it gets there.
//!
//! The form that is read: `--edges normal,no-proc-macro --prefix depth --format "{p}|{f}"`. Procedural
//! macros run in the compiler and are no part of the crate.

/// One package in the tree of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreePackage {
    /// Its name.
    pub name: String,
    /// Its features that are on.
    pub features: Vec<String>,
    /// Who brought it: from the crate itself down to the package.
    pub chain: Vec<String>,
}

/// The packages in the answer of `cargo tree`, each once. Lines that are not of the form are given
/// back as they are: a form that changed must not pass for an empty tree.
pub fn packages(answer: &str) -> Result<Vec<TreePackage>, String> {
    let mut chain: Vec<String> = Vec::new();
    let mut packages = Vec::new();
    for line in answer.lines().filter(|line| !line.is_empty()) {
        let (depth, name, features) = row(line).ok_or_else(|| line.to_owned())?;
        chain.truncate(depth);
        chain.push(name.to_owned());
        // A subtree that was shown before is marked so, and left out.
        if !line.trim_end().ends_with("(*)") {
            packages.push(TreePackage {
                name: name.to_owned(),
                features: features.map(str::to_owned).collect(),
                chain: chain.clone(),
            });
        }
    }
    Ok(packages)
}

fn row(line: &str) -> Option<(usize, &str, impl Iterator<Item = &str>)> {
    let digits = line.find(|c: char| !c.is_ascii_digit())?;
    let depth = line.get(..digits)?.parse().ok()?;
    let (package, features) = line.get(digits..)?.split_once('|')?;
    let (name, version) = package.split_once(" v")?;
    let is_version = version.starts_with(|c: char| c.is_ascii_digit());
    let features = features.trim().trim_end_matches("(*)").trim().split(',');
    (is_version && !name.contains(' '))
        .then(|| (depth, name, features.filter(|feature| !feature.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_with_its_chains() {
        let answer = "0top v0.1.0 (/w/top)|\n1serde v1.0.2|derive,std\n2serde_core v1.0.2|std\n\
                      1other v2.0.0-rc.1|\n2serde v1.0.2|derive,std (*)\n";
        let rows: Vec<(String, String, String)> = packages(answer)
            .unwrap()
            .into_iter()
            .map(|package| {
                (
                    package.name,
                    package.features.join("+"),
                    package.chain.join(" > "),
                )
            })
            .collect();
        let row = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        assert_eq!(
            rows,
            [
                row("top", "", "top"),
                row("serde", "derive+std", "top > serde"),
                row("serde_core", "std", "top > serde > serde_core"),
                row("other", "", "top > other"),
            ]
        );
    }

    #[test]
    fn another_form_is_not_taken_for_an_empty_tree() {
        for line in [
            "├── serde v1.0.2|std",
            "serde v1.0.2",
            "1serde|std",
            "warning: unused",
        ] {
            assert_eq!(packages(line), Err(line.to_owned()));
        }
    }
}
