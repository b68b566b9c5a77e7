//! What is told of what was done: what became of each entry of a document, lists and events in
//! pages, and a timeline that outlives a rename.

use api_server::operations::apply_result::ApplyResult;
use api_server::operations::events::EventsOf;
use api_server::operations::page::Page;

use crate::around::{Around, asked, caller};
use crate::clusters::CLUSTER;
use crate::machines::RACK;

impl Around {
    async fn results(&self, document: &str, key: &str) -> Vec<ApplyResult> {
        let asked = asked(key);
        let applied = self
            .operations
            .apply_machines("rack.yaml", document, &asked);
        let machines = applied.await.unwrap().machines;
        machines.iter().map(|it| it.result).collect()
    }

    async fn result_of_cluster(&self, document: &str, key: &str) -> ApplyResult {
        let asked = asked(key);
        let applied = self.operations.apply_cluster("lab.yaml", document, &asked);
        applied.await.unwrap().result
    }
}

#[tokio::test]
async fn each_entry_says_whether_it_was_created_configured_or_unchanged() {
    use ApplyResult::{Configured, Created, Unchanged};
    let around = Around::new().await;
    assert_eq!(around.results(RACK, "1").await, [Created, Created]);
    assert_eq!(around.results(RACK, "2").await, [Unchanged, Unchanged]);
    let renamed = RACK.replacen("name: cp-1", "name: cp-one\n    renamed_from: cp-1", 1);
    assert_eq!(around.results(&renamed, "3").await, [Configured, Unchanged]);
    // The answer to a repeated request is the one that was given first.
    assert_eq!(around.results(RACK, "1").await, [Created, Created]);
    assert_eq!(around.results(&renamed, "3").await, [Configured, Unchanged]);
}

#[tokio::test]
async fn a_cluster_says_whether_it_was_created_configured_or_unchanged() {
    let around = Around::racked().await;
    let newer = CLUSTER.replace("1.34.1", "1.34.2");
    for (document, key, result) in [
        (CLUSTER, "1", ApplyResult::Created),
        (CLUSTER, "2", ApplyResult::Unchanged),
        (&newer, "3", ApplyResult::Configured),
        (CLUSTER, "1", ApplyResult::Created),
        (CLUSTER, "2", ApplyResult::Unchanged),
    ] {
        assert_eq!(
            around.result_of_cluster(document, key).await,
            result,
            "{key}"
        );
    }
}

#[tokio::test]
async fn an_unchanged_document_leaves_no_event() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let before = around.events().await;
    around.rack(RACK, "again").await.unwrap();
    around.cluster(CLUSTER, "2").await.unwrap();
    assert_eq!(around.events().await, before);
}

#[tokio::test]
async fn machines_are_listed_in_pages() {
    let around = Around::racked().await;
    let page = async |after: &str| {
        let page = Page {
            size: Some(1),
            after: after.to_owned(),
        };
        let listed = around.operations.list_machines(&caller(), &page).await;
        let listed = listed.unwrap();
        let names = listed.items.into_iter().map(|it| it.machine.name);
        (names.collect::<Vec<_>>(), listed.next)
    };
    assert_eq!(
        page("").await,
        (vec!["cp-1".to_owned()], Some("cp-1".to_owned()))
    );
    assert_eq!(page("cp-1").await, (vec!["cp-2".to_owned()], None));
}

#[tokio::test]
async fn a_timeline_is_followed_through_a_rename() {
    let around = Around::racked().await;
    let operations = &around.operations;
    let watched = operations.watched(&caller(), "cp-1").await.unwrap();
    let read = operations.timeline(&caller(), watched, 0).await.unwrap();
    let renamed = RACK.replacen("name: cp-1", "name: cp-one\n    renamed_from: cp-1", 1);
    around.rack(&renamed, "rename").await.unwrap();
    let cursor = read.last().unwrap().seq;
    let new = operations.timeline(&caller(), watched, cursor).await;
    let new = new.unwrap();
    let [event] = new.as_slice() else {
        panic!("{new:?}");
    };
    assert!(event.event.detail.contains("is cp-one now"), "{event:?}");
}

#[tokio::test]
async fn events_are_read_by_a_cursor_of_all_of_a_machine_or_of_a_cluster() {
    let around = Around::racked().await;
    around.cluster(CLUSTER, "1").await.unwrap();
    let operations = &around.operations;
    let events = async |of: EventsOf<'static>, after, limit| {
        let found = operations.list_events(&caller(), of, (after, limit)).await;
        found.unwrap()
    };
    let (mut all, mut cursor) = (Vec::new(), 0);
    loop {
        let page = events(EventsOf::All, cursor, 1).await;
        let Some(last) = page.last() else { break };
        cursor = last.seq;
        all.extend(page);
    }
    assert_eq!(all.len(), around.events().await.len());
    let of_machine = events(EventsOf::Machine("cp-1"), 0, 9).await;
    assert!(of_machine.iter().all(|it| it.event.machine.is_some()));
    let of_cluster = events(EventsOf::Cluster("lab"), 0, 9).await;
    assert!(of_cluster[0].event.detail.contains("lab was made"));
    assert_eq!(of_cluster.len(), 1);
}
