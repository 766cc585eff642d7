import Objects

/// Paths and queries of a kube-apiserver.
enum KubePath {
    /// `/apis/infra.virtrigaud.io/v1beta1`, or `/api/v1`.
    static func version(_ kind: ResourceKind) -> String {
        kind.group.isEmpty ? "/api/\(escaped(kind.version))" : "/apis/\(escaped(kind.group))/\(escaped(kind.version))"
    }

    /// All objects of a kind, those of one namespace where one is said.
    static func collection(_ kind: ResourceKind, in namespace: String?) -> String {
        let place = kind.isNamespaced ? namespace.map { "/namespaces/\(escaped($0))" } ?? "" : ""
        return version(kind) + place + "/" + escaped(kind.plural)
    }

    static func object(_ key: ObjectKey, _ part: ObjectPartPath = .main) -> String {
        collection(key.kind, in: key.kind.isNamespaced ? key.namespace : nil) + "/" + escaped(key.name) + part.rawValue
    }

    enum ObjectPartPath: String {
        case main = ""
        case status = "/status"
    }

    /// `?limit=500&continue=x`; what has no value is left out.
    static func query(_ parameters: [(name: String, value: String?)]) -> String {
        let present = parameters.compactMap { parameter in parameter.value.map { "\(parameter.name)=\(escaped($0))" } }
        return present.isEmpty ? "" : "?" + present.joined(separator: "&")
    }

    /// All but RFC 3986's unreserved characters as `%2F`.
    private static func escaped(_ text: String) -> String {
        var bytes: [UInt8] = []
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
