import JSON
package import Primitives
package import Web

/// `/access/permissions`: what whoever asks may do, by path.
package struct Permissions: Sendable, Equatable {
    /// Rights that hold below the path too, of the roots of all kinds of objects. Each guest of a pool has a path of its own, of which there
    /// may be thousands.
    private var inherited: [String: Set<String>] = [:]
    /// Rights on any path.
    private var anywhere: Set<String> = []

    private static let roots: Set<String> = ["/", "/access", "/mapping", "/nodes", "/pool", "/sdn", "/storage", "/vms"]
    /// Rights that are believed; there are some forty.
    private static let rightLimit = 256
    private static let rightsAnywhereLimit = 4096
    private static let rightBytes = 64

    init?(_ data: JSONValue) {
        // Perl has no empty hash that differs from an empty list.
        if data.isArray { return }
        guard data.isObject else { return nil }
        data.forEachMember { path, rights in
            let path = path.word
            let isRoot = Self.roots.contains(path)
            var held: Set<String> = []
            rights.forEachMember { right, isInherited in
                // One that is not passed on is for the path alone, which says something of a guest and nothing of a root.
                guard let isInherited = isInherited.flag, isInherited || !isRoot else { return }
                let right = right.word
                guard right.utf8.count <= Self.rightBytes else { return }
                if anywhere.count < Self.rightsAnywhereLimit { anywhere.insert(right) }
                if isRoot, held.count < Self.rightLimit { held.insert(right) }
            }
            if isRoot { inherited[path] = held }
        }
    }

    /// Whether the right holds for everything below a path.
    package func holds(_ privilege: String, below path: String) -> Bool { rights(on: path).contains(privilege) }

    /// Whether somebody was given rights on the path itself, which stand there in place of those on `/`.
    package func areOwn(on path: String) -> Bool { rights(on: path) != inherited["/"] ?? [] }

    /// Whether nothing at all may be done below the path, though something may elsewhere: an entry there takes away what others give.
    package func areTaken(on path: String) -> Bool { rights(on: path).isEmpty && areOwn(on: path) }

    /// The API lists the roots of all kinds of objects but one: `/mapping` is there only when somebody was given rights on it.
    private func rights(on path: String) -> Set<String> { inherited[path] ?? (path == "/mapping" ? inherited["/"] : nil) ?? [] }

    /// Whether there is no right at all.
    package var areEmpty: Bool { anywhere.isEmpty }

    /// Whether the right holds for anything at all.
    package func holdsAnywhere(_ privilege: String) -> Bool { anywhere.contains(privilege) }
}

extension ProxmoxClient {
    package func permissions(http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Permissions {
        try await get("/access/permissions", http: http, by: deadline, decode: Permissions.init)
    }

    /// What a user may, which is told to whoever has `Sys.Audit` on `/access`.
    package func permissions(of user: String, http: HTTPClient, by deadline: Deadline) async throws(ProxmoxError) -> Permissions {
        try await get("/access/permissions?userid=\(Self.pathPart(user))", http: http, by: deadline, decode: Permissions.init)
    }
}
