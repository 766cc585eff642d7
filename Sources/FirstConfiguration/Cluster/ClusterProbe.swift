package import ProxmoxAPI
package import ProxmoxConfiguration

/// Looks at a cluster, or pretends to in a test.
package protocol ClusterProbe: Sendable {
    /// Who answers at an endpoint.
    func greeting(of endpoint: ProxmoxEndpoint) async -> ProxmoxGreeting
    /// What a credential is shown there.
    func finding(at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async throws(ProbeRefusal) -> ClusterFinding
    /// The SHA-256 of the certificate that a node of the cluster shows, as the cluster itself tells it; nil when it does not.
    func fingerprint(of node: String, at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async -> String?
}

/// What a credential is shown of a cluster.
package struct ClusterFinding: Sendable {
    package struct Node: Sendable {
        let name: String
        let isOnline: Bool
        /// Where corosync knows it.
        let address: String?
        /// It is the one that answered.
        let isLocal: Bool

        package init(name: String, isOnline: Bool, address: String?, isLocal: Bool) {
            self.name = name
            self.isOnline = isOnline
            self.address = address
            self.isLocal = isLocal
        }
    }

    /// `9.2.11`
    let version: String
    let majorVersion: Int?
    let missing: [RequiredPrivilege]
    /// nil on a node without a cluster, or when it is not shown.
    let clusterName: String?
    /// Empty when they are not shown.
    let nodes: [Node]
    /// None of the rights that something is read with is there.
    let seesNothing: Bool

    package init(
        version: String, majorVersion: Int?, missing: [RequiredPrivilege], clusterName: String?, nodes: [Node], seesNothing: Bool = false
    ) {
        self.version = version
        self.majorVersion = majorVersion
        self.missing = missing
        self.clusterName = clusterName
        self.nodes = nodes
        self.seesNothing = seesNothing
    }
}

/// Why nothing was shown.
package struct ProbeRefusal: Error, Sendable {
    /// It is the credential that is refused, not the call.
    let isOfCredential: Bool
    let message: String

    package init(isOfCredential: Bool, message: String) {
        self.isOfCredential = isOfCredential
        self.message = message
    }
}
