# Written by `mqtt-scenario locustfile {{ command_name }}`. To change it, change the scenario and write it again.
#
#   master:   locust -f locustfile.py --master
#   workers:  mqtt-scenario worker --master-host HOST
#
# Locust distributes the users, shows its web interface and writes its CSV files. The MQTT load itself runs in the workers: they
# get the scenario below with each message that tells them their number of users.

import itertools
import json
import logging
import os
import signal
import time

import gevent
from locust import {% if !stages.is_empty() %}LoadTestShape, {% endif %}User, events
from locust.exception import StopUser
from locust.runners import STATE_INIT, STATE_MISSING, STATE_RUNNING, STATE_SPAWNING, STATE_STOPPED, STATE_STOPPING, MasterRunner

# The scenario and the files that it includes, by their paths from its folder.
SCENARIO = {{ scenario_name }}
FILES = {
{%- for file in files %}
    {{ file.name }}: "".join(
        [
{%- for line in file.lines %}
            {{ line }},
{%- endfor %}
        ]
    ),
{%- endfor %}
}

# User classes: (name, weight, fixed number of users, address of the broker: None if only a worker can tell).
CLASSES = [
{%- for class in classes %}
    ({{ class.name }}, {{ class.weight }}, {{ class.fixed_count }}, {{ class.host }}),
{%- endfor %}
]

# What the web interface lets you change, beside Locust's own fields: (option, key of the scenario, value there).
SETTINGS = [
{%- for setting in settings %}
    ({{ setting.option }}, {{ setting.key }}, {{ setting.value }}),
{%- endfor %}
]


def only_in_workers(user):
    raise StopUser("the tasks of this file run in mqtt-scenario workers")


@events.init_command_line_parser.add_listener
def on_init_command_line_parser(parser):
    # Locust sends the values of all options to its workers with each number of users. Options of a group would not show in
    # the web interface, so there is none.
    def hidden(option, value):
        parser.add_argument(option, default=value, include_in_web_ui=False, help="for the workers: leave it as it is")

    hidden("--mqtt-scenario-name", SCENARIO)
    hidden("--mqtt-scenario-files", json.dumps(FILES))
    hidden("--mqtt-scenario-settings", json.dumps(SETTINGS))
    for option, key, value in SETTINGS:
        help_text = f"{key} of the scenario".replace("%", "%%")
        parser.add_argument("--" + option.replace("_", "-"), dest=option, default=value, help=help_text)
{%- for default in defaults %}
    parser.set_defaults({{ default.name }}={{ default.value }})
{%- endfor %}


class Test:
    # What is known of the test beside what Locust knows.
    is_stopping = False
    times_told = 0  # how often Locust was told to end
    told_to_end = None  # when it was first
    is_in_haste = False  # Locust was told to end once more, while users finish
    stops = 0  # how many tests were stopped
    drained = set()  # workers whose users are gone and have reported, since the last stop
    starts = 0  # calls of runner.start that go on
    resets = 0  # how often the statistics began anew
    not_reset = set()  # workers whose statistics have not, as far as is known
    reports = {}  # the number of the last report by worker
    lost = set()  # workers that were lost
    page = None  # the web interface
    ender = None  # the part of Locust that ends it


@events.init.add_listener
def on_init(environment, runner, web_ui=None, **_):
    if not isinstance(runner, MasterRunner):
        # A worker in Python has joined the master by now. This makes it leave.
        environment.events.quitting.fire(environment=environment)
        raise SystemExit("run this file with --master, and join it with: mqtt-scenario worker --master-host HOST")
    # Without it Locust gives no users to the second worker that joins late, and those of a lost worker to nobody for a minute.
    environment.parsed_options.enable_rebalancing = True
    # An exception of Python may end any part of Locust. So all signals end it as SIGTERM does, and the third one at once.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, on_interrupt)
    gevent.signal_handler(signal.SIGTERM, on_terminate, environment, runner)
    tell_exceptions(runner)
    tell_warnings(environment)
    count_reports_once(environment.events.worker_report, runner)
    Test.page = web_ui
    guard_starts(runner)
    guard_quits(environment, runner)
    runner.register_message("mqtt_scenario_cannot_run", on_cannot_run)
    runner.register_message("mqtt_scenario_drained", on_drained)
    runner.register_message("mqtt_scenario_reset", on_reset)
    runner.register_message("mqtt_scenario_resumed", on_resumed)
    # It comes after Locust's own listener, which resets.
    environment.events.spawning_complete.add_listener(lambda **_: environment.reset_stats and reset_workers(runner))
    environment.events.reset_stats.add_listener(lambda **_: reset_workers(runner))
    gevent.spawn(watch_workers, environment, runner)
    starter = os.environ.get("MQTT_SCENARIO_MASTER_PID", "")
    if starter.isdecimal():
        gevent.spawn(watch_starter, int(starter), os.getppid())


