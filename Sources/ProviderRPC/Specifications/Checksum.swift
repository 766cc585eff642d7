package import RPC

/// The checksum that an image is said to have.
package struct Checksum: Sendable, Equatable, CustomStringConvertible {
    package enum Algorithm: String, Sendable, CaseIterable {
        case md5, sha1, sha256, sha512

        var hexDigits: Int {
            switch self {
            case .md5: 32
            case .sha1: 40
            case .sha256: 64
            case .sha512: 128
            }
        }
    }

    package let algorithm: Algorithm
    /// Lower case.
    package let hex: String

    package init(_ algorithm: Algorithm, hex: String) {
        self.algorithm = algorithm
        self.hex = hex.lowercased()
    }

    package var description: String { "\(algorithm.rawValue):\(hex)" }

    /// Of `checksum` and `checksumType`; `sha256:…` says both. SHA-256 when nothing says which.
    static func take(_ object: inout SpecificationObject) throws(RPCError) -> Checksum? {
        let said = try object.choice("checksumType", Algorithm.self)
        guard let value = object.take("checksum"), let text = try value.text()?.lowercased() else { return nil }
        return try of(text, said, place: value.place)
    }

    /// Of a field of a request that is a text of its own. Nil for an empty one.
    package static func read(_ text: String, field: String) throws(RPCError) -> Checksum? {
        text.isEmpty ? nil : try of(text.lowercased(), nil, place: field)
    }

    private static func of(_ text: String, _ said: Algorithm?, place: String) throws(RPCError) -> Checksum {
        let parts = text.split(separator: ":", maxSplits: 1).map(String.init)
        var algorithm = said ?? .sha256
        if parts.count == 2 {
            guard let named = Algorithm(rawValue: parts[0]), said == nil || said == named else {
                let words = Algorithm.allCases.map(\.rawValue).joined(separator: ", ")
                throw RPCError(
                    .invalidArgument, "\(place): begins with what is no algorithm, or not that of checksumType; known are \(words)")
            }
            algorithm = named
        }
        guard let hex = parts.last, hex.utf8.count == algorithm.hexDigits, hex.allSatisfy({ $0.isHexDigit && $0.isASCII }) else {
            throw RPCError(.invalidArgument, "\(place): is not the \(algorithm.hexDigits) hex digits of \(algorithm.rawValue)")
        }
        return Checksum(algorithm, hex: hex)
    }
}
