use tokio::time::{advance, sleep};

use super::*;

/// How long the end of the run 1 waits for somebody who does not come.
async fn waits(scrapers: &Scrapers) -> Duration {
    let began = Instant::now();
    scrapers.know_the_end(1, |_| {}).await;
    began.elapsed()
}

#[tokio::test(start_paused = true)]
async fn an_end_waits_as_long_as_a_scrape_may_take_to_come() {
    let scrapers = Scrapers::default();
    assert_eq!(waits(&scrapers).await, Duration::ZERO);
    scrapers.saw(1, false);
    assert_eq!(waits(&scrapers).await, MOST, "the interval is not known");
    let scrapers = Scrapers::default();
    for pause in [5, 6, 5] {
        scrapers.saw(1, false);
        advance(Duration::from_secs(pause)).await;
    }
    // The last one was five seconds ago, and the longest pause six.
    assert_eq!(waits(&scrapers).await, Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn who_was_told_of_the_end_is_not_waited_for_and_another_end_is_not_this_one() {
    let scrapers = Scrapers::default();
    scrapers.saw(0, true);
    let told = async {
        sleep(Duration::from_secs(1)).await;
        scrapers.saw(1, false);
        sleep(Duration::from_secs(1)).await;
        scrapers.saw(1, true);
    };
    let (waited, ()) = tokio::join!(waits(&scrapers), told);
    assert_eq!(waited, Duration::from_secs(2));
    assert_eq!(waits(&scrapers).await, Duration::ZERO);
}
