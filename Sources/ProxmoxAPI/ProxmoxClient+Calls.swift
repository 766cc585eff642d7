import JSON
package import Primitives
package import Web

extension ProxmoxClient {
    /// `/version`
    package func version(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> ProxmoxVersion {
        try await get("/version", http: http, by: deadline, decode: ProxmoxVersion.init)
    }

    /// Why `/version` gave no answer; nil when it did.
    package func versionError(http: HTTPClient, by deadline: Deadline) async -> ProxmoxError? {
        do throws(ProxmoxError) {
            _ = try await version(http: http, by: deadline)
            return nil
        } catch {
            return error
        }
    }

    /// `/cluster/status`, which is corosync's word on who is there.
    package func clusterStatus(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> ClusterStatus {
        try await get("/cluster/status", http: http, by: deadline, decode: ClusterStatus.init)
    }

    /// `/cluster/resources`, which is what every node's statistics daemon last broadcast.
    package func clusterResources(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> ClusterResources {
        try await get("/cluster/resources", http: http, by: deadline, decode: ClusterResources.init)
    }

    /// `/nodes/N/status`
    package func nodeStatus(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> NodeStatus {
        try await get("/nodes/\(Self.pathPart(node))/status", node: node, http: http, by: deadline, decode: NodeStatus.init)
    }

    /// `/nodes/N/qemu?full=1`: all virtual machines with their disks and cards in one call.
    package func virtualMachines(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Listing<
        VirtualMachine
    > {
        try await get("/nodes/\(Self.pathPart(node))/qemu?full=1", node: node, http: http, by: deadline) {
            Listing($0, VirtualMachine.init)
        }
    }

    /// `/nodes/N/lxc`
    package func containers(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Listing<Container> {
        try await get("/nodes/\(Self.pathPart(node))/lxc", node: node, http: http, by: deadline) { Listing($0, Container.init) }
    }

    /// A name from the API as one part of a path: nothing in it can leave its place.
    package static func pathPart(_ name: String) -> String {
        // Percent-encoding leaves dots alone, and these two lead elsewhere.
        name == "." || name == ".." ? name.replacing(".", with: "%2E") : percentEncoded(name)
    }
}
