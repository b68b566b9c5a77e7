//! Another system than Talos on the same way: its own kernel line, its own artefact, no secrets.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use machine_core::attempt::{AttemptEnd, Verdict};
use machine_core::boot::{Boot, BootOrigin, BootStep};
use machine_core::id::AttemptId;
use machine_core::network::{DhcpMode, UnknownPolicy};
use machine_core::os::{FlatcarSpec, OsSpec};
use machine_store::change::{AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite};
use machine_store::{attempts, boots, events};
use pxe_server::directory::{Directory, DocumentRequest, ScriptAnswer, SystemReport};
use semver::Version;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;

impl Rack {
    /// With a machine whose cluster runs Flatcar.
    pub(super) async fn flatcar() -> Self {
        let at = now();
        let mut cluster = cluster(named());
        cluster.spec.os = OsSpec::Flatcar(FlatcarSpec {
            version: Version::new(4459, 2, 1),
            authorized_keys: Vec::new(),
        });
        let change = Change {
            machines: vec![MachineWrite::Insert(registered(false, at))],
            clusters: vec![ClusterWrite::Insert(cluster)],
            intents: vec![IntentWrite::Open(intent(at))],
            attempts: vec![AttemptWrite::Open(attempt(at))],
            ..Change::default()
        };
        let ranges = vec!["10.77.0.50-10.77.0.99".parse().unwrap()];
        let mode = DhcpMode::Authoritative { ranges };
        Self::without_secrets(UnknownPolicy::Ignore, mode, change).await
    }
}

impl Rack {
    /// What the machine's system tells.
    async fn reports(&self, who: &Who, token: &str, name: &str, words: &str) -> bool {
        let report = SystemReport {
            token: token.to_owned(),
            name: name.to_owned(),
            peer: who.address,
            hardware: Some(who.card),
            body: Bytes::copy_from_slice(words.as_bytes()),
        };
        self.directory.report(report).await.is_ok()
    }

    /// It boots the installer; the token of its kernel line.
    pub(super) async fn installer(&self) -> String {
        let boot = self.dhcp(&machine()).await;
        let answer = self.script(&machine(), boot).await.unwrap();
        token(&answer).unwrap()
    }

    /// What its node said that ends the attempt.
    async fn verdict(&self) -> Option<Verdict> {
        let attempt = attempts::find(&self.directory.site.db, ATTEMPT).await;
        attempt.unwrap().unwrap().verdict
    }

    /// The kinds of the events on its timeline.
    async fn timeline(&self) -> Vec<String> {
        let db = &self.directory.site.db;
        let all = events::of_machine(db, MACHINE, 0, 100).await.unwrap();
        all.into_iter().map(|it| it.event.kind).collect()
    }

    /// Its boots, newest first.
    async fn recent(&self) -> Vec<Boot> {
        boots::recent(&self.directory.site.db, MACHINE, 10)
            .await
            .unwrap()
    }
}

pub(super) fn ignition(token: &str) -> DocumentRequest {
    DocumentRequest {
        name: "ignition".to_owned(),
        ..request(&machine(), token)
    }
}

#[tokio::test]
async fn a_machine_that_reports_by_http_is_believed_to_install_and_to_run() {
    let rack = Rack::flatcar().await;
    let token = rack.installer().await;
    assert!(!rack.reports(&machine(), &token, "installing", "").await);
    assert!(!rack.reports(&machine(), &token, "running", "").await);
    let document = rack.directory.document(ignition(&token)).await.unwrap();
    let own = format!("http://10.77.0.1:8080/c/{token}/report/");
    let config = installer_files(&document.body);
    assert!(config.contains(&own), "{config}");
    for (name, step) in [
        ("installing", BootStep::Installing),
        ("installed", BootStep::Installed),
    ] {
        for _ in 0..2 {
            assert!(rack.reports(&machine(), &token, name, "").await, "{name}");
        }
        assert_eq!(rack.recent().await[0].step, step, "{name}");
    }
    for _ in 0..2 {
        assert!(rack.reports(&machine(), &token, "running", "").await);
    }
    let boots = rack.recent().await;
    assert_eq!(boots.len(), 2, "{boots:?}");
    assert_eq!(boots[0].origin, BootOrigin::Disk);
    assert_eq!(boots[0].attempt, Some(ATTEMPT));
    assert_eq!(boots[0].step, BootStep::Joined);
    assert_eq!(boots[0].ready, Some(true));
    let told = rack.timeline().await;
    let of = |kind: &str| told.iter().filter(|it| *it == kind).count();
    let kinds = ["installing", "installed", "disk", "joined"];
    assert_eq!(kinds.map(of), [1, 1, 1, 1], "{told:?}");
}

