import JSON
package import Primitives
package import Web

/// `/access/roles`: which rights each role has. Whoever is let in may ask.
package struct Roles: Sendable, Equatable {
    /// `["PVEAuditor": ["Sys.Audit", …]]`
    package let privileges: [String: Set<String>]

    init?(_ data: JSONValue) {
        let rows = data.rows(upTo: 1000, by: \.name) { row -> (name: String, privileges: Set<String>)? in
            guard let name = row["roleid"]?.word else { return nil }
            return (name, Set((row["privs"]?.word ?? "").split(separator: ",").map(String.init)))
        }
        guard let rows else { return nil }
        privileges = Dictionary(rows.map { ($0.name, $0.privileges) }, uniquingKeysWith: { first, _ in first })
    }
}

/// `/access/users/U/token/T`
package struct TokenDetails: Sendable, Equatable {
    /// Whether it has rights of its own, and of those the ones that its user has too; else it has its user's.
    package let isSeparated: Bool

    init?(_ data: JSONValue) {
        guard data.isObject else { return nil }
        isSeparated = data["privsep"]?.flag ?? true
    }
}

extension ProxmoxClient {
    package func roles(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Roles {
        try await get("/access/roles", http: http, by: deadline, decode: Roles.init)
    }

    /// Told to the user itself and to whoever may change users, which a token rarely is.
    package func tokenDetails(
        _ token: String, of user: String, http: HTTPClient, by deadline: Deadline
    ) async throws(ProxmoxError) -> TokenDetails {
        try await get(
            "/access/users/\(Self.pathPart(user))/token/\(Self.pathPart(token))", http: http, by: deadline, decode: TokenDetails.init)
    }
}
