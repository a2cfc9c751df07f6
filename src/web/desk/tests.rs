use futures_util::FutureExt as _;

use super::*;
use crate::web::command::Start;
use crate::web::now::Phase;

fn in_phase(phase: Phase) -> Now {
    Now { phase, ..Now::default() }
}

#[tokio::test]
async fn a_visitor_gets_the_newest_and_misses_what_was_before() {
    let (desk, _commands) = Desk::new(Offer::default());
    let mut visitor = desk.watch();
    desk.tell(in_phase(Phase::Spawning));
    desk.tell(in_phase(Phase::Running));
    assert_eq!(visitor.changed().await.phase, Phase::Running);
    let nothing_new = timeout(Duration::from_millis(1), visitor.changed()).await;
    assert!(nothing_new.is_err());
    desk.tell(in_phase(Phase::Stopped));
    assert_eq!(visitor.changed().await.phase, Phase::Stopped);
    assert_eq!(desk.now().phase, Phase::Stopped);
}

#[tokio::test]
async fn another_offer_has_another_number_and_wakes_who_watches() {
    let (desk, _commands) = Desk::new(Offer::default());
    let mut visitor = desk.watch();
    desk.offer_anew(Offer { scenario: "other".to_owned(), ..Offer::default() });
    assert_eq!(visitor.changed().await.run, 0);
    assert_eq!((desk.offer().edition, &*desk.offer().scenario), (1, "other"));
}

#[tokio::test(start_paused = true)]
async fn a_desk_is_watched_while_somebody_is_there_and_ten_seconds_after_a_question() {
    let (desk, _commands) = Desk::new(Offer::default());
    assert!(!desk.is_watched());
    let (one, other) = (desk.watch(), desk.clone().watch());
    assert_eq!(desk.watchers(), 2);
    drop(one);
    assert!(desk.is_watched());
    drop(other);
    assert!(!desk.is_watched());

    assert_eq!(desk.result().await, None, "there is no run");
    tokio::time::advance(Duration::from_secs(9)).await;
    assert!(desk.is_watched());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(!desk.is_watched());
}

#[tokio::test(start_paused = true)]
async fn a_result_of_a_run_that_nobody_watched_comes_with_the_next_tick() {
    let (desk, _commands) = Desk::new(Offer::default());
    desk.tell(in_phase(Phase::Running));
    let runner = async {
        sleep(Duration::from_secs(1)).await;
        assert!(desk.is_watched());
        let result = Arc::new(crate::stats::result::testing::result(Vec::new()));
        desk.tell(Now { result: Some(result), ..in_phase(Phase::Running) });
    };
    let (result, ()) = tokio::join!(desk.result(), runner);
    assert_eq!(result.unwrap().run.scenario, "peak hour");

    desk.tell(in_phase(Phase::Running));
    assert_eq!(desk.result().await, None, "nobody waits for ever");
}

#[tokio::test(start_paused = true)]
async fn totals_are_made_once_for_all_who_wait_and_never_for_nobody() {
    let (desk, _commands) = Desk::new(Offer::default());
    assert!(desk.totals().await.is_some_and(|now| now.totals.is_none()), "there is no run");
    desk.tell(in_phase(Phase::Running));
    assert!(!desk.wants_totals());
    let with_totals = |phase| Now { totals: Some(Arc::default()), ..in_phase(phase) };
    let runner = async {
        sleep(Duration::from_secs(1)).await;
        assert!(desk.wants_totals());
        desk.tell(with_totals(Phase::Running));
        desk.tell(in_phase(Phase::Stopping));
        assert!(!desk.wants_totals());
    };
    let (one, other, ()) = tokio::join!(desk.totals(), desk.totals(), runner);
    for now in [one, other] {
        assert!(now.is_some_and(|now| now.phase == Phase::Running && now.totals.is_some()));
    }

    assert!(desk.totals().await.is_none(), "nobody waits for ever");
    assert!(!desk.wants_totals(), "who has left is not waited for");

    let ends = async { desk.tell(with_totals(Phase::Stopped)) };
    let (last, ()) = tokio::join!(desk.totals(), ends);
    assert!(last.is_some_and(|now| now.phase == Phase::Stopped));
    assert!(desk.totals().await.is_some_and(|now| now.totals.is_some()), "they stay");
}

#[tokio::test]
async fn a_command_reaches_the_runner_and_its_answer_the_visitor() {
    let (desk, mut commands) = Desk::new(Offer::default());
    let start = Command::Start(Start { users: Some(80), ..Start::default() });
    let runner = async {
        let asked = commands.next().await.unwrap();
        assert_eq!(asked.command, start);
        asked.answer(Ok(Answer::reset()));
        let asked = commands.next().await.unwrap();
        asked.answer(Err(Refusal::No("nothing runs".to_owned())));
    };
    let visitor = async {
        assert_eq!(desk.ask(start.clone()).await, Ok(Answer::reset()));
        assert_eq!(desk.ask(Command::Stop).await.unwrap_err().to_string(), "nothing runs");
    };
    tokio::join!(visitor, runner);
    assert!(commands.next().now_or_never().flatten().is_none());
}

#[tokio::test(start_paused = true)]
async fn no_visitor_waits_for_a_runner_that_is_silent_or_gone_or_has_too_much_to_do() {
    let (desk, mut commands) = Desk::new(Offer::default());
    assert_eq!(desk.ask(Command::Stop).await, Err(Refusal::NoAnswer));
    let waiting: Vec<_> = (1..COMMANDS).map(|_| Box::pin(desk.ask(Command::Reset))).collect();
    let mut waiting = waiting.into_iter();
    for visitor in waiting.by_ref() {
        assert!(timeout(Duration::ZERO, visitor).await.is_err());
    }
    assert_eq!(desk.ask(Command::Stop).await, Err(Refusal::Busy));

    while let Some(asked) = commands.next().now_or_never().flatten() {
        drop(asked);
    }
    let (answer, ()) = tokio::join!(desk.ask(Command::Stop), async {
        drop(commands.next().await);
    });
    assert_eq!(answer, Err(Refusal::Gone));
    drop(commands);
    assert_eq!(desk.ask(Command::Stop).await, Err(Refusal::Gone));
}

#[test]
fn the_log_keeps_its_last_500_lines_and_tells_which_are_new() {
    let (desk, _commands) = Desk::new(Offer::default());
    assert_eq!(desk.logged(0), (Vec::new(), 0));
    for number in 1..=502 {
        desk.log(&format!("line {number}\r\n"));
    }
    let (all, written) = desk.logged(0);
    assert_eq!((all.len(), &*all[0], &*all[499], written), (500, "line 3", "line 502", 502));
    let (new, _) = desk.logged(500);
    assert_eq!(new.iter().map(|line| &**line).collect::<Vec<_>>(), ["line 501", "line 502"]);
    assert_eq!(desk.logged(502).0, Vec::<Arc<str>>::new());
    assert_eq!(desk.logged(1_000).0, Vec::<Arc<str>>::new(), "a visitor of another program");
}

#[test]
fn a_line_of_the_log_has_a_bounded_length() {
    let (desk, _commands) = Desk::new(Offer::default());
    desk.log(&"é".repeat(LINE_BYTES));
    let line = &desk.logged(0).0[0];
    assert!(line.len() <= LINE_BYTES + '…'.len_utf8());
    assert!(line.ends_with("é…"));
}