def on_interrupt(number, _):
    if Test.told_to_end is not None:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def on_terminate(environment, runner):
    # Locust has no handler of its own while it waits for workers, or while a headless test goes through its stages.
    told = Test.times_told
    gevent.sleep(0.2)
    if Test.times_told == told:
        has_begun = runner.state != STATE_INIT
        if not has_begun:
            logging.info("Told to end before the test began")
        tell_to_end(environment)
        runner.quit()
        if not has_begun:
            os._exit(128 + signal.SIGTERM)


def tell_to_end(environment):
    Test.times_told += 1
    if Test.told_to_end is None:
        Test.told_to_end = time.monotonic()
    # A signal for a group of processes comes twice: `mqtt-scenario master` passes its own on.
    elif Test.is_stopping and time.monotonic() > Test.told_to_end + 1:
        Test.is_in_haste = True
        fail(environment, "Told twice to end: what users do now may be in no file, so the exit code is 4")


def plain(text):
    # A broker may have said some of it, and a terminal would obey.
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def tell_exceptions(runner):
    # Locust keeps what workers report for its files and its page, and says none of it in its log. It has no event for it.
    keep = runner.log_exception

    def log_exception(node_id, msg, formatted_tb):
        if all(row["traceback"] != formatted_tb for row in runner.exceptions.values()):
            logging.error("Worker %s: %s", node_id, plain(formatted_tb.strip() or msg))
        keep(node_id, msg, formatted_tb)

    runner.log_exception = log_exception


def tell_warnings(environment):
    # What workers warn of stands on the page. A headless master has its log alone.
    keep = getattr(environment, "update_worker_logs", lambda data: None)
    before = {}

    def update_worker_logs(data):
        worker, lines = data["worker_id"], data["logs"]
        for line in lines:
            if "] WARNING/mqtt-scenario: " in line and line not in before.get(worker, ()):
                logging.warning("Worker %s: %s", worker, plain(line.split(": ", 1)[1]))
        before[worker] = lines
        keep(data)

    environment.update_worker_logs = update_worker_logs


def count_reports_once(worker_report, runner):
    # A worker sends reports again that may have been lost with a connection. And what it did before a reset counts no more.
    fire = worker_report.fire

    def fire_once(*, client_id, data, **more):
        number = data.pop("mqtt_scenario_report", None)
        if number is None or number > Test.reports.get(client_id, 0):
            Test.reports[client_id] = number or 0
            if client_id in Test.not_reset:
                if client_id in runner.clients:
                    runner.clients[client_id].user_classes_count = data["user_classes_count"]
                return
            fire(client_id=client_id, data=data, **more)

    worker_report.fire = fire_once


def guard_starts(runner):
    # Locust gives out users anew when workers come or go, also while a test ends. Then the test would go on.
    start = runner.start

    def guarded(*arguments, **more):
        is_new = runner.state not in (STATE_RUNNING, STATE_SPAWNING)
        while is_new and Test.is_stopping:
            gevent.sleep(0.05)
        if Test.is_stopping:
            return
        Test.starts += 1
        try:
            if is_new:
                with gevent.Timeout(3, False):
                    while workers_that_run(runner):
                        gevent.sleep(0.5)
                        stop_again(runner)
                # These have come back under other names.
                for worker in Test.drained.intersection(workers_that_run(runner)):
                    del runner.clients[worker]
            start(*arguments, **more)
        finally:
            Test.starts -= 1

    start_shape = runner.start_shape

    def guarded_shape():
        while Test.is_stopping:
            gevent.sleep(0.05)
        start_shape()

    runner.start, runner.start_shape = guarded, guarded_shape


