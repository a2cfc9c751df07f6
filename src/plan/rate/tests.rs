use std::time::Duration;

use super::*;
use crate::plan::request::{Request, Row};
use crate::plan::wait::Pause;
use crate::stats::RowId;

#[test]
fn repeats_multiply_what_is_in_them() {
    let request = || Request { row: Row::Static(RowId(0)), record: true };
    let ms = Duration::from_millis;
    let wait = Step::Wait(Pause::Constant(ms(500)));
    let steps = Steps(vec![
        Step::Connect(request()),
        Step::Repeat { level: 0, times: 3 },
        wait.clone(),
        Step::Repeat { level: 1, times: 4 },
        Step::Wait(Pause::Between(ms(250), ms(750))),
        Step::EndRepeat { level: 1, first: 4 },
        Step::EndRepeat { level: 0, first: 2 },
        Step::Wait(Pause::Exponential(ms(500))),
    ]);
    let connects = |step: &Step| if matches!(step, Step::Connect(_)) { 0.5 } else { 0.0 };
    assert_eq!(of_one_run(&steps, &mut |_| 0.0, &connects), (Traffic::default(), 8.5));
    assert_eq!(of_one_run(&steps, &mut |_| 0.0, &no_time), (Traffic::default(), 8.0));
}
