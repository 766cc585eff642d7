import JSON

@testable import ProxmoxAPI

/// Answers of the API, made of JSON as it would send them.
enum Answers {
    private static func read<Value>(_ json: String, _ make: (JSONValue) -> Value?) -> Value? {
        (try? JSONDocument(parsing: Array(json.utf8)))?.withRoot(make)
    }

    static func version(_ text: String) -> ProxmoxVersion? { read(#"{"version":"\#(text)"}"#) { ProxmoxVersion($0) } }

    /// - Parameter paths: the rights on each, all of which hold below it too.
    static func permissions(_ paths: [String: [String]]) -> Permissions? {
        let members = paths.map { path, rights in "\"\(path)\":{\(rights.map { "\"\($0)\":1" }.joined(separator: ","))}" }
        return read("{\(members.joined(separator: ","))}") { Permissions($0) }
    }

    static func roles(_ roles: [String: [String]]) -> Roles? {
        let rows = roles.map { name, rights in #"{"roleid":"\#(name)","privs":"\#(rights.joined(separator: ","))"}"# }
        return read("[\(rows.joined(separator: ","))]") { Roles($0) }
    }

    static var forbidden: ProxmoxError { ProxmoxError(.forbidden, "/nodes/pve1/time", "no") }

    static func status(_ json: String) -> ClusterStatus? { read(json) { ClusterStatus($0) } }
    static func resources(_ json: String) -> ClusterResources? { read(json) { ClusterResources($0) } }
    static func certificate(notAfter: Double) -> ServedCertificate? {
        certificate(String(Int(notAfter)))
    }
    static func certificate(_ notAfter: String) -> ServedCertificate? {
        read(#"[{"filename":"pve-ssl.pem","notafter":\#(notAfter)}]"#) { ServedCertificate($0) }
    }
}
