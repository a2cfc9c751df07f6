use std::time::Duration;

use super::*;
use crate::web::metrics::testing::{read, statistics, whole};
use crate::web::now::{Now, Phase};
use crate::web::offer::Offer;
use crate::web::testing::ask;

fn site() -> (Desk, Scrapers, Router) {
    let (desk, _commands) = Desk::new(Offer { scenario: "peak hour".to_owned(), ..Offer::default() });
    let scrapers = Scrapers::default();
    (desk.clone(), scrapers.clone(), routes(desk, scrapers))
}

#[tokio::test]
async fn the_answer_is_in_the_format_that_was_asked_for() {
    let (desk, _, site) = site();
    desk.tell(whole(&statistics(&[("say", false, &[1_000, 2_000])])));
    for (accept, format) in
        [("*/*", Format::Text), ("application/openmetrics-text;version=1.0.0,*/*;q=0.1", Format::OpenMetrics)]
    {
        let answered = ask(&site, "GET", "/metrics", &[("accept", accept)], "").await;
        assert_eq!(answered.status, StatusCode::OK);
        assert_eq!(answered.header("content-type"), format.content_type());
        let (series, _) = read(&answered.text, format);
        assert_eq!(
            series["mqtt_scenario_requests_total{name=\"say\",type=\"MQTT\"}"].to_bits(),
            2_f64.to_bits()
        );
    }
    let posted = ask(&site, "POST", "/metrics", &[], "").await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test(start_paused = true)]
async fn a_scrape_gets_the_numbers_of_the_next_tick_or_hears_that_there_are_none() {
    let (desk, _, site) = site();
    desk.tell(Now { phase: Phase::Running, run: 1, ..Now::default() });
    let silent = ask(&site, "GET", "/metrics", &[], "").await;
    assert_eq!(silent.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(silent.text.contains("ask again"), "{}", silent.text);

    let ticks = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let statistics = statistics(&[("say", false, &[1_000])]);
        desk.tell(Now { phase: Phase::Running, result: None, ..whole(&statistics) });
    };
    let (answered, ()) = tokio::join!(ask(&site, "GET", "/metrics", &[], ""), ticks);
    assert!(answered.text.contains("requests_total{type=\"MQTT\",name=\"say\"} 1\n"), "{}", answered.text);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_run_waits_for_prometheus_and_for_nobody_else() {
    let (desk, scrapers, site) = site();
    let (timeout, running) = ([("x-prometheus-scrape-timeout-seconds", "10")], Phase::Running);
    let over = whole(&statistics(&[("say", false, &[1_000])]));
    let during = || async {
        let totals = over.totals.clone();
        tokio::time::sleep(Duration::from_secs(1)).await;
        desk.tell(Now { phase: running, run: over.run, totals, ..Now::default() });
    };
    desk.tell(Now { phase: running, run: over.run, ..Now::default() });
    let (_, ()) = tokio::join!(ask(&site, "GET", "/metrics", &[], ""), during());
    let began = tokio::time::Instant::now();
    scrapers.know_the_end(over.run, |_| {}).await;
    assert_eq!(began.elapsed(), Duration::ZERO, "a person does not count");

    let (_, ()) = tokio::join!(ask(&site, "GET", "/metrics", &timeout, ""), during());
    desk.tell(over.clone());
    let began = tokio::time::Instant::now();
    let (_, ()) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            ask(&site, "GET", "/metrics", &timeout, "").await
        },
        scrapers.know_the_end(over.run, |_| {})
    );
    assert_eq!(began.elapsed(), Duration::from_secs(5));
}
