import Primitives

/// Compares an `Authorization` header with the one token that is right.
struct TokenCheck: Sendable {
    private let expected: Secret

    /// - Parameter token: `USER@REALM!TOKENID=SECRET`.
    init(_ token: Secret) { expected = token }

    /// Whether the header is `PVEAPIToken=` or `PVEAPIToken ` and the token, which may be percent-encoded.
    func accepts(_ header: String?) -> Bool {
        guard let header, header.utf8.count <= 4096 else { return false }
        let bytes = Array(header.utf8)
        let scheme = Array("PVEAPIToken".utf8)
        guard bytes.count > scheme.count, bytes.starts(with: scheme), bytes[scheme.count] == 0x3D || bytes[scheme.count] == 0x20
        else { return false }
        return Self.equal(Self.percentDecoded(bytes[(scheme.count + 1)...]), Array(expected.reveal().utf8))
    }

    /// Takes as long for a token that is wrong at its beginning as for one that is wrong at its end.
    private static func equal(_ given: [UInt8], _ expected: [UInt8]) -> Bool {
        guard !expected.isEmpty else { return false }
        var difference = given.count ^ expected.count
        for index in given.indices { difference |= Int(given[index] ^ expected[index % expected.count]) }
        return difference == 0
    }

    private static func percentDecoded(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        func digit(_ byte: UInt8) -> UInt8? {
            switch byte {
            case 0x30...0x39: byte - 0x30
            case 0x41...0x46: byte - 0x37
            case 0x61...0x66: byte - 0x57
            default: nil
            }
        }
        var decoded: [UInt8] = []
        var index = bytes.startIndex
        while index < bytes.endIndex {
            if bytes[index] == 0x25, index + 2 < bytes.endIndex, let high = digit(bytes[index + 1]), let low = digit(bytes[index + 2]) {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return decoded
    }
}
