//! The words of other tools for keys, table by table, in small letters and without `_`. Only data: the order and
//! the neighbours of the words are what a reader compares, so it stays one table.

use crate::scenario::foreign::advice::{Advice, TableWords, advice};

/// Keys of a broker that look as if they could stand elsewhere.
const OF_BROKERS: &[&str] = &[
    "keepalive",
    "protocol",
    "mqttversion",
    "protocolversion",
    "cleansession",
    "cleanstart",
    "sessionexpiry",
    "tls",
    "ssl",
    "inflight",
    "connecttimeout",
    "receivemaximum",
    "topicalias",
    "maxpacketsize",
    "websocket",
    "sourceaddresses",
];

const STEPS: &[&str] =
    &["publish", "subscribe", "unsubscribe", "receive", "request", "repeat", "connect", "disconnect"];

const OF_PROPERTIES: &[&str] = &[
    "contenttype",
    "messageexpiry",
    "messageexpiryinterval",
    "expiry",
    "ttl",
    "responsetopic",
    "correlationdata",
    "userproperties",
    "userproperty",
    "headers",
];

const PAYLOADS: &[&str] =
    &["json", "hex", "base64", "file", "lines", "size", "bytes", "length", "payloadsize", "messagesize"];

const MESSAGES: &[(Advice, &[&str])] = &[
    (
        advice(
            "write it inside `payload`: payload = { json = { … } }, { size = \"100B\" }, { file = \"…\" }",
            "",
        ),
        PAYLOADS,
    ),
    (
        advice("write it inside `properties`: properties = { content_type = \"…\" }; they need MQTT 5", ""),
        OF_PROPERTIES,
    ),
    (
        advice("put the step into a `repeat`: { repeat = { times = 10, steps = […] } }", ""),
        &["count", "times", "repeat", "loop", "loops", "iterations"],
    ),
    (
        advice(
            "pauses are steps of their own: { wait = \"1s\" }; or set `wait_time` or `rate` of the user class",
            "",
        ),
        &["interval", "wait", "delay", "sleep", "pause", "rate", "thinktime", "period"],
    ),
    (advice("weights belong to tasks and user classes: write it beside `steps`", ""), &["weight"]),
    (
        advice("the connection belongs to the broker and the user class, not to a step", ""),
        &["host", "url", "broker", "clientid", "username", "password"],
    ),
];

const SAYS_WHAT: &[&str] = &["message", "msg", "data", "body", "content", "text", "value"];
const QOS: (&str, &[&str]) = ("qos", &["quality", "qualityofservice", "qoslevel"]);
const RETAIN: (&str, &[&str]) = ("retain", &["retained", "retainflag", "isretained"]);
const TIMEOUT: (&str, &[&str]) = ("timeout", &["timeoutms", "acktimeout", "maxwait", "timelimit"]);
const FILTER: (&str, &[&str]) = ("filter", &["topic", "pattern", "topicfilter", "subscription", "channel"]);
const FILTERS: (&str, &[&str]) = ("filters", &["topics", "topicfilters", "patterns", "subscriptions"]);
const NAME: (&str, &[&str]) = ("name", &["label", "title", "id"]);

