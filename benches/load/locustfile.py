"""Locust with paho-mqtt on the benchmark's workloads, as fast as we know how to make it.

paho's network thread per client costs twice as much as this: the user's greenlet reads and writes the socket
itself. `load` starts it with the port as host and the workload's name in WORKLOAD.
"""

import os
import select
import time

import paho.mqtt.client as mqtt
from locust import User, constant, constant_pacing, task

WORKLOAD = os.environ["WORKLOAD"]
PAYLOAD = b"01234567890123456789"
QOS = 0 if WORKLOAD == "w2" else 1


class Device(User):
    wait_time = constant_pacing(0.1) if WORKLOAD == "w5" else constant(0)
    count = 0

    def on_start(self):
        Device.count += 1
        self.number = Device.count
        if WORKLOAD != "w6":
            self.connect()

    def connect(self):
        self.acknowledged = None
        self.connected = False
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=f"locust-{self.number}")
        self.client.on_connect = self.on_connect
        self.client.on_publish = self.on_publish
        self.client.connect("127.0.0.1", int(self.host))
        while not self.connected:
            self.read()

    def on_connect(self, *_):
        self.connected = True

    def on_publish(self, _client, _userdata, mid, *_):
        self.acknowledged = mid

    def read(self):
        select.select([self.client.socket()], [], [])
        self.client.loop_read()

    @task
    def publish(self):
        if WORKLOAD == "w6":
            self.connect()
        start = time.perf_counter()
        info = self.client.publish(f"bench/{self.number}", PAYLOAD, QOS)
        while QOS == 1 and self.acknowledged != info.mid:
            self.read()
        self.environment.events.request.fire(
            request_type="MQTT",
            name="publish",
            response_time=(time.perf_counter() - start) * 1000,
            response_length=len(PAYLOAD),
            exception=None,
        )
        if WORKLOAD == "w6":
            self.client.disconnect()