#[tokio::test]
async fn nobody_reports_for_a_machine_without_its_token_its_card_and_a_name_that_is_known() {
    let rack = Rack::flatcar().await;
    let token = rack.installer().await;
    rack.directory.document(ignition(&token)).await.unwrap();
    let other = rack
        .directory
        .site
        .tokens
        .mint(AttemptId::from_bytes([9; 16]));
    let with_a_card_of_the_machine = Who {
        address: stranger().address,
        ..machine()
    };
    for (who, token, name) in [
        (machine(), "guessed", "installing"),
        (machine(), other.as_str(), "installing"),
        (machine(), token.as_str(), "../ignition"),
        (stranger(), token.as_str(), "failed"),
        (stranger(), token.as_str(), "running"),
        (with_a_card_of_the_machine, token.as_str(), "running"),
    ] {
        assert!(
            !rack.reports(&who, token, name, "x").await,
            "{who:?} {name}"
        );
    }
    let boots = rack.recent().await;
    assert_eq!(boots.len(), 1, "{boots:?}");
    assert_eq!(boots[0].step, BootStep::Config);
    assert_eq!(rack.verdict().await, None);
}

#[tokio::test]
async fn an_installer_that_reports_its_failure_ends_the_attempt_with_its_words() {
    let rack = Rack::flatcar().await;
    let token = rack.installer().await;
    rack.directory.document(ignition(&token)).await.unwrap();
    for _ in 0..2 {
        assert!(
            rack.reports(&machine(), &token, "failed", "no\nspace \u{7}")
                .await
        );
    }
    let verdict = rack.verdict().await.unwrap();
    assert_eq!(verdict.end, AttemptEnd::InstallerFailed);
    assert!(verdict.why.contains("no space"), "{}", verdict.why);
    assert!(
        !verdict.why.contains('\u{7}'),
        "no control characters: {:?}",
        verdict.why
    );
}

/// All files that a config has, one behind the other.
fn installer_files(config: &[u8]) -> String {
    let config: serde_json::Value = serde_json::from_slice(config).unwrap();
    let files = config["storage"]["files"].as_array().unwrap().iter();
    let texts = files.map(|file| {
        let source = file["contents"]["source"].as_str().unwrap();
        let encoded = source.strip_prefix("data:;base64,").unwrap();
        String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap()
    });
    texts.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_machine_of_flatcar_fetches_its_one_artefact_by_the_same_rules() {
    let rack = Rack::flatcar().await;
    let boot = rack.dhcp(&machine()).await;
    let answer = rack.script(&machine(), boot).await.unwrap();
    let ScriptAnswer::Boot { arguments, .. } = &answer else {
        panic!("{answer:?}");
    };
    let line = arguments.join(" ");
    assert!(line.contains("flatcar.first_boot=1 ignition.config.url=http://10.77.0.1:8080/c/"));
    assert!(!line.contains("talos"), "{line}");
    let token = token(&answer).unwrap();
    assert_eq!(rack.config(&machine(), &token).await, Config::Refused);
    assert!(
        !rack.is_released().await,
        "the name of another system opens nothing"
    );
    let asked = || DocumentRequest {
        name: "ignition".to_owned(),
        ..request(&machine(), &token)
    };
    let impostor = DocumentRequest {
        peer: stranger().address,
        hardware: Some(stranger().card),
        ..asked()
    };
    assert_eq!(rack.config_asked(impostor).await, Config::Refused);
    let document = rack.directory.document(asked()).await.unwrap();
    assert_eq!(document.media_type, "application/vnd.coreos.ignition+json");
    let again = rack.directory.document(asked()).await.unwrap();
    assert_eq!(document.body, again.body);
    let attempt = attempts::find(&rack.directory.site.db, ATTEMPT).await;
    let release = attempt.unwrap().unwrap().release.unwrap();
    assert_eq!(release.fetches(), 2);
}
