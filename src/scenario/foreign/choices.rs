//! The words of other tools for steps and other choices, in small letters and without `_`.

type Words = (&'static str, &'static [&'static str]);

/// Words for choices, by the type of the model: what each of them is called here.
pub(super) const CHOICES: &[(&str, &[Words])] = &[
    (
        "Step",
        &[
            ("publish", &["pub", "send", "publishmessage", "mqttpublish", "produce", "emit"]),
            ("subscribe", &["sub", "listen", "mqttsubscribe"]),
            ("unsubscribe", &["unsub"]),
            ("wait", &["sleep", "pause", "delay", "think", "thinktime", "waittime", "waitfor"]),
            ("repeat", &["loop", "for", "times", "foreach"]),
            ("connect", &["conn", "open", "login"]),
            ("disconnect", &["close", "disconn", "quit"]),
            ("receive", &["recv", "consume", "expect", "waitformessage", "await"]),
            ("request", &["rpc", "call"]),
        ],
    ),
    (
        "WaitTime",
        &[
            ("between", &["random", "uniform", "range", "uniformrandom"]),
            ("exponential", &["poisson", "exp"]),
            ("constant", &["fixed", "sleep", "value", "delay", "seconds"]),
            ("constant_pacing", &["pacing", "period", "interval"]),
            ("constant_throughput", &["throughput", "rate"]),
        ],
    ),
    ("Pause", &[("between", &["random", "uniform", "range"]), ("exponential", &["poisson", "exp"])]),
    (
        "OnError",
        &[
            ("stop_user", &["stop", "exit", "stopuser"]),
            ("abort_task", &["abort", "fail", "break", "aborttask"]),
            ("continue", &["ignore", "skip", "none", "next"]),
        ],
    ),
    (
        "FeedOrder",
        &[
            ("random", &["shuffle", "rand"]),
            ("sequential", &["circular", "roundrobin", "loop", "queue"]),
            ("unique", &["once"]),
        ],
    ),
    ("FeedPer", &[("user", &["client", "vu", "thread"]), ("message", &["publish", "iteration", "msg"])]),
    ("Measure", &[("end_to_end", &["e2e", "latency", "endtoend"])]),
    ("TopicAlias", &[("auto", &["true", "on", "yes"]), ("off", &["false", "no", "never"])]),
    (
        "Protocol",
        &[
            ("5", &["v5", "50", "v50", "mqtt5", "mqttv5", "mqtt50", "5.0", "v5.0", "mqtt5.0", "mqttv5.0"]),
            (
                "3.1.1",
                &[
                    "v3.1.1",
                    "311",
                    "v311",
                    "mqtt311",
                    "mqttv311",
                    "mqtt3.1.1",
                    "mqttv3.1.1",
                    "4",
                    "v4",
                    "mqtt4",
                    "3.11",
                ],
            ),
        ],
    ),
];
