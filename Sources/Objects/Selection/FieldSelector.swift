package import Primitives

/// Chooses objects by name and namespace, which are the fields that all kinds have.
package struct FieldSelector: Sendable, Hashable {
    package enum Requirement: Sendable, Hashable {
        case name(String)
        case otherName(String)
        case namespace(String)
        case otherNamespace(String)
    }

    /// All of which must hold.
    package var requirements: [Requirement]

    package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

    package static let everything = FieldSelector()

    /// Reads the query parameter `fieldSelector`: `metadata.name=web1,metadata.namespace!=default`.
    ///
    /// Errors: `malformed`, also for other fields.
    package init(parsing text: String) throws(Failure) {
        self.init()
        for part in text.split(separator: ",") {
            guard let mark = part.utf8.firstIndex(where: { $0 == UInt8(ascii: "=") || $0 == UInt8(ascii: "!") }) else {
                throw Self.refusal(String(part))
            }
            let (field, rest) = (String(part[..<mark]), part[mark...])
            guard let sign = ["==", "!=", "="].first(where: { rest.hasPrefix($0) }) else { throw Self.refusal(String(part)) }
            let value = String(rest.dropFirst(sign.count))
            switch (field, sign == "!=") {
            case ("metadata.name", false): requirements.append(.name(value))
            case ("metadata.name", true): requirements.append(.otherName(value))
            case ("metadata.namespace", false): requirements.append(.namespace(value))
            case ("metadata.namespace", true): requirements.append(.otherNamespace(value))
            default: throw Self.refusal(String(part))
            }
        }
    }

    package func matches(_ metadata: ObjectMetadata) -> Bool {
        requirements.allSatisfy { requirement in
            switch requirement {
            case .name(let name): metadata.name == name
            case .otherName(let name): metadata.name != name
            case .namespace(let namespace): metadata.namespace == namespace
            case .otherNamespace(let namespace): metadata.namespace != namespace
            }
        }
    }

    private static func refusal(_ part: String) -> Failure {
        Failure(.malformed, "the field selector has \"\(part)\"; only metadata.name and metadata.namespace are known, with = or !=")
    }
}
