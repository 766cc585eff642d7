import Primitives
import ProviderRPC
package import RPC

/// By what a request that comes again is known. A token is its asker's: the same words of another client are another token.
package struct OperationToken: Sendable, Hashable {
    enum Meaning: String {
        /// One that the client made for this request: it stands for the request, whatever came of it, for as long as the operation is kept.
        case key = "k"
        /// Whose the machine to be made is, of a client that sends no key: it stands for the machine. The request may differ, and one that failed
        /// may be made again.
        case owner = "o"
    }

    let meaning: Meaning
    let word: String
    let asker: Asker

    /// As Kubernetes' names are bounded, whose uids these mostly are.
    private static let ownerLimitBytes = 253

    /// The call's key, or else the owner; nil when there is neither.
    ///
    /// Errors: `invalidArgument` for what is no key, and for an owner that is not 1 to 253 visible characters of ASCII.
    package init?(_ call: RPCCall, owner: String? = nil) throws(RPCError) {
        asker = Asker(call)
        if let key = try call.idempotencyKey() {
            (meaning, word) = (.key, key.text)
        } else {
            guard let owner, !owner.isEmpty else { return nil }
            guard owner.isVisibleASCII(upTo: Self.ownerLimitBytes) else {
                throw RPCError(.invalidArgument, "owner.uid: must be 1 to \(Self.ownerLimitBytes) visible ASCII characters")
            }
            (meaning, word) = (.owner, owner)
        }
    }

    var text: String { "\(meaning.rawValue):\(asker.text) \(word)" }

    init?(text: String) {
        guard let colon = text.firstIndex(of: ":"), let meaning = Meaning(rawValue: String(text[..<colon])) else { return nil }
        let parts = text[text.index(after: colon)...].split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let last = parts.last else { return nil }
        self.meaning = meaning
        asker = Asker(text: parts.count == 2 ? String(first) : "")
        word = String(last)
    }
}

/// Who asked for an operation, as a short text of visible ASCII: what the call's identity is, or its hash.
package struct Asker: Sendable, Hashable {
    let text: String

    private static let overNetwork = "tls:"

    package init(_ call: RPCCall) {
        let identity = call.identity
        guard !identity.isVisibleASCII(upTo: 128) else {
            text = identity
            return
        }
        // What is behind the prefix may be long, and in any language.
        let prefix = identity.utf8.starts(with: Self.overNetwork.utf8) ? Self.overNetwork : ""
        text = prefix + "sha256:" + SHA256.hex(Array(identity.utf8))
    }

    init(text: String) { self.text = text }

    /// Whether this one may see and stop an operation of the other. Whoever may open the socket sees all; over a network each sees its own, and
    /// those of a journal that did not note who asked.
    func maySee(_ other: Asker) -> Bool { !text.hasPrefix(Self.overNetwork) || other == self || other.text.isEmpty }
}
