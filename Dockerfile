# martlet as an image: one program, the C libraries of Debian that it is linked with, and nobody's root.
#
#   docker build -t martlet:0.1.0 .
#
# Proven on amd64. Nothing here is of one architecture, so arm64 should build where BUILD_IMAGE and RUNTIME_IMAGE have it; nobody has seen
# it yet. 32-bit ARM is refused: docs/decisions/0014-architectures-of-the-image.md.
#
# What is only loaded where it is there is left out, and RUNTIME_PACKAGES adds it: --build-arg RUNTIME_PACKAGES=libvirt0
#
# Tags may be moved. Who wants to know for sure gives digests: --build-arg RUNTIME_IMAGE=debian:bookworm-slim@sha256:…
ARG BUILD_IMAGE=swift:6.3-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /martlet
# First what packages are needed, so that a change of the code leaves that layer alone. The list is the one of `make build`.
COPY scripts/bootstrap scripts/bootstrap
RUN scripts/bootstrap build
COPY . .
RUN swift build -c release --static-swift-stdlib --explicit-target-dependency-import-check error --product martlet \
    && install -D -m 755 -s .build/release/martlet /out/usr/local/bin/martlet \
    && scripts/build-simulated-nvml /out/usr/local/lib/martlet/simulated \
    && install -D -m 644 LICENSE /out/usr/share/doc/martlet/LICENSE

FROM ${RUNTIME_IMAGE}
ARG RUNTIME_PACKAGES=
# What scripts/check-linkage allows the program to be linked with, and the authorities behind TLS. The folders are what volumes are mounted
# over, so that those belong to who writes there; what is made in secret is for the group too, and for nobody else.
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    ca-certificates libcrypt1 libcurl4 libexpat1 libgnutls30 libmicrohttpd12 libsimdjson14 libssl3 libstdc++6 libyaml-0-2 zlib1g $RUNTIME_PACKAGES \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/apt /var/log/dpkg.log /var/cache/ldconfig/aux-cache \
    && for folder in files secret world; do install -d -o 65532 -g 65532 "/var/lib/martlet/$folder"; done \
    && chmod 750 /var/lib/martlet/secret
COPY --from=build /out/ /
LABEL org.opencontainers.image.title="martlet" \
    org.opencontainers.image.description="Watches Proxmox VE estates for Prometheus" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.source="https://github.com/martlet-monitoring/martlet" \
    org.opencontainers.image.documentation="https://github.com/martlet-monitoring/martlet/blob/main/docs/docker.md" \
    org.opencontainers.image.version="0.1.0"
# By number, so that who forbids root can see that it is none; the user needs no name and no home.
USER 65532:65532
WORKDIR /
EXPOSE 9221
# A plain `docker run -p 127.0.0.1:9221:9221` is to reach it, so it listens on all addresses of the container.
ENTRYPOINT ["/usr/local/bin/martlet"]
CMD ["exporter", "--web.listen-address", "0.0.0.0:9221"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["/usr/local/bin/martlet", "health", "http://127.0.0.1:9221/health"]
STOPSIGNAL SIGTERM
