import JSON
package import Primitives
package import Web

/// `/nodes/N/time`
package struct NodeTime: Sendable {
    /// What the node's clocks show beyond UTC, in seconds.
    package let offsetSeconds: Double
    /// Seconds since 1970, as the node has them.
    package let unixSeconds: Double

    init?(_ data: JSONValue) {
        guard let time = data["time"]?.number, let localTime = data["localtime"]?.number else { return nil }
        let offset = localTime - time
        // From UTC-12 to UTC+14.
        guard (-43_200...50_400).contains(offset) else { return nil }
        offsetSeconds = offset
        unixSeconds = time
    }
}

extension ProxmoxClient {
    package func time(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> NodeTime {
        try await get("/nodes/\(Self.pathPart(node))/time", node: node, http: http, by: deadline, decode: NodeTime.init)
    }
}
