import Web

/// Judges whether the Prometheus of the settings is new enough and scrapes what martlet serves.
enum PrometheusFindings {
    private static let shown = 5

    static func judge(_ answer: PrometheusProbe.Answer, at url: String, exporter: ListenAddress?, discovery: ListenAddress?) -> [Finding] {
        switch answer {
        case .nobody(let message):
            return [
                Finding(
                    "prometheus", .skipped, "no Prometheus answers at \(url) (stack.prometheus.listen_address): \(message)")
            ]
        case .stranger(let words):
            return [
                Finding(
                    "prometheus", .warning, "what listens at \(url) \(words)",
                    remedies: [Finding.Remedy(.settings, "stack.prometheus.listen_address says where Prometheus is")])
            ]
        case .prometheus(let version, let targets):
            let age = ProgramFindings.age(version, "the Prometheus at \(url)")
            let hello = age.isEmpty ? [Finding("prometheus", .ok, "Prometheus \(named(version, others: "+~")) answers at \(url)")] : age
            guard let targets else { return hello }
            return hello + scraped(targets, exporter) + discovered(targets, discovery) + down(targets)
        }
    }

    private static func scraped(_ targets: [PrometheusProbe.Target], _ exporter: ListenAddress?) -> [Finding] {
        guard let exporter else { return [] }
        let own = targets.filter { isPort(exporter.port, of: $0.url) || $0.job == "martlet" }
        guard own.isEmpty else {
            return [Finding("targets", .ok, "it scrapes martlet: \(enumeration(own.map { address($0.url) }, limit: 3))")]
        }
        return [
            Finding(
                "targets", .warning, "it scrapes no exporter of martlet (none of its targets has port \(exporter.port) or the job martlet)",
                remedies: [
                    Finding.Remedy(
                        .prometheus, "below scrape_configs",
                        lines: [
                            "- job_name: martlet", "  honor_labels: true", "  static_configs:",
                            "    - targets: ['\(clientAddress(exporter))']",
                        ])
                ])
        ]
    }

    private static func discovered(_ targets: [PrometheusProbe.Target], _ discovery: ListenAddress?) -> [Finding] {
        guard let discovery, !targets.contains(where: \.isDiscovered) else { return [] }
        return [
            Finding(
                "targets", .information,
                "none of its targets comes from martlet's discovery, so exporters inside guests are scraped only where somebody named them",
                remedies: [
                    Finding.Remedy(
                        .prometheus, "below scrape_configs, once martlet discovery runs",
                        lines: ["- job_name: guests", "  http_sd_configs:", "    - url: http://\(clientAddress(discovery))/targets"])
                ])
        ]
    }

    private static func down(_ targets: [PrometheusProbe.Target]) -> [Finding] {
        let down = targets.filter { !$0.isUp }
        guard !down.isEmpty else {
            return [Finding("targets", .ok, targets.count == 1 ? "its one target is up" : "all \(targets.count) targets are up")]
        }
        return [
            Finding(
                "targets", .warning, "down: \(down.count) of \(counted(targets.count, "target"))",
                details: down.map { "\(named($0.job)) \(address($0.url)): \($0.error)" }, shown: shown)
        ]
    }

    /// Whether a URL is of that port.
    static func isPort(_ port: UInt16, of url: String) -> Bool {
        let authority = url.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true).dropFirst().first ?? ""
        return authority.split(separator: ":").last == "\(port)"
    }

    /// The URL of a target.
    private static func address(_ url: String) -> String { named(url, others: ":/[]?=&%@") }

    private static func clientAddress(_ address: ListenAddress) -> String { String(address.url().dropFirst("http://".count)) }
}