def guard_quits(environment, runner):
    # Locust would send its workers away while an earlier stop waits for their users. It quits before it settles its exit code,
    # so a worker that is lost until then counts. Whoever ends it twice does not want to wait.
    quit = runner.quit

    def on_quitting(**_):
        tell_to_end(environment)
        # Whoever comes first ends Locust. Two ends at a time would disturb each other.
        Test.ender = Test.ender or gevent.getcurrent()
        while Test.ender is not gevent.getcurrent():
            gevent.sleep(1)

    def guarded():
        with gevent.Timeout((environment.stop_timeout or 0) + 70, False):
            while Test.is_stopping and not Test.is_in_haste:
                gevent.sleep(0.05)
        quit()

    # Listeners are called in reverse, and Locust's own calls quit.
    environment.events.quitting.add_listener(on_quitting)
    runner.quit = guarded


def workers_that_run(runner):
    return [worker.id for worker in runner.clients.running + runner.clients.spawning]


def stop_again(runner):
    # A worker whose users are gone waits for `stop`, which may be lost with a connection.
    for worker in workers_that_run(runner):
        runner.send_message("stop", None, worker)


def fail(environment, why):
    environment.process_exit_code = environment.process_exit_code or 4
    logging.error(why)


def on_cannot_run(environment, msg, **_):
    # The worker has said why. In the web interface somebody reads it there, and other workers may have users.
    if environment.parsed_options.headless and environment.process_exit_code != 2:
        logging.error("Worker %s cannot run the scenario, so the test ends", msg.node_id)
        environment.process_exit_code = 2
        gevent.spawn(environment.runner.quit)


def reset_workers(runner):
    Test.resets += 1
    Test.not_reset = {worker.id for worker in runner.clients.all}
    ask_for_reset(runner)


def ask_for_reset(runner):
    Test.not_reset &= set(runner.clients)
    for worker in list(Test.not_reset):
        runner.send_message("mqtt_scenario_reset", Test.resets, worker)


def on_reset(msg, **_):
    if msg.data == Test.resets:
        Test.not_reset.discard(msg.node_id)


def on_resumed(environment, msg, **_):
    # A connection that broke may have taken a message along that tells a worker its users.
    runner, dispatcher = environment.runner, environment.runner._users_dispatcher
    if msg.node_id in Test.not_reset:
        runner.send_message("mqtt_scenario_reset", Test.resets, msg.node_id)
    users = dispatcher._users_on_workers.get(msg.node_id) if dispatcher else None
    if users is not None and runner.state in (STATE_RUNNING, STATE_SPAWNING) and not Test.is_stopping:
        spawn = {
            "timestamp": time.time(),
            "user_classes_count": users,
            "host": environment.host,
            "stop_timeout": environment.stop_timeout,
            "parsed_options": vars(environment.parsed_options),
        }
        runner.send_message("spawn", spawn, msg.node_id)


def on_drained(msg, **_):
    if msg.data == Test.stops:
        Test.drained.add(msg.node_id)


def watch_workers(environment, runner):
    seconds_behind = 0
    while True:
        gevent.sleep(1)
        is_over = not Test.is_stopping and runner.state in (STATE_STOPPING, STATE_STOPPED)
        for worker in runner.clients.missing:
            if is_over and worker.id in Test.drained:
                # It has reported all, and come back under another name.
                del runner.clients[worker.id]
                continue
            # What a lost worker did since its last report is in no file, so the test must not end with exit code 0.
            if worker.id not in Test.lost:
                Test.lost.add(worker.id)
                fail(environment, f"Worker {worker.id} was lost: its last seconds may be in no file, so the exit code is 4")
            # Locust would start all users anew after a minute to replace it. Its users have moved before that.
            if worker.heartbeat < -3:
                del runner.clients[worker.id]
        ask_for_reset(runner)
        if is_over:
            stop_again(runner)
        dispatcher = runner._users_dispatcher
        is_steady = runner.state == STATE_RUNNING and runner.spawning_completed and dispatcher is not None
        # A message with numbers of users may be lost with a connection.
        is_behind = is_steady and runner.user_count != runner.target_user_count
        seconds_behind = seconds_behind + 1 if is_behind else 0
        # Locust forgets to hand out the users of a worker that left, if workers have come or gone before.
        if is_steady and (dispatcher._rebalance or seconds_behind in (3, 10, 30)):
            runner.start(runner.target_user_count, runner.spawn_rate)


