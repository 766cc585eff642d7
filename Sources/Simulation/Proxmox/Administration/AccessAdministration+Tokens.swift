import JSON
import Primitives
import Web

/// /access/users/ID/token
extension AccessAdministration {
    /// GET /access/users/ID/token
    func tokens(_ user: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try demand(anyOf: Privileges(.userModify), forUser: user, isSelfEnough: true)
        try readNothing(request)
        let tokens = try known(user).tokens
        return Self.success { Self.write(tokens, into: &$0) }
    }

    /// /access/users/ID/token/ID
    func token(_ name: String, of user: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        try demand(anyOf: Privileges(.userModify), forUser: user, isSelfEnough: true)
        switch request.method {
        case "GET", "DELETE":
            try readNothing(request)
            let token = try known(name, of: user)
            guard request.method == "DELETE" else { return Self.success { $0.object { Self.write(token, into: &$0) } } }
            try directory.change { (state) throws(AccessRefusal) in state.removeToken(name, of: user) }
            return Self.nothing
        case "POST": return try addToken(name, of: user, request)
        default: return try changeToken(name, of: user, request)
        }
    }

    /// Makes a secret that nobody is told again.
    private func addToken(_ name: String, of user: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        let secret = Self.secret()
        var token = AccessUser.Token(secret: Secret(secret))
        try read(request, name, of: user, &token)
        guard try known(user).tokens[name] == nil else { throw .parameter("tokenid", "Token already exists.") }
        let made = token
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard state.users[user]?.tokens[name] == nil else { throw .impossible("Token already exists.") }
                try state.setToken(name, of: user, made)
            }
        } catch { throw error.prefixed("generating token failed") }
        return Self.success { json in
            json.object { json in
                json.member("full-tokenid", "\(user)!\(name)")
                json.member("value", secret)
                json.key("info")
                json.object { Self.write(made, into: &$0) }
            }
        }
    }

    private func changeToken(_ name: String, of user: String, _ request: HTTPServerRequest) throws(AccessRefusal) -> HTTPServerResponse {
        var probe = AccessUser.Token(secret: Secret("-"))
        try read(request, name, of: user, &probe)
        var token = try known(name, of: user)
        try read(request, name, of: user, &token)
        let changed = token
        do throws(AccessRefusal) {
            try directory.change { (state) throws(AccessRefusal) in
                guard state.users[user]?.tokens[name] != nil else { throw .impossible("no such token '\(name)' for user '\(user)'") }
                try state.setToken(name, of: user, changed)
            }
        } catch { throw error.prefixed("updating token info failed") }
        return Self.success { $0.object { Self.write(changed, into: &$0) } }
    }

    /// Takes over what is given.
    private func read(
        _ request: HTTPServerRequest, _ name: String, of user: String, _ token: inout AccessUser.Token
    ) throws(AccessRefusal) {
        var changed = token
        try read(request, ["comment", "expire", "privsep"]) { fields throws(AccessRefusal) in
            if let fault = Self.faultOfUser(user) { fields.complain("userid", fault) }
            if let fault = Self.faultOfTokenName(name) { fields.complain("tokenid", fault) }
            changed.isSeparated = fields.boolean("privsep") ?? changed.isSeparated
            changed.expire = fields.integer("expire") ?? changed.expire
            changed.comment = fields.text("comment") ?? changed.comment
        }
        token = changed
    }

    private func known(_ name: String, of user: String) throws(AccessRefusal) -> AccessUser.Token {
        if let fault = Self.faultOfTokenName(name) { throw .parameter("tokenid", fault) }
        guard let token = try known(user).tokens[name] else { throw .impossible("no such token '\(name)' for user '\(user)'") }
        return token
    }

    /// Random, in the form of a UUID of version 4.
    private static func secret() -> String {
        let digits = (0..<32).map { place in
            place == 12 ? "4" : place == 16 ? ["8", "9", "a", "b"].randomElement() ?? "8" : String(Int.random(in: 0..<16), radix: 16)
        }
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { digits[$0].joined() }.joined(separator: "-")
    }

    static func write(_ tokens: [String: AccessUser.Token], into json: inout JSONWriter) {
        json.array { json in
            for (name, token) in tokens.sorted(by: { $0.key < $1.key }) {
                json.object { json in
                    json.member("tokenid", name)
                    write(token, into: &json)
                }
            }
        }
    }

    static func write(_ token: AccessUser.Token, into json: inout JSONWriter) {
        json.member("privsep", token.isSeparated ? 1 : 0)
        if let expire = token.expire { json.member("expire", expire) }
        if let comment = token.comment { json.member("comment", comment) }
    }
}
