import Primitives
import Web

extension StackPlan {
    /// Refuses what cannot work, before anything is touched.
    func check() throws(Failure) {
        guard isPrometheusDuration(retention) else {
            throw Failure(.configuration, "retention \"\(retention)\" is not a time as Prometheus writes it, as in 15d or 36h")
        }
        if let scrapeInterval, !(0.1...3600).contains(scrapeInterval) {
            throw Failure(.configuration, "scrape interval \(scrapeInterval) s is not between 0.1 s and 1 h")
        }
        if let webhookURL { try Self.check(webhookURL.reveal(), "the webhook's URL") }
        if let deadmanURL { try Self.check(deadmanURL.reveal(), "the dead man's URL") }
        try Self.check(dashboardsURL, "the dashboards' URL")
        if let alertmanagerURL { try Self.check(alertmanagerURL, "Alertmanager's URL") }
        try mail?.check()
        try checkAlertmanagerConfiguration()
        if let simulation {
            guard !simulation.nodeNames.isEmpty else { throw Failure(.configuration, "a simulation needs at least one node") }
            guard IPv4(simulation.firstGuest) != nil else {
                throw Failure(.configuration, "--simulate.guests-address: the first simulated guest needs an IPv4 address, as in 127.0.2.1")
            }
            guard IPv4(simulation.firstHost.address.host) != nil else {
                throw Failure(
                    .configuration, "\(simulation.firstHost.flag): the first simulated host needs an IPv4 address, as in 127.0.0.11")
            }
        }
        try checkListeners()
    }

    /// Refuses what would have to be written into a configuration of Alertmanager that is not ours.
    func checkAlertmanagerConfiguration() throws(Failure) {
        if alertmanagerConfiguration != nil, mail != nil || deadmanURL != nil || backupWindow != nil {
            throw Failure(
                .configuration,
                "stack.alertmanager: mail, deadman_url and backup_window go into the shipped configuration; with config_file they belong there"
            )
        }
    }

    /// The URL is written into YAML as it stands; it is not repeated in the error, as it may hold a token.
    private static func check(_ text: String, _ name: String) throws(Failure) {
        let isWeb = text.hasPrefix("http://") || text.hasPrefix("https://")
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
        guard isWeb, isPlain, text.last != ":" else {
            throw Failure(.configuration, "\(name) is not an http or https URL without spaces and quotes")
        }
    }

    private func checkListeners() throws(Failure) {
        var seen: [Place] = []
        for (place, _) in listeners {
            guard place.address.port != 0 else {
                throw Failure(.configuration, "\(place.flag): port 0 is no fixed port, and others must find it")
            }
            if let other = seen.first(where: { $0.address.overlaps(place.address) }) {
                throw Failure(
                    .configuration,
                    "\(other.flag) \(other.address) and \(place.flag) \(place.address) are the same port; choose another for one of them")
            }
            seen.append(place)
        }
    }
}

extension ListenAddress {
    private var isWildcard: Bool { host.isEmpty || host == "0.0.0.0" || host == "::" }

    /// Whether only this machine can reach it.
    var isLoopback: Bool { host.hasPrefix("127.") || host == "::1" }

    /// Whether two services cannot have both.
    func overlaps(_ other: ListenAddress) -> Bool {
        port == other.port && (host == other.host || isWildcard || other.isWildcard)
    }

    /// `HOST:PORT` as a client on this machine writes it.
    var reachable: String { String(url().dropFirst("http://".count)) }
}