def watch_starter(starter, parent):
    # `mqtt-scenario master` passes signals on. If it is killed, nobody would end this Locust.
    def is_there():
        try:
            os.kill(starter, 0)
        except OSError:
            return False
        # A process that was killed has its number until somebody asks for its end, but no child any more.
        return os.getppid() == parent

    while is_there():
        gevent.sleep(1)
    logging.error("mqtt-scenario master is gone, so the test ends")
    os.kill(os.getpid(), signal.SIGTERM)


@events.test_start.add_listener
def on_test_start(environment, **_):
    # Workers divide numbers of users and rows of feeds by their places in this list, which they get with their users.
    ready = [worker.id for worker in environment.runner.clients.ready]
    environment.parsed_options.mqtt_scenario_workers = json.dumps(ready)


@events.test_stopping.add_listener
def on_test_stopping(environment, **_):
    # A headless master reads reports for half a second after it has told its workers to quit, whatever its stop timeout. So
    # users finish before, and each worker says when its own are gone and reported.
    runner, stop_timeout = environment.runner, environment.stop_timeout or 0
    if Test.is_in_haste:
        return
    Test.is_stopping, Test.stops, Test.drained = True, Test.stops + 1, set()
    options = environment.parsed_options
    if not runner.clients and (options.headless or options.autostart) and not environment.process_exit_code:
        fail(environment, "All workers have left before the end of the test, so the exit code is 4")
    if runner._users_dispatcher is not None:
        # A ramp that goes on ends here.
        runner._users_dispatcher._dispatcher_generator = iter(())
    with gevent.Timeout(3, False):
        while Test.starts:
            gevent.sleep(0.05)
    runner._users_dispatcher = None
    runner.update_state(STATE_STOPPING)
    drain = {"stop_timeout": stop_timeout, "number": Test.stops}
    # So long a worker may take, away for ten seconds before it hears of it. One that is lost is not waited for.
    with gevent.Timeout(stop_timeout + 18, False):
        # Again each second: a message may be lost, and workers may join.
        for turn in itertools.count():
            there = [worker.id for worker in runner.clients.all if worker.state != STATE_MISSING]
            waited_for = [worker for worker in there if worker not in Test.drained or worker in Test.not_reset]
            if not waited_for or Test.is_in_haste:
                return
            if turn % 20 == 0:
                ask_for_reset(runner)
                for worker in waited_for:
                    runner.send_message("mqtt_scenario_drain", drain, worker)
            gevent.sleep(0.05)
    names = ", ".join(waited_for)
    fail(environment, f"No word of the last users of {names}: what they did may be in no file, so the exit code is 4")


@events.quit.add_listener
def on_quit(**_):
    # Locust writes its HTML report when its page ends by itself, and not if it is told to end.
    if Test.page is not None:
        Test.page.stop()
        Test.page.greenlet.join(5)
        gevent.sleep(0.1)


@events.test_stop.add_listener
def on_test_stop(**_):
    Test.is_stopping = False
{% if !stages.is_empty() %}

class Stages(LoadTestShape):
    # (seconds, users, users per second, whether the seconds count from when all users are there)
    stages = [
{%- for stage in stages %}
        ({{ stage.seconds }}, {{ stage.users }}, {{ stage.spawn_rate }}, {{ stage.after_ramp }}),{{ stage.comment }}
{%- endfor %}
    ]

    def __init__(self):
        super().__init__()
        self.reset_time()

    def reset_time(self):
        super().reset_time()
        self.stage, self.ends = 0, None

    def tick(self):
        now = self.get_run_time()
        while self.stage < len(self.stages):
            seconds, users, spawn_rate, after_ramp = self.stages[self.stage]
            if self.ends is None and (not after_ramp or self.get_current_user_count() == users):
                self.ends = now + seconds
            if self.ends is None or now < self.ends:
                return users, spawn_rate
            # The next stage begins when this one ended, not at the tick that sees it.
            self.stage, ended = self.stage + 1, self.ends
            self.ends = None
            if self.stage < len(self.stages) and not self.stages[self.stage][3]:
                self.ends = ended + self.stages[self.stage][0]
        return None
{% endif %}

# It comes last, since a class may have the name of anything above.
for name, weight, fixed_count, host in CLASSES:
    attributes = {"weight": weight, "fixed_count": fixed_count, "host": host, "tasks": [only_in_workers]}
    # Locust looks for classes in the names of this file. One must not take the place of another name in it.
    key = name if name not in globals() else f"user class {name}"
    globals()[key] = type(name, (User,), attributes)
