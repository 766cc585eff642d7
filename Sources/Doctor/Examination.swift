package import Discovery
package import Primitives
package import ProxmoxConfiguration
package import Web

/// Everything that `martlet doctor` looks at, at the same time and by one deadline.
package struct Examination: Sendable {
    /// How deep it looks.
    package struct Options: Sendable {
        package var discovery: DiscoverySettings
        /// Guests of each cluster that are asked for their address; 0 leaves them out.
        package var guestLimit = 100
        /// Whether exporters of guests and nodes are asked for metrics from here.
        package var asksExporters = true

        /// Whether the cluster is that of the variables, and none of martlet.yml's.
        package var isOfVariables = false

        var words: SettingWords { isOfVariables ? .variables : .file }

        package init(discovery: DiscoverySettings) { self.discovery = discovery }
    }

    private let clusters: [ConfiguredCluster]
    private let options: Options
    /// What is not asked over the network, in its place behind the clusters.
    private let others: @Sendable (_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section]

    package init(
        _ clusters: [ConfiguredCluster], _ options: Options,
        others: @escaping @Sendable (_ http: HTTPClient, _ deadline: Deadline) async -> [DoctorReport.Section]
    ) {
        self.clusters = clusters
        self.options = options
        self.others = others
    }

    package func run(_ http: HTTPClient, by deadline: Deadline) async -> DoctorReport {
        async let others = others(http, deadline)
        let sections = await withTaskGroup(of: (Int, DoctorReport.Section).self) { group in
            for (index, cluster) in clusters.enumerated() {
                group.addTask {
                    (index, await ClusterExamination(cluster: cluster, options: options, http: http, deadline: deadline).run())
                }
            }
            var sections: [Int: DoctorReport.Section] = [:]
            for await (index, section) in group { sections[index] = section }
            return sections
        }
        return DoctorReport(sections.sorted { $0.key < $1.key }.map(\.value) + (await others))
    }
}
