/// The variables that docker-compose.yml and its overlays take, with what holds without them.
///
/// `Tests/EndToEnd/test_compose.py` holds the list against those files, in both directions. None begins with `MARTLET_`, as martlet would
/// take it for a setting.
enum ComposeVariables {
    struct Part {
        let title: String
        let variables: [(name: String, standard: String, help: String)]
    }

    static let parts = [
        Part(
            title: "Where the services are reached",
            variables: [
                (
                    "BIND_ADDR", "127.0.0.1",
                    "Address of this machine on which ports are published, but for Grafana's and that of syslog. Docker lets them past ufw, and nothing behind them asks for a password."
                ),
                (
                    "GRAFANA_BIND_ADDR", "127.0.0.1",
                    "Address of this machine on which Grafana is published. It asks for a password, which without HTTPS before it everybody on the way can read."
                ),
                ("GRAFANA_PORT", "3000", "Port of Grafana."),
                ("PROMETHEUS_PORT", "9090", "Port of Prometheus. Whoever reaches it can stop and reload it."),
                ("ALERTMANAGER_PORT", "9093", "Port of Alertmanager."),
                ("PVE_EXPORTER_PORT", "9221", "Port of the exporter."),
                ("DISCOVERY_PORT", "8000", "Port of discovery."),
                ("GPU_EXPORTER_PORT", "9835", "Port of the exporter beside the GPUs (profile gpu)."),
                (
                    "SYSLOG_BIND_ADDR", "127.0.0.1",
                    "Address of this machine on which it takes the syslog of nodes, from everybody who reaches it (profile logs)."
                ),
                ("SYSLOG_PORT", "1514", "Port, TCP, to which nodes send their syslog (profile logs)."),
                (
                    "SIMULATED_PROXMOX_PORT", "18006",
                    "Port of the simulated Proxmox API, which takes scenarios too (docker-compose.mock.yml)."
                ),
                ("LLM_GRAFANA_PORT", "23000", "With docker-compose.llm.yml, port of Grafana."),
                ("LLM_PROMETHEUS_PORT", "23001", "With docker-compose.llm.yml, port of Prometheus."),
                ("LLM_LOKI_PORT", "23002", "With docker-compose.llm.yml, port of Loki."),
                ("LLM_ALERTMANAGER_PORT", "23003", "With docker-compose.llm.yml, port of Alertmanager."),
                ("LLM_DISCOVERY_PORT", "23004", "With docker-compose.llm.yml, port of discovery."),
                ("LLM_EXPORTER_PORT", "8081", "With docker-compose.llm.yml, port of the exporter that asks the servers."),
                ("LLM_GPU_EXPORTER_PORT", "8083", "With docker-compose.llm.yml, port of the exporter beside the GPUs (profile gpu)."),
                ("GRAFANA_URL", "http://127.0.0.1:3000", "URL by which people open Grafana; notifications lead there."),
                ("PROMETHEUS_URL", "http://127.0.0.1:9090", "URL by which people open Prometheus; notifications lead there."),
                ("ALERTMANAGER_URL", "http://127.0.0.1:9093", "URL by which people open Alertmanager."),
                ("LLM_GRAFANA_URL", "http://127.0.0.1:23000", "With docker-compose.llm.yml, the same of Grafana."),
                ("LLM_PROMETHEUS_URL", "http://127.0.0.1:23001", "With docker-compose.llm.yml, the same of Prometheus."),
                ("LLM_ALERTMANAGER_URL", "http://127.0.0.1:23003", "With docker-compose.llm.yml, the same of Alertmanager."),
            ]),
        Part(
            title: "What this machine is called, and what of it is read",
            variables: [
                (
                    "LOGS_NODE", "",
                    "Name of this machine in its logs, and in metrics of its servers of language models. Without it: its host name in the journal, llm in metrics."
                ),
                (
                    "LOGS_CLUSTER", "",
                    "Name of its cluster in both, as metrics of other hosts have it. Without it: none in logs, the machine's name in metrics."
                ),
                (
                    "LLM_SETTINGS", "./llm-exporter",
                    "With docker-compose.llm.yml, folder whose martlet.yml names the servers of language models. User 65531 must be able to read it."
                ),
                ("JOURNAL_GID", "999", "Group of this machine that may read its journal: `getent group systemd-journal` (profile logs)."),
                (
                    "ENGINE_SOCKET", "/var/run/docker.sock",
                    "With docker-compose.engine.yml, socket of the container engine, whose logs Alloy reads. It opens all that the engine may do."
                ),
                ("ENGINE_GID", "998", "With docker-compose.engine.yml, its group: `stat -c %g /var/run/docker.sock`."),
            ]),
        Part(
            title: "What is kept, and how much memory it may take",
            variables: [
                (
                    "PROMETHEUS_RETENTION", "30d",
                    "How long Prometheus keeps samples. Its memory follows from the number of series, not from this."
                ),
                ("PROMETHEUS_RETENTION_SIZE", "50GB", "The most that they may take on disk; make it 80 % of the volume."),
                ("PROMETHEUS_MEMORY", "2g", "The most memory of Prometheus."),
                (
                    "GRAFANA_ADMIN_USER", "admin",
                    "Name of Grafana's administrator; the password is made at the first start: see docs/docker.md."
                ),
                ("TZ", "UTC", "Time zone of Alertmanager, by which it knows when backups are made."),
            ]),
        Part(
            title: "Secrets, by the files that they are in",
            variables: [
                (
                    "SECRET_PROXMOX_TOKEN", "/dev/null",
                    "File with USER@REALM!NAME=SECRET. Containers see it as /run/secrets/proxmox_token, for MARTLET_PROXMOX__CLUSTERS__0__TOKEN_FILE. User 65532 must be able to read it."
                ),
                (
                    "SECRET_PROXMOX_CA", "/dev/null",
                    "Authority of the cluster's certificates, /etc/pve/pve-root-ca.pem of a node. Containers see it as /run/secrets/proxmox_ca, for MARTLET_PROXMOX__CLUSTERS__0__CA_FILE."
                ),
                (
                    "SECRET_PVE_TOKEN_VALUE", "/dev/null",
                    "File with the secret of a token alone, which pve-exporter/pve.yml names. User 65532 must be able to read it."
                ),
                (
                    "SECRET_WEBHOOK_URL", "/dev/null",
                    "File with the URL to which Alertmanager sends notifications. User 65534 must be able to read it."
                ),
                (
                    "SECRET_DEADMAN_URL", "/dev/null",
                    "File with the URL that is called every five minutes as long as alerting works. Users 65532 and 65534 must be able to read it."
                ),
                (
                    "SECRET_MAIL_PASSWORD", "/dev/null",
                    "File with the password of the mail server and no line break behind it (printf %s), /run/secrets/mail_password for MARTLET_STACK__ALERTMANAGER__MAIL__PASSWORD_FILE. Users 65532 and 65534 must be able to read it."
                ),
                (
                    "SECRET_LLM_TOKEN", "/dev/null",
                    "With docker-compose.llm.yml, file with a token that servers of language models want. The exporter sees it as /run/secrets/llm_token, for bearer_token_file. User 65531 must be able to read it."
                ),
            ]),
        Part(
            title: "Images",
            variables: [
                (
                    "IMAGE_PROMETHEUS", "prom/prometheus:v3.13.2",
                    "A tag may be moved, a digest not: NAME:TAG@sha256:… pins for good. `docker image inspect` shows it as RepoDigests."
                ),
                ("IMAGE_ALERTMANAGER", "prom/alertmanager:v0.34.1", "0.26 or newer."),
                ("IMAGE_GRAFANA", "grafana/grafana:12.4.4", "9 or newer shows the boards."),
                ("IMAGE_LOKI", "grafana/loki:3.7.8", "3.7 or newer has the health check (profile logs)."),
                ("IMAGE_ALLOY", "grafana/alloy:v1.19.2", "Reads logs (profile logs)."),
                ("IMAGE_MARTLET", "martlet:0.1.0", "Ours, built here unless it can be pulled."),
                ("BUILD_IMAGE", "swift:6.3-bookworm", "In which ours is built: Debian 12 with Swift 6.3."),
                ("RUNTIME_IMAGE", "debian:bookworm-slim", "On which ours stands: Debian 12."),
            ]),
    ]
}
