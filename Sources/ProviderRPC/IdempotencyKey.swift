package import Primitives
package import RPC

/// By what a request that is sent again is known: the same key with the same request is the same work.
package struct IdempotencyKey: Sendable, Hashable {
    /// Beside the request, as metadata.
    package static let metadataName = "martlet-idempotency-key"

    package let text: String

    /// nil unless it is 1 to 128 visible ASCII characters.
    package init?(_ text: String) {
        guard (1...128).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        self.text = text
    }
}

extension RPCCall {
    /// The client's key; nil when it gave none.
    /// - Throws: `invalidArgument` for what is no key.
    package func idempotencyKey() throws(RPCError) -> IdempotencyKey? {
        guard let text = metadata[IdempotencyKey.metadataName] else { return nil }
        guard let key = IdempotencyKey(text) else {
            throw RPCError(
                .invalidArgument, "the metadata \(IdempotencyKey.metadataName) is no key: it must be 1 to 128 visible ASCII characters")
        }
        return key
    }
}

extension RPCOptions {
    /// - Parameter key: nil for a call that may be done twice.
    package init(key: IdempotencyKey?, deadline: Deadline? = nil) {
        self.init(deadline: deadline, metadata: RPCMetadata(key.map { [(IdempotencyKey.metadataName, $0.text)] } ?? []))
    }
}
