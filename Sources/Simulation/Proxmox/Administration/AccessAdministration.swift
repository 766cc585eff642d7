import JSON
import Primitives
import Web

/// Answers who looks at users, roles and rights, or changes them.
struct AccessAdministration {
    let directory: AccessDirectory
    let asker: AccessIdentity
    let rights: AccessRights
    let inventory: Inventory

    /// Says at a place what was asked, or why not. The method is one of the place's.
    func answer(_ place: AccessPlace, _ request: HTTPServerRequest) -> HTTPServerResponse {
        do throws(AccessRefusal) {
            switch place {
            case .users: return try request.method == "GET" ? users(request) : addUser(request)
            case .user(let name): return try user(name, request)
            case .tokens(let user): return try tokens(user, request)
            case .token(let name, let user): return try token(name, of: user, request)
            case .roles: return try request.method == "GET" ? roles(request) : addRole(request)
            case .role(let name): return try role(name, request)
            case .entries: return try request.method == "GET" ? entries(request) : changeEntries(request)
            }
        } catch {
            return error.response
        }
    }

    /// Of a call that has nothing to say.
    static let nothing = ProxmoxResponse.success(Array(#"{"data":null}"#.utf8))

    static func success(_ body: (inout JSONWriter) -> Void) -> HTTPServerResponse {
        var json = JSONWriter(reservingBytes: 1024)
        json.object { json in
            json.key("data")
            body(&json)
        }
        return ProxmoxResponse.success(json.bytes)
    }

    // MARK: what is asked for

    /// Throws what the real server says to somebody who does not hold all of these.
    func demand(_ privilege: Privilege, at path: String) throws(AccessRefusal) {
        guard rights.holds(any: Privileges(privilege), at: path) else { throw .forbidden("\(path), \(privilege.rawValue)") }
    }

    /// The same for users that are not oneself: there the real server does not say what is missing.
    func demand(anyOf privileges: Privileges, forUser user: String, isSelfEnough: Bool = false) throws(AccessRefusal) {
        if isSelfEnough, asker == .user(user) { return }
        guard rights.holds(any: privileges, at: "/access/groups") else { throw .forbidden(nil) }
    }

    /// Reads parameters, of which none that is wrong passes.
    ///
    /// - Parameter known: the parameters of the schema.
    func read<Result>(
        _ request: HTTPServerRequest, _ known: [String], _ body: (inout FieldReader) throws(AccessRefusal) -> Result
    ) throws(AccessRefusal) -> Result {
        var fields = FieldReader(request, known: known)
        let result = try body(&fields)
        guard fields.errors.isEmpty else { throw .parameters(fields.errors) }
        return result
    }

    /// Of a call that has no parameters.
    func readNothing(_ request: HTTPServerRequest) throws(AccessRefusal) { try read(request, []) { _ throws(AccessRefusal) in } }

    // MARK: forms

    static func faultOfUser(_ text: String) -> String? {
        switch text.count {
        case ..<3: return "invalid format - user name '\(text)' is too short\n"
        case 65...: return "value may only be 64 characters long"
        default: return AccessIdentity.isUserName(text) ? nil : "invalid format - value '\(text)' does not look like a valid user name\n"
        }
    }

    static func faultOfTokenName(_ text: String) -> String? {
        AccessIdentity.isTokenName(text) ? nil : "value does not match the regex pattern"
    }

    static func faultOfRole(_ text: String) -> String? {
        AccessIdentity.isName(text) ? nil : "invalid format - role name '\(text)' contains invalid characters\n"
    }
}

/// `name: text`, where there is one.
extension JSONWriter {
    mutating func note(_ name: String, _ text: String?) {
        guard let text else { return }
        key(text: name)
        string(text)
    }
}
