import JSON
package import Primitives
package import Web

/// `/access/permissions`: what whoever asks may do, by path.
package struct Permissions: Sendable {
    /// Rights that hold below the path too.
    private var inherited: [String: Set<String>] = [:]

    /// Paths that are believed: an administrator has one for each object that an ACL names.
    private static let pathLimit = 10_000

    init?(_ data: JSONValue) {
        // Perl has no empty hash that differs from an empty list.
        if data.isArray { return }
        guard data.isObject else { return nil }
        data.forEachMember { path, rights in
            guard inherited.count < Self.pathLimit else { return }
            var held: Set<String> = []
            rights.forEachMember { right, isInherited in if isInherited.flag == true, held.count < 256 { held.insert(right.word) } }
            inherited[path.word] = held
        }
    }

    /// Whether the right holds for everything below a path.
    ///
    /// The API lists the roots of all kinds of objects but one: `/mapping` is there only when somebody was given rights on it.
    package func holds(_ privilege: String, below path: String) -> Bool {
        (inherited[path] ?? (path == "/mapping" ? inherited["/"] : nil))?.contains(privilege) ?? false
    }

    /// Whether the right holds for anything at all.
    package func holdsAnywhere(_ privilege: String) -> Bool { inherited.values.contains { $0.contains(privilege) } }
}

extension ProxmoxClient {
    package func permissions(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Permissions {
        try await get("/access/permissions", http: http, by: deadline, decode: Permissions.init)
    }
}
