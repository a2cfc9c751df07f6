use serde_json::Value;

use super::*;
use crate::web::now::Phase;
use crate::web::offer::Offer;

fn visitor(desk: &Desk) -> Visitor {
    Visitor {
        desk: desk.clone(),
        watcher: desk.watch(),
        pieces: Arc::default(),
        row: String::new(),
        has: HashMap::new(),
        lines: 0,
        run: 0,
        is_first: true,
    }
}

fn read(event: &str) -> Value {
    let data = event.strip_prefix("event: now\ndata: ").unwrap().strip_suffix("\n\n").unwrap();
    assert!(!data.contains(['\n', '<']), "one line without a tag");
    serde_json::from_str(data).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_visitor_gets_everything_at_first_and_then_what_has_changed() {
    let (desk, _commands) = Desk::new(Offer::default());
    desk.log("one <line>");
    let mut visitor = visitor(&desk);
    let first = read(&visitor.next().await);
    assert_eq!((&first["whole"], &first["phase"]), (&true.into(), &"ready".into()));
    assert_eq!(first["log"][0], "one <line>");
    assert_eq!(first["sections"][0][0], "state");
    desk.tell(Now::default());
    let same = read(&visitor.next().await);
    assert_eq!((same["sections"].as_array().unwrap().len(), same["log"].as_array().unwrap().len()), (0, 0));
    desk.log("two");
    desk.tell(Now { phase: Phase::Running, run: 1, ..Now::default() });
    let next = read(&visitor.next().await);
    assert_eq!((&next["run"], &next["whole"], &next["log"][0]), (&1.into(), &false.into(), &"two".into()));
    assert_eq!(visitor.next().await, ":\n\n", "silence is told, too");
}
