package import Primitives
package import ProxmoxConfiguration
package import Settings
package import Web

/// The section `discovery` of the settings.
package struct DiscoverySettings: Sendable {
    package var clusters: [ConfiguredCluster]
    /// What works and is still not what one should want, a line each.
    package var warnings: [String] = []
    /// Seconds between two looks at a cluster.
    package var cacheSeconds = 60.0
    /// Seconds for which the targets of a cluster that does not answer are kept.
    package var keepSeconds = 3600.0
    /// The same of its nodes, which are machines of their own.
    package var keepNodesSeconds = 7 * 86_400.0
    /// Seconds after the start for which nothing is answered as long as a cluster was not read whole.
    package var coldSeconds = 300.0
    /// Seconds between two questions for a guest's addresses.
    package var addressSeconds = 600.0
    /// Seconds between two questions for a guest's configuration.
    package var configurationSeconds = 3600.0
    /// Where exporters listen when nobody asks for a port.
    package var ports = Ports()
    private(set) var networks = NetworkPreference()
    /// Behind the names of guests without an address; nil to leave them out.
    var domain: String?

    /// By custom, each exporter has its port.
    package struct Ports: Sendable, Equatable {
        /// node_exporter's, of nodes, containers and machines with Linux.
        package var node = 9100
        /// windows_exporter's
        package var windows = 9182
    }

    package init(clusters: [ConfiguredCluster]) { self.clusters = clusters }

    /// - Parameter networks: where guests are scraped, best first.
    package mutating func prefer(networks: [IPRange]) { self.networks = NetworkPreference(networks) }

    /// - Parameter tree: the section `discovery`.
    /// - Parameter environment: may hold `CACHE_TTL_SECONDS`, which the section goes before.
    package init(_ tree: SettingsTree, clusters: ConfiguredClusters, environment: [String: String]) throws(Failure) {
        self.init(clusters: clusters.all)
        warnings = clusters.warnings
        if let seconds = tree["cache_ttl"].seconds {
            cacheSeconds = seconds
        } else if let text = environment["CACHE_TTL_SECONDS"], !text.isEmpty {
            guard let seconds = Double(text), Self.cacheRange.contains(seconds) else {
                throw Failure(.configuration, "CACHE_TTL_SECONDS: expected seconds from 1 to 3600, not \(quoted(text))")
            }
            cacheSeconds = seconds
        }
        keepSeconds = tree["keep_last"].seconds ?? keepSeconds
        keepNodesSeconds = max(keepSeconds, tree["keep_nodes"].seconds ?? keepNodesSeconds)
        coldSeconds = tree["cold_wait"].seconds ?? coldSeconds
        addressSeconds = tree["address_interval"].seconds ?? addressSeconds
        configurationSeconds = tree["configuration_interval"].seconds ?? configurationSeconds
        var ranges: [IPRange] = []
        for element in tree["networks"].elements {
            guard let text = element.text, !text.isEmpty else { continue }
            guard let range = IPRange(text[...]) else {
                throw element.failure(
                    "networks: expected an address or a network such as 192.0.2.0/24, without bits behind its length, not \(quoted(text))")
            }
            ranges.append(range)
        }
        prefer(networks: ranges)
        ports.node = tree["ports"]["node"].integer ?? ports.node
        ports.windows = tree["ports"]["windows"].integer ?? ports.windows
        domain = tree.word("dns_domain")
        if let domain, !HostName.isValid(domain) {
            throw tree["dns_domain"].failure("dns_domain: expected a domain such as example.org, not \(quoted(domain))")
        }
    }

    private static let cacheRange = 1.0...3600.0

    /// Variables that other tools of the field read too.
    package static let variables: [(name: String, help: String)] = [
        ("CACHE_TTL_SECONDS", "discovery.cache_ttl, in seconds.")
    ]

    package static let standardAddress = "127.0.0.1:8000"

    /// What may stand in the section.
    package static let shape = SettingsShape.section([
        SettingsKey("listen_address", .texts, "Where discovery listens: HOST:PORT, or unix:/PATH of a socket.", standard: standardAddress),
        SettingsKey(
            "cache_ttl", .seconds(cacheRange), "Time between two looks at a cluster; answers come from what the last one saw.",
            standard: "60s"),
        SettingsKey(
            "keep_last", .seconds(0...604_800), "How long the guests of a cluster that does not answer are kept as targets.", standard: "1h"
        ),
        SettingsKey(
            "keep_nodes", .seconds(0...31_536_000),
            "How long its nodes are: a host that died with its API is to be missed until somebody sees to it.", standard: "168h"),
        SettingsKey(
            "cold_wait", .seconds(0...86_400),
            "How long after the start the answer is 503 because a cluster was not read yet, while others were; then they are answered without it.",
            standard: "5m"),
        SettingsKey("address_interval", .seconds(10...86_400), "Time between two questions for a guest's addresses.", standard: "10m"),
        SettingsKey(
            "configuration_interval", .seconds(10...86_400), "Time between two questions for a guest's configuration.", standard: "1h"),
        SettingsKey(
            "networks", .texts,
            "Networks in which guests are scraped, best first, such as 192.0.2.0/24; addresses outside of them are not taken.",
            standard: "all but loopback, link-local and multicast"),
        SettingsKey(
            "ports",
            .section([
                SettingsKey("node", .integer(1...65_535), "Of node_exporter.", standard: "9100"),
                SettingsKey("windows", .integer(1...65_535), "Of windows_exporter.", standard: "9182"),
            ]), "Where exporters listen, for who asks for no port."),
        SettingsKey(
            "dns_domain", .text, "Guests without a known address are scraped as NAME.DOMAIN.", standard: "they are left out"),
    ])
}

extension DiscoverySettings {
    var pace: ClusterBook.Pace {
        ClusterBook.Pace(cacheSeconds: cacheSeconds, addressSeconds: addressSeconds, configurationSeconds: configurationSeconds)
    }
}
