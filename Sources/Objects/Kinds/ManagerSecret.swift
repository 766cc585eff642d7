/// Credentials and certificates.
///
/// Its description shows none of them.
package struct ManagerSecret: TypedKind, CustomStringConvertible {
    package static let kind = ResourceKind.secret
    package var object: APIObject
    package init(_ object: APIObject) { self.object = object }

    package var type: String { object.content["type"]?.text ?? "Opaque" }

    /// Names of its members, in the order of their bytes.
    package var names: [String] { object.content["data"]?.members?.names ?? [] }

    /// A member; nil for one that is not there, or is no base64.
    package func bytes(_ name: String) -> [UInt8]? { object.content["data"]?[name]?.text.flatMap { Base64Text.bytes(of: $0) } }

    /// A member that is text; nil also for what is no UTF-8.
    package func text(_ name: String) -> String? { bytes(name).flatMap { String(validating: $0, as: UTF8.self) } }

    package mutating func set(_ name: String, _ bytes: [UInt8]) {
        var data = object.content["data"] ?? .members(ObjectMembers())
        data.set(name, .text(Base64Text.text(bytes)))
        object.content["data"] = data
    }

    package var description: String { object.key.description }
}
