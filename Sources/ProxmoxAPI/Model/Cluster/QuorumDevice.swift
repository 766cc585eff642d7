import JSON
package import Primitives
package import Web

/// `/cluster/config/qdevice`: the voter outside of the cluster.
package struct QuorumDevice: Sendable {
    /// nil when the cluster has none.
    package let isConnected: Bool?

    init?(_ data: JSONValue) {
        // Perl has no empty hash that differs from an empty list.
        guard data.isObject || data.isArray else { return nil }
        isConnected = data["State"]?.text.map { $0 == "Connected" }
    }
}

extension ProxmoxClient {
    package func quorumDevice(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> QuorumDevice {
        try await get("/cluster/config/qdevice", http: http, by: deadline, decode: QuorumDevice.init)
    }
}
