import Protobuf

/// A message that carries what no log may show: it prints with `***` in the place of each of those, wherever it is described.
protocol MessageWithSecrets: ProtobufMessage, CustomStringConvertible, CustomDebugStringConvertible {
    /// Names of its properties.
    static var secretProperties: [String] { get }
}

extension MessageWithSecrets {
    package var description: String {
        let properties = Mirror(reflecting: self).children.compactMap { child -> String? in
            guard let name = child.label else { return nil }
            // What this version has no name for may be a secret too.
            let isSecret = name == "unknownFields" || Self.secretProperties.contains(name)
            return "\(name): \(isSecret ? "***" : String(reflecting: child.value))"
        }
        return "\(Self.self)(\(properties.joined(separator: ", ")))"
    }

    package var debugDescription: String { description }
}

extension CreateRequest: MessageWithSecrets {
    static let secretProperties = ["userData", "metaData", "imageJSON"]
}

extension CloneRequest: MessageWithSecrets {
    static let secretProperties = ["customizeJSON"]
}

extension ReconfigureRequest: MessageWithSecrets {
    static let secretProperties = ["desiredJSON"]
}

extension ImagePrepareRequest: MessageWithSecrets {
    static let secretProperties = ["imageJSON"]
}

extension ExportDiskRequest: MessageWithSecrets {
    static let secretProperties = ["credentials", "destinationURL", "storageOptionsJSON"]
}

extension ImportDiskRequest: MessageWithSecrets {
    static let secretProperties = ["credentials", "sourceURL", "storageOptionsJSON"]
}
