//! What documents say of a machine: all of it is recorded, and what is left out is cleared.

use machine_core::evidence::Claim;
use machine_core::hardware::MacAddress;
use machine_core::id::MachineId;
use machine_core::machine::Machine;
use machine_store::change::{Change, MachineWrite};
use machine_store::evidence::Evidence;
use machine_store::place::Place;
use machine_store::secrets;

use crate::around::{Around, NOW, caller};

const WHOLE: &str = "machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:00:01\", address: 10.77.0.10 }, { mac: \"52:54:00:77:00:02\" }]
    uuid: 4c4c4544-0000-4000-8000-000000000001
    serial: BOARD1
    disk: { wwn: 0x5000c500a1b2c3d4 }
    bmc: { ipmi: 10.77.1.11, username: drover, password: hunter2 }
";

pub(crate) const BARE: &str = "machines:
  - name: cp-1
    nics: [{ mac: \"52:54:00:77:00:01\" }]
";

fn mac(last: u8) -> MacAddress {
    MacAddress::new([0x52, 0x54, 0, 0x77, 0, last])
}

impl Around {
    /// A machine that asked the network from these cards, as what nobody named.
    pub(crate) async fn found(&self, id: u8, cards: &[u8], uuid: Option<&str>) -> MachineId {
        let id = MachineId::from_bytes([id; 16]);
        let mut all = cards.iter().copied().map(mac);
        let first = all.next().unwrap();
        let claim = Claim {
            mac: first,
            others: all.collect(),
            uuid: uuid.map(|it| it.parse().unwrap()),
            serial: None,
            complete: true,
        };
        let machine = Machine::discovered(id, Machine::generated_name(first), NOW);
        self.write(Change {
            machines: vec![MachineWrite::Insert(machine)],
            evidence: vec![Evidence::of_claim(id, &claim, NOW)],
            ..Change::default()
        })
        .await;
        id
    }

    /// Every card, UUID and serial number that is known of a machine.
    pub(crate) async fn known(&self, name: &str) -> Vec<String> {
        let details = self.operations.show_machine(&caller(), name).await.unwrap();
        let mut known: Vec<String> = details.evidence.iter().map(|it| it.value.clone()).collect();
        known.sort();
        known
    }
}

#[tokio::test]
async fn what_an_entry_leaves_out_is_cleared_and_said() {
    let around = Around::new().await;
    around.rack(WHOLE, "whole").await.unwrap();
    let machine = around.machine("cp-1").await;
    let place = Place::new("machine", machine.id, "bmc_password");
    assert!(secrets::find(&around.db, &place).await.unwrap().is_some());

    let notes = around.rack(BARE, "bare").await.unwrap();
    let wanted = "cp-1: cleared, for its entry leaves it out: disk wwn:naa.5000c500a1b2c3d4, \
                  bmc 10.77.1.11:623, card 52:54:00:77:00:02, serial BOARD1, \
                  uuid 4c4c4544-0000-4000-8000-000000000001, address 10.77.0.10 of \
                  52:54:00:77:00:01";
    assert_eq!(notes, [wanted]);
    let machine = around.machine("cp-1").await;
    assert_eq!((machine.install_disk, machine.bmc), (None, None));
    assert_eq!(around.known("cp-1").await, ["52:54:00:77:00:01"]);
    assert!(secrets::find(&around.db, &place).await.unwrap().is_none());
    assert!(around.world.reserved.lock().unwrap().is_empty());
    let said = around.events().await.join("\n");
    assert!(said.contains("bmc 10.77.1.11:623 removed"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test]
async fn what_a_machine_only_showed_on_the_wire_stays() {
    let around = Around::new().await;
    around.rack(BARE, "bare").await.unwrap();
    let claim = Claim {
        mac: mac(1),
        others: [mac(7)].into(),
        uuid: Some("4c4c4544-0000-4000-8000-000000000001".parse().unwrap()),
        serial: None,
        complete: true,
    };
    let id = around.machine("cp-1").await.id;
    around
        .write(Change {
            evidence: vec![Evidence::of_claim(id, &claim, NOW)],
            ..Change::default()
        })
        .await;
    let before = around.known("cp-1").await;
    let with_disk = BARE.to_owned() + "    disk: { wwn: naa.5000c500a1b2c3d4 }\n";
    around.rack(&with_disk, "disk").await.unwrap();
    assert_eq!(around.known("cp-1").await, before);
    assert_eq!(before.len(), 3);
}

#[tokio::test]
async fn a_new_password_is_a_change_and_the_same_one_is_none() {
    let around = Around::new().await;
    around.rack(WHOLE, "whole").await.unwrap();
    assert_eq!(
        around.rack(WHOLE, "again").await.unwrap(),
        ["unchanged: cp-1"]
    );
    let events = around.events().await.len();
    around
        .rack(&WHOLE.replace("hunter2", "hunter3"), "new")
        .await
        .unwrap();
    let told = around.events().await;
    assert_eq!(told.len(), events + 1);
    assert!(
        told[events].contains("its record was changed: the login of its bmc"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_disk_that_talos_may_not_find_is_said_when_it_is_applied() {
    let around = Around::new().await;
    let serial = BARE.to_owned() + "    disk: { serial: S4EVNF0M123456 }\n";
    let notes = around.rack(&serial, "serial").await.unwrap().join("\n");
    let wanted = "cp-1 (serial:S4EVNF0M123456): Talos 1.13 knows the serial numbers of NVMe and";
    assert!(notes.contains(wanted), "{notes}");
    let wwn = BARE.to_owned() + "    disk: { wwn: naa.5000c500a1b2c3d4 }\n";
    let notes = around.rack(&wwn, "wwn").await.unwrap();
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test]
async fn two_machines_exchange_their_bmcs_in_one_document() {
    let around = Around::new().await;
    let rack = |one: &str, other: &str| {
        format!(
            "machines:
  - {{ name: a, nics: [{{ mac: \"52:54:00:77:00:01\" }}], bmc: {{ ipmi: {one}, username: u, password: p }} }}
  - {{ name: b, nics: [{{ mac: \"52:54:00:77:00:02\" }}], bmc: {{ ipmi: {other}, username: u, password: p }} }}
"
        )
    };
    around
        .rack(&rack("10.0.0.1", "10.0.0.2"), "1")
        .await
        .unwrap();
    around
        .rack(&rack("10.0.0.2", "10.0.0.1"), "2")
        .await
        .unwrap();
    let bmc = around.machine("a").await.bmc.unwrap();
    assert_eq!(bmc.address().to_string(), "10.0.0.2:623");
}

/// What a faulty firmware needs and the BMC's own key are kept with the machine, and a change of them
/// is one.
#[tokio::test]
async fn the_key_and_the_work_arounds_of_a_bmc_are_part_of_its_login() {
    let around = Around::new().await;
    let rack = |login: &str| {
        let bmc = format!("{{ ipmi: 10.0.0.1, username: u, password: p{login} }}");
        format!("{BARE}    bmc: {bmc}\n")
    };
    around.rack(&rack(""), "1").await.unwrap();
    let logins = [", k_g: cowbell", ", k_g: cowbell, workarounds: [sun20]", ""];
    for (key, login) in ["2", "3", "4"].into_iter().zip(logins) {
        around.rack(&rack(login), key).await.unwrap();
        let bmc = around.machine("cp-1").await.bmc.unwrap();
        let wanted = if login.contains("sun20") {
            "ipmi:sun20"
        } else {
            "ipmi"
        };
        assert_eq!(bmc.dialect(), wanted);
    }
    let events = around.events().await;
    let told = events
        .iter()
        .filter(|it| it.contains("the login of its bmc"));
    assert_eq!(told.count(), 3, "{events:?}");
    assert!(
        !events.iter().any(|it| it.contains("cowbell")),
        "{events:?}"
    );
}

#[tokio::test]
async fn an_address_in_a_range_is_said_and_one_outside_is_refused() {
    let around = Around::new().await;
    let at = |address: &str| BARE.replace("\" }]", &format!("\", address: {address} }}]"));
    let notes = around
        .rack(&at("10.77.0.150"), "range")
        .await
        .unwrap()
        .join("\n");
    assert!(
        notes.contains("10.77.0.150 is in a range that leases are drawn from"),
        "{notes}"
    );
    let said = around.rack(&at("192.0.2.1"), "outside").await.unwrap_err();
    let wanted = "rack.yaml:3: nics.address: wanted an address for cp-1: one in a network of the";
    assert!(said.to_string().starts_with(wanted), "{said}");
}
