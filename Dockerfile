# Images of the static program and nothing else: no shell, no libraries, no root.
#
#   packaging/image target/x86_64-unknown-linux-musl/release/mqtt-scenario     lays out target/image/amd64
#   docker build -t mqtt-scenario .                                           the program
#   docker build -t mqtt-scenario-worker --target locust-worker .             a worker for a Locust master
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" mqtt-scenario run my.toml -H mqtt://broker.lan --out out
#
# The network is not needed: the certificates of authorities are those of the machine that builds.

FROM scratch AS base
ARG TARGETARCH=amd64
COPY target/image/${TARGETARCH}/root/ /
COPY --chown=65532:65532 target/image/${TARGETARCH}/work/ /work/
USER 65532:65532
WORKDIR /work

# Locust's operator for Kubernetes and scripts made for Locust's own image start a worker with Locust's flags.
FROM base AS locust-worker
ENTRYPOINT ["/mqtt-scenario", "worker"]

FROM base AS program
ENTRYPOINT ["/mqtt-scenario"]
CMD ["--help"]
