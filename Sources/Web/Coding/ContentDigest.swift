import CryptShim

/// A digest of bytes that come piece by piece, by OpenSSL.
package struct ContentDigest: ~Copyable {
    private let digest: OpaquePointer
    private var isWhole = true

    /// Nil for one that this OpenSSL has not.
    ///
    /// - Parameter name: md5, sha1, sha256, sha512.
    package init?(_ name: String) {
        guard let made = mlt_digest_new(name) else { return nil }
        digest = made
    }

    deinit { mlt_digest_free(digest) }

    package mutating func add(_ bytes: [UInt8]) {
        if mlt_digest_add(digest, bytes, bytes.count) == 0 { isWhole = false }
    }

    /// Lower-case hex; nil when OpenSSL failed.
    package consuming func hex() -> String? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let size = mlt_digest_end(digest, &bytes)
        guard isWhole, size > 0 else { return nil }
        return bytes.prefix(size).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
