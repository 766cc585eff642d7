/// Where users, their tokens, roles and rights are seen and changed.
enum AccessPlace: Sendable, Equatable {
    case users
    case user(String)
    case tokens(user: String)
    case token(String, user: String)
    case roles
    case role(String)
    case entries

    /// The place that a path below the base names; nil for what is none of these.
    init?(_ path: [Substring]) {
        guard path.count >= 2, path[0] == "access" else { return nil }
        let names = path.dropFirst(2).map(String.init)
        switch (path[1], names.count) {
        case ("users", 0): self = .users
        case ("users", 1): self = .user(names[0])
        case ("users", 2) where names[1] == "token": self = .tokens(user: names[0])
        case ("users", 3) where names[1] == "token": self = .token(names[2], user: names[0])
        case ("roles", 0): self = .roles
        case ("roles", 1): self = .role(names[0])
        case ("acl", 0): self = .entries
        default: return nil
        }
    }

    /// With `*` for names.
    var pattern: String {
        switch self {
        case .users: "/access/users"
        case .user: "/access/users/*"
        case .tokens: "/access/users/*/token"
        case .token: "/access/users/*/token/*"
        case .roles: "/access/roles"
        case .role: "/access/roles/*"
        case .entries: "/access/acl"
        }
    }

    /// What can be done here.
    var methods: [String] {
        switch self {
        case .users, .roles: ["GET", "POST"]
        case .user, .role: ["GET", "PUT", "DELETE"]
        case .tokens: ["GET"]
        case .token: ["GET", "POST", "PUT", "DELETE"]
        case .entries: ["GET", "PUT"]
        }
    }
}
