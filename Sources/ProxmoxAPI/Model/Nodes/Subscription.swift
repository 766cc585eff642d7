import JSON
package import Primitives
package import Web

/// `/nodes/N/subscription`. Whoever may not audit the node sees the status only.
package struct Subscription: Sendable {
    /// `new`, `notfound`, `active`, `invalid`, `expired` or `suspended`.
    package let status: String?
    /// `c`, `b`, `s` or `p`: community, basic, standard, premium.
    package let level: String?
    package let product: String?
    /// Midnight UTC of the day on which it is due, in seconds since 1970.
    package let nextDue: Double?

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        status = data["status"]?.word?.lowercased()
        level = data["level"]?.word
        product = data["productname"]?.word
        nextDue = data["nextduedate"]?.text.flatMap { CivilTime(parsing: $0) }?.unixSeconds
    }
}

extension ProxmoxClient {
    package func subscription(_ node: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Subscription {
        try await get("/nodes/\(Self.pathPart(node))/subscription", node: node, http: http, by: deadline, decode: Subscription.init)
    }
}
