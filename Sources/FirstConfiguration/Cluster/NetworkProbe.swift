import Primitives
package import ProxmoxAPI
import ProxmoxConfiguration
package import Web

/// Looks at clusters over the network. Each call is made once: the API makes who is refused wait, and counts.
package struct NetworkProbe: ClusterProbe {
    private let http: HTTPClient
    /// For a person who waits; the API delays each refusal by three.
    private static let seconds = 15.0

    package init(http: HTTPClient) { self.http = http }

    package func greeting(of endpoint: ProxmoxEndpoint) async -> ProxmoxGreeting {
        await endpoint.greeting(http: http, by: .after(seconds: Self.seconds))
    }

    package func finding(at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async throws(ProbeRefusal) -> ClusterFinding {
        let client = ProxmoxClient(endpoint: endpoint, session: ProxmoxSession(credential))
        let deadline = Deadline.after(seconds: Self.seconds)
        do throws(ProxmoxError) {
            // The others only when the first is let in.
            let version = try await client.version(http: http, by: deadline)
            let permissions = try await client.permissions(http: http, by: deadline)
            let status = await Self.status(client, http, deadline)
            let missing = RequiredPrivilege.missing(in: permissions, of: version)
            return ClusterFinding(
                version: version.version, majorVersion: version.major, missing: missing, clusterName: status?.clusterName,
                nodes: (status?.nodes ?? []).map { node in
                    ClusterFinding.Node(
                        name: node.name, isOnline: node.isOnline ?? false, address: node.address, isLocal: node.isLocal ?? false)
                }, seesNothing: missing.count == RequiredPrivilege.all(of: version).count)
        } catch {
            throw ProbeRefusal(isOfCredential: error.kind == .unauthorized, message: error.description)
        }
    }

    /// Without the right to it, it is not shown, which is told with the rights.
    private static func status(_ client: ProxmoxClient, _ http: HTTPClient, _ deadline: Deadline) async -> ClusterStatus? {
        try? await client.clusterStatus(http: http, by: deadline)
    }

    package func fingerprint(of node: String, at endpoint: ProxmoxEndpoint, with credential: ProxmoxCredential) async -> String? {
        let client = ProxmoxClient(endpoint: endpoint, session: ProxmoxSession(credential))
        return try? await client.servedCertificate(node, http: http, by: .after(seconds: Self.seconds)).fingerprint
    }
}
