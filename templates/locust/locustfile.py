# Written by `mqtt-scenario locustfile {{ command_name }}`. To change it, change the scenario and write it again.
#
#   master:   locust -f locustfile.py --master
#   workers:  mqtt-scenario worker --master-host HOST
#
# Locust distributes the users, shows its web interface and writes its CSV files. The MQTT load itself runs in the workers: they
# get the scenario below with each message that tells them their number of users.

import json
import logging
import os
import signal

import gevent
from locust import {% if !stages.is_empty() %}LoadTestShape, {% endif %}User, events
from locust.exception import StopUser
from locust.runners import MasterRunner

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


@events.init.add_listener
def on_init(environment, runner, **_):
    if not isinstance(runner, MasterRunner):
        # A worker in Python has joined the master by now. This makes it leave.
        environment.events.quitting.fire(environment=environment)
        raise SystemExit("run this file with --master, and join it with: mqtt-scenario worker --master-host HOST")
    # Without it Locust gives no users to the second worker that joins late, and those of a lost worker to nobody for a minute.
    environment.parsed_options.enable_rebalancing = True
    tell_exceptions(runner)
    runner.register_message("mqtt_scenario_cannot_run", on_cannot_run)
    gevent.spawn(watch_workers, environment, runner)
    starter = os.environ.get("MQTT_SCENARIO_MASTER_PID", "")
    if starter.isdecimal():
        gevent.spawn(watch_starter, int(starter), os.getppid())


def tell_exceptions(runner):
    # Locust keeps what workers report for its files and its page, and says none of it in its log. It has no event for it.
    keep = runner.log_exception

    def log_exception(node_id, msg, formatted_tb):
        if all(row["traceback"] != formatted_tb for row in runner.exceptions.values()):
            text = formatted_tb.strip() or msg
            # A broker may have said some of it, and a terminal would obey.
            text = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
            logging.error("Worker %s: %s", node_id, text)
        keep(node_id, msg, formatted_tb)

    runner.log_exception = log_exception


def on_cannot_run(environment, msg, **_):
    # The worker has said why. In the web interface somebody reads it there, and other workers may have users.
    if environment.parsed_options.headless and environment.process_exit_code != 2:
        logging.error("Worker %s cannot run the scenario, so the test ends", msg.node_id)
        environment.process_exit_code = 2
        gevent.spawn(environment.runner.quit)


def watch_workers(environment, runner):
    while True:
        gevent.sleep(1)
        for worker in runner.clients.missing:
            # What a lost worker did since its last report is in no file, so the test must not end with exit code 0.
            environment.process_exit_code = environment.process_exit_code or 4
            # Locust would start all users anew after a minute to replace it. Its users have moved before that.
            if worker.heartbeat < -3:
                del runner.clients[worker.id]
        # Locust forgets to hand out the users of a worker that left, if workers have come or gone before.
        dispatcher = runner._users_dispatcher
        is_steady = runner.state == "running" and runner.spawning_completed
        if is_steady and dispatcher is not None and dispatcher._rebalance:
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


@events.test_stopping.add_listener
def on_test_stopping(environment, **_):
    # A headless master reads reports for half a second after it has told its workers to quit, whatever its stop timeout. So
    # users finish before: the workers send their last report when the users are gone.
    runner, stop_timeout = environment.runner, environment.stop_timeout or 0
    runner.send_message("mqtt_scenario_drain", {"stop_timeout": stop_timeout})
    with gevent.Timeout(stop_timeout + 6, False):
        while runner.user_count:
            gevent.sleep(0.05)
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
