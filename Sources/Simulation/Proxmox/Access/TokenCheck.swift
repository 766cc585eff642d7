import Primitives

/// Compares an `Authorization` header with the tokens that there are.
struct TokenCheck: Sendable {
    private static let scheme = Array("PVEAPIToken".utf8)

    private let directory: AccessDirectory

    init(_ directory: AccessDirectory) { self.directory = directory }

    /// Whether the header is about a token at all, right or wrong: then no cookie counts.
    static func isToken(_ header: String) -> Bool { token(in: header) != nil }

    /// The token that the header names and whose secret it has, written `PVEAPIToken=` or `PVEAPIToken ` and the token, which may be
    /// percent-encoded; nil for any other.
    func identity(in header: String, at unixSeconds: Double) -> AccessIdentity? {
        guard header.utf8.count <= 4096, let token = Self.token(in: header),
            let (identity, given) = Self.parts(of: PercentText.decoded(token)), case .token(let name, let user) = identity,
            let secret = directory.secret(of: name, of: user, at: unixSeconds),
            SecretComparison.areEqual(given, Array(secret.reveal().utf8))
        else { return nil }
        return identity
    }

    /// `USER@REALM!TOKENID` and the secret behind it.
    static func parts(of token: [UInt8]) -> (identity: AccessIdentity, secret: [UInt8])? {
        guard let mark = token.firstIndex(of: UInt8(ascii: "!")), let equals = token[mark...].firstIndex(of: UInt8(ascii: "=")),
            let identity = AccessIdentity(String(decoding: token[..<equals], as: UTF8.self))
        else { return nil }
        return (identity, Array(token[(equals + 1)...]))
    }

    private static func token(in header: String) -> ArraySlice<UInt8>? {
        let bytes = Array(header.utf8)
        guard bytes.count > scheme.count, bytes.starts(with: scheme), bytes[scheme.count] == 0x3D || bytes[scheme.count] == 0x20
        else { return nil }
        return bytes[(scheme.count + 1)...]
    }
}
