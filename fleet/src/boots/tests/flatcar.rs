//! Another system than Talos on the same way: its own kernel line, its own artefact, no secrets.

use machine_core::network::{DhcpMode, UnknownPolicy};
use machine_core::os::{FlatcarSpec, OsSpec};
use machine_store::attempts;
use machine_store::change::{AttemptWrite, Change, ClusterWrite, IntentWrite, MachineWrite};
use pxe_server::directory::{Directory, DocumentRequest, ScriptAnswer};
use semver::Version;

use super::rack::*;
use super::recorded::*;
use super::who::*;
use crate::fixtures::now;

impl Rack {
    /// With a machine whose cluster runs Flatcar.
    async fn flatcar() -> Self {
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
