# Locust's image with our workers in it, for operators that start master and workers from one image.
#
#   docker build -f operator.Dockerfile -t mqtt-scenario-locust:1 .
FROM mqtt-scenario:latest AS program

FROM locustio/locust:2.47.0
COPY --from=program /mqtt-scenario /usr/local/bin/mqtt-scenario
ENTRYPOINT ["/bin/sh", "-c", "case \" $* \" in *' --worker '*) exec mqtt-scenario worker \"$@\" ;; esac; exec locust \"$@\"", "locust"]
