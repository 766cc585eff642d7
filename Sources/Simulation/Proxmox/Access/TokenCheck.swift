import Primitives

/// Compares an `Authorization` header with the one token that is right.
struct TokenCheck: Sendable {
    private static let scheme = Array("PVEAPIToken".utf8)

    private let expected: Secret

    /// - Parameter token: `USER@REALM!TOKENID=SECRET`.
    init(_ token: Secret) { expected = token }

    /// Whether the header is about a token at all, right or wrong: then no cookie counts.
    static func isToken(_ header: String) -> Bool { token(in: header) != nil }

    /// Whether the header is `PVEAPIToken=` or `PVEAPIToken ` and the token, which may be percent-encoded.
    func accepts(_ header: String) -> Bool {
        guard header.utf8.count <= 4096, let token = Self.token(in: header) else { return false }
        return SecretComparison.areEqual(PercentText.decoded(token), Array(expected.reveal().utf8))
    }

    private static func token(in header: String) -> ArraySlice<UInt8>? {
        let bytes = Array(header.utf8)
        guard bytes.count > scheme.count, bytes.starts(with: scheme), bytes[scheme.count] == 0x3D || bytes[scheme.count] == 0x20
        else { return nil }
        return bytes[(scheme.count + 1)...]
    }
}