pub(super) const KEYS: &[TableWords] = &[
    TableWords {
        keys: ["user_classes", "thresholds"],
        synonyms: &[
            ("user_classes", &["userclass", "classes", "clients", "virtualusers", "devices", "scenarios"]),
            ("load", &["options", "config", "loadprofile", "loadshape", "shape"]),
            ("thresholds", &["assertions", "checks", "criteria", "slo", "slos", "failon"]),
            ("vars", &["variables", "constants", "params", "parameters"]),
            ("feeds", &["datasets", "csv", "data"]),
            ("payloads", &["messages", "bodies"]),
        ],
        advice: &[
            (
                advice("write it as `brokers.NAME.url = \"mqtt://HOST:PORT\"`, by any name", "brokers"),
                &["host", "hostname", "port", "url", "uri", "server", "address", "endpoint", "target"],
            ),
            (
                advice(
                    "write it inside `load`, such as load = { users = 10, spawn_rate = 1, run_time = \"1m\" }",
                    "",
                ),
                &[
                    "spawnrate",
                    "hatchrate",
                    "runtime",
                    "stoptimeout",
                    "stages",
                    "duration",
                    "vus",
                    "iterations",
                    "rampup",
                    "rampuptime",
                    "threads",
                    "numusers",
                    "search",
                ],
            ),
            (
                advice(
                    "tasks belong to a user class: user_classes.NAME.tasks, each with a `name` and `steps`",
                    "user_classes",
                ),
                &["tasks", "steps", "onstart", "onstop", "sequence", "waittime", "flow"],
            ),
            (advice("it belongs to the broker: write it beside its `url`", ""), OF_BROKERS),
        ],
    },
    TableWords {
        keys: ["spawn_rate", "stop_timeout"],
        synonyms: &[
            ("spawn_rate", &["hatchrate", "startrate", "ramprate"]),
            (
                "users",
                &[
                    "vus",
                    "numusers",
                    "usercount",
                    "threads",
                    "numthreads",
                    "clients",
                    "numclients",
                    "clientcount",
                    "connections",
                    "concurrency",
                    "virtualusers",
                    "count",
                    "maxusers",
                    "maxvus",
                ],
            ),
            (
                "run_time",
                &["duration", "timelimit", "testduration", "time", "maxtime", "maxduration", "length"],
            ),
            ("iterations", &["loops", "loopcount", "maxiterations"]),
            ("messages", &["messagecount", "nummessages", "maxmessages"]),
            ("stop_timeout", &["gracefulstop", "gracefulrampdown", "shutdowntimeout"]),
        ],
        advice: &[
            (
                advice(
                    "write `spawn_rate`, the users started per second: 10 users within 5 s are spawn_rate = 2",
                    "",
                ),
                &["rampup", "rampuptime", "ramptime", "ramp", "rampupperiod"],
            ),
            (
                advice("write it as `brokers.NAME.url = \"mqtt://HOST:PORT\"`, or give it with -H", ""),
                &["host", "hostname", "port", "url", "uri", "server", "broker"],
            ),
            (
                advice(
                    "pauses between tasks are the `wait_time` of a user class: wait_time = { constant = \"1s\" }",
                    "",
                ),
                &["thinktime", "waittime", "interval", "pause", "delay", "sleep", "wait"],
            ),
            (
                advice(
                    "users per second are `spawn_rate`; task runs per second are the `rate` of a user class",
                    "",
                ),
                &["rate", "rps", "throughput", "timeunit", "arrivalrate"],
            ),
        ],
    },
    TableWords {
        keys: ["drop_connections", "duration"],
        synonyms: &[
            ("users", &["target", "vus", "threads", "clients", "usercount", "connections"]),
            ("duration", &["time", "hold", "holdtime", "runtime", "holdfor", "length", "for"]),
            ("spawn_rate", &["hatchrate", "rate", "ramprate"]),
        ],
        advice: &[(
            advice(
                "write `spawn_rate`, the users started or stopped per second; the ramp is part of `duration`",
                "",
            ),
            &["rampup", "ramp", "ramptime", "rampuptime"],
        )],
    },
    TableWords {
        keys: ["check", "abort"],
        synonyms: &[
            ("check", &["threshold", "condition", "expression", "criterion", "expr", "rule"]),
            ("abort", &["abortonfail", "failfast", "stop", "aborts", "stoponfail"]),
            ("after", &["delayaborteval", "delay", "gracetime", "graceperiod", "from"]),
            ("stage", &["phase", "stagename"]),
        ],
        advice: &[],
    },
    TableWords {
        keys: ["until", "step"],
        synonyms: &[
            ("step", &["duration", "steptime", "stepduration", "interval", "time"]),
            ("until", &["threshold", "while", "criterion", "condition", "goal"]),
            ("rate", &["range", "rates"]),
        ],
        advice: &[(
            advice("write the lowest and the highest rate in one: rate = \"100/s..5000/s\"", "rate"),
            &["min", "max", "from", "to", "low", "high", "start", "end", "minrate", "maxrate", "startrate"],
        )],
    },
    TableWords {
        keys: ["connect_timeout", "urls"],
        synonyms: &[
            ("url", &["uri", "endpoint", "brokerurl", "address", "server", "broker", "target"]),
            ("keep_alive", &["keepaliveinterval", "pinginterval", "heartbeat"]),
            ("protocol", &["mqttversion", "version", "protocolversion", "mqttprotocol", "protocollevel"]),
            ("clean_session", &["cleanstart", "clean"]),
            ("connect_timeout", &["timeout", "connectiontimeout", "conntimeout"]),
            ("inflight", &["maxinflight", "inflightwindow", "maxinflightmessages", "window"]),
            ("urls", &["servers", "hosts", "nodes", "endpoints", "addresses"]),
            ("max_packet_size", &["maximumpacketsize", "packetsize"]),
            ("session_expiry", &["sessionexpiryinterval"]),
            ("source_addresses", &["sourceaddress", "bindaddress", "localaddress", "ifaddr", "interface"]),
        ],
        advice: &[
            (
                advice("write both as one URL: url = \"mqtt://HOST:PORT\"", "url"),
                &["host", "hostname", "port", "ip", "scheme", "transport"],
            ),
            (
                advice("write it inside `tls`: tls = { ca = \"…\", cert = \"…\", key = \"…\" }", ""),
                &[
                    "cafile",
                    "ca",
                    "cacert",
                    "capath",
                    "cert",
                    "certfile",
                    "clientcert",
                    "key",
                    "keyfile",
                    "clientkey",
                    "insecure",
                    "alpn",
                    "servername",
                    "sni",
                    "certificate",
                    "rootca",
                ],
            ),
            (
                advice(
                    "TLS is asked for by the URL: url = \"mqtts://HOST:8883\", or wss:// over WebSocket",
                    "",
                ),
                &["ssl", "usetls", "usessl", "secure"],
            ),
            (
                advice(
                    "the identity of users is in their user class: `client_id`, `username`, `password`, `will`",
                    "",
                ),
                &[
                    "username",
                    "user",
                    "password",
                    "pass",
                    "clientid",
                    "clientidprefix",
                    "will",
                    "lwt",
                    "lastwill",
                    "auth",
                    "credentials",
                ],
            ),
            (
                advice("the path of a WebSocket is part of its URL: url = \"ws://HOST:PORT/PATH\"", ""),
                &["path", "wspath"],
            ),
            (
                advice("write it inside `websocket`: websocket = { headers = { … } }", ""),
                &["headers", "wsheaders"],
            ),
            (
                advice("when users come back stands in their user class, as `reconnect`", ""),
                &["reconnect", "reconnectperiod", "autoreconnect", "reconnectdelay"],
            ),
        ],
    },
    TableWords {
        keys: ["server_name", "insecure"],
        synonyms: &[
            ("ca", &["cafile", "cacert", "rootca", "cacerts", "trust", "truststore", "capath"]),
            ("cert", &["certfile", "clientcert", "certificate", "clientcertificate", "crt"]),
            ("key", &["keyfile", "clientkey", "privatekey", "pem"]),
            ("server_name", &["sni", "hostname", "servername"]),
            ("insecure", &["skipverify", "insecureskipverify", "noverify", "tlsinsecure", "allowinsecure"]),
        ],
        advice: &[(
            advice("certificates are verified unless `insecure = true` says that any will do", ""),
            &["verify", "verifypeer", "rejectunauthorized", "verifyhost", "verifyhostname", "enabled"],
        )],
    },
    TableWords {
        keys: ["fixed_count", "on_start"],
        synonyms: &[
            ("wait_time", &["thinktime", "wait", "pause", "delay", "sleep", "waitfor"]),
            ("client_id", &["id", "clientname"]),
            ("username", &["user", "login"]),
            ("password", &["pass", "passwd", "pwd"]),
            ("will", &["lwt", "lastwill", "testament", "willmessage"]),
            ("fixed_count", &["count", "fixed", "instances", "users", "numusers", "clients", "vus"]),
            ("weight", &["share", "ratio", "probability", "percent"]),
            ("rate", &["throughput", "rps", "frequency", "msgrate", "messagerate", "ratelimit"]),
            ("on_start", &["setup", "before", "init", "start"]),
            ("on_stop", &["teardown", "after", "cleanup", "stop"]),
            ("tasks", &["task", "scenarios"]),
            ("iterations", &["loops", "loopcount", "repeat"]),
        ],
        advice: &[
            (
                advice(
                    "write wait_time = { between = [\"1s\", \"3s\"] }, the shortest and the longest pause",
                    "",
                ),
                &["minwait", "maxwait", "waitmin", "waitmax"],
            ),
            (
                advice(
                    "task runs at even times: rate = \"1/s\", or wait_time = { constant_pacing = \"1s\" }",
                    "",
                ),
                &["interval", "period", "publishinterval", "pacing", "every", "timer"],
            ),
            (
                advice("a prefix is part of `client_id`: client_id = \"PREFIX-${user.number}\"", ""),
                &["clientidprefix", "clientprefix", "prefix"],
            ),
            (
                advice("write it as `brokers.NAME.url = \"mqtt://HOST:PORT\"`; `broker` is that NAME", ""),
                &["host", "hostname", "port", "url", "uri", "server"],
            ),
            (
                advice("write will = { topic = \"…\", payload = \"…\", qos = 1, retain = true }", ""),
                &["willtopic", "willpayload", "willqos", "willretain", "lwttopic", "lwtpayload"],
            ),
            (
                advice("write `username` and `password` beside each other, without a table around them", ""),
                &["auth", "credentials", "authentication"],
            ),
            (
                advice(
                    "steps belong to a task: tasks = [{ name = \"…\", steps = [{ publish = { … } }] }]",
                    "tasks",
                ),
                &[
                    "steps",
                    "publish",
                    "subscribe",
                    "unsubscribe",
                    "receive",
                    "request",
                    "flow",
                    "actions",
                    "topic",
                    "topics",
                    "qos",
                    "payload",
                    "retain",
                    "message",
                    "exec",
                ],
            ),
            (advice("tags belong to tasks: write them beside `steps`", ""), &["tags", "tag"]),
            (advice("it belongs to the broker: write it beside its `url`", ""), OF_BROKERS),
        ],
    },
    TableWords {
        keys: ["tags", "steps"],
        synonyms: &[
            ("steps", &["actions", "flow", "do", "commands", "script", "sequence", "requests"]),
            ("name", &["title", "id", "label"]),
            ("weight", &["share", "ratio", "probability", "percent"]),
            ("tags", &["tag", "labels"]),
        ],
        advice: &[
            (advice("write it as a step: steps = [{ publish = { topic = \"…\" } }]", "steps"), STEPS),
            (
                advice("write it inside a step: steps = [{ publish = { topic = \"…\", qos = 1 } }]", "steps"),
                &["topic", "qos", "payload", "retain", "message", "filter"],
            ),
            (
                advice(
                    "it belongs to the user class; a pause within a task is a step: { wait = \"1s\" }",
                    "",
                ),
                &[
                    "waittime",
                    "wait",
                    "thinktime",
                    "rate",
                    "interval",
                    "sleep",
                    "delay",
                    "pause",
                    "pacing",
                    "onerror",
                ],
            ),
            (
                advice("put the steps into one: steps = [{ repeat = { times = 10, steps = […] } }]", ""),
                &["count", "times", "loop", "loops", "iterations"],
            ),
        ],
    },
    TableWords {
        keys: ["topic", "await_ack"],
        synonyms: &[
            ("payload", SAYS_WHAT),
            QOS,
            RETAIN,
            TIMEOUT,
            ("await_ack", &["await", "waitforack", "waitack", "sync", "blocking", "ack"]),
            ("topic", &["destination", "channel", "topicname"]),
            NAME,
        ],
        advice: MESSAGES,
    },
    TableWords {
        keys: ["topic", "reply_topic"],
        synonyms: &[
            ("payload", SAYS_WHAT),
            QOS,
            RETAIN,
            TIMEOUT,
            ("reply_topic", &["responsetopic", "replyto", "reply", "response"]),
            NAME,
        ],
        advice: MESSAGES,
    },
    TableWords {
        keys: ["topic", "delay"],
        synonyms: &[
            ("payload", SAYS_WHAT),
            QOS,
            RETAIN,
            ("delay", &["willdelay", "delayinterval", "willdelayinterval"]),
        ],
        advice: MESSAGES,
    },
    TableWords {
        keys: ["measure", "no_local"],
        synonyms: &[FILTER, FILTERS, QOS, TIMEOUT, ("measure", &["endtoend", "e2e", "latency"]), NAME],
        advice: &[],
    },
    TableWords {
        keys: ["where", "expect"],
        synonyms: &[FILTER, ("count", &["messages", "times", "n", "num"]), TIMEOUT, NAME],
        advice: &[(
            advice(
                "write what the message must hold inside `expect`: expect = { json = { \"/v\" = 1 } }",
                "",
            ),
            &["json", "payload", "text", "contains", "match", "matches", "equals", "regex"],
        )],
    },
    TableWords { keys: ["filter", "filters"], synonyms: &[FILTER, FILTERS, TIMEOUT, NAME], advice: &[] },
    TableWords { keys: ["filter", "no_local"], synonyms: &[FILTER, QOS], advice: &[] },
    TableWords {
        keys: ["times", "steps"],
        synonyms: &[
            ("times", &["count", "n", "iterations", "loops", "repeat", "number"]),
            ("steps", &["do", "actions", "body", "tasks"]),
        ],
        advice: &[],
    },
    TableWords {
        keys: ["csv", "order"],
        synonyms: &[
            ("csv", &["file", "path", "filename", "source", "data", "csvfile"]),
            ("order", &["mode", "strategy", "pick", "recycle"]),
            ("per", &["scope", "sharing", "every"]),
        ],
        advice: &[],
    },
    TableWords {
        keys: ["initial", "jitter"],
        synonyms: &[
            ("initial", &["min", "delay", "period", "first", "interval", "mindelay"]),
            ("max", &["maxdelay", "cap", "limit"]),
            ("attempts", &["retries", "maxretries", "maxattempts", "tries"]),
        ],
        advice: &[],
    },
    TableWords {
        keys: ["per_user", "per_class"],
        synonyms: &[("per_user", &["rate", "user", "each"]), ("per_class", &["total", "all", "class"])],
        advice: &[],
    },
];
