# An image of the static program and nothing else: no shell, no libraries, no root.
#
# The programs lie in target/image/ARCHITECTURE/mqtt-scenario (amd64, arm64), each built for musl:
#   packaging/archive x86_64-unknown-linux-musl
#   mkdir -p target/image/amd64
#   tar xzf target/dist/*x86_64*.tar.gz --strip-components 1 -C target/image/amd64
#   docker build --target program -t mqtt-scenario .
#   docker run --rm -v "$PWD:/work" mqtt-scenario run my.toml -H mqtt://broker.lan --out out

FROM debian:bookworm-slim AS authorities
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends ca-certificates >/dev/null
RUN mkdir -p /empty/work /empty/tmp && chmod 1777 /empty/tmp && chown 65532:65532 /empty/work

FROM scratch AS program
ARG TARGETARCH=amd64
COPY --from=authorities /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=authorities /empty/ /
COPY target/image/${TARGETARCH}/mqtt-scenario /mqtt-scenario
COPY scenarios /scenarios
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/mqtt-scenario"]
CMD ["--help"]
