import Primitives
import ProviderRPC
import RPC

/// How much of a provider's words is taken: they come to stand in objects, in memory and in metrics, and a provider may be anybody's.
enum AnswerLimits {
    /// Of a list.
    static let machines = 100_000
    static let addresses = 64
    /// In bytes of UTF-8: longer ones name nothing, and are refused.
    static let identifierBytes = 1024
    static let pathBytes = 4096
    /// In characters, after which texts are cut.
    static let messageLength = 4096
    static let wordLength = 64
    /// A longer one leads nowhere, and is left out.
    static let addressBytes = 2048
    static let rawBytes = 1 << 20

    static func clip(_ text: String, _ length: Int) -> String {
        text.utf8.count <= length ? text : String(text.unicodeScalars.prefix(length))
    }

    /// The answer within its limits.
    static func keep<Answer>(_ answer: Answer) throws(RPCError) -> Answer {
        guard let bounded = answer as? any BoundedAnswer else { return answer }
        return try bounded.kept() as? Answer ?? answer
    }

    fileprivate static func keep(addresses: [String]) -> [String] {
        guard addresses.count > Self.addresses || addresses.contains(where: { $0.utf8.count > wordLength }) else { return addresses }
        return Array(addresses.lazy.filter { $0.utf8.count <= wordLength }.prefix(Self.addresses))
    }
}

/// An answer with texts or lists that may be too long.
private protocol BoundedAnswer {
    func kept() throws(RPCError) -> Self
}

extension ListVMsResponse: BoundedAnswer {
    fileprivate func kept() throws(RPCError) -> Self {
        guard vms.count <= AnswerLimits.machines else {
            throw RPCError(
                .resourceExhausted,
                "the provider lists \(vms.count) machines, and \(AnswerLimits.machines) are the most that are taken; let it show fewer of them"
            )
        }
        var kept = self
        // No machine of ours has such an identifier.
        kept.vms.removeAll { $0.id.utf8.count > AnswerLimits.identifierBytes }
        for place in kept.vms.indices {
            kept.vms[place].powerState = AnswerLimits.clip(kept.vms[place].powerState, AnswerLimits.wordLength)
            kept.vms[place].ips = AnswerLimits.keep(addresses: kept.vms[place].ips)
        }
        return kept
    }
}

extension DescribeResponse: BoundedAnswer {
    fileprivate func kept() throws(RPCError) -> Self {
        var kept = self
        kept.powerState = AnswerLimits.clip(powerState, AnswerLimits.wordLength)
        kept.ips = AnswerLimits.keep(addresses: ips)
        if consoleURL.utf8.count > AnswerLimits.addressBytes { kept.consoleURL = "" }
        if providerRawJSON.utf8.count > AnswerLimits.rawBytes { kept.providerRawJSON = "" }
        return kept
    }
}

extension TaskStatusResponse: BoundedAnswer {
    fileprivate func kept() throws(RPCError) -> Self {
        var kept = self
        kept.error = AnswerLimits.clip(error, AnswerLimits.messageLength)
        return kept
    }
}

extension ValidateResponse: BoundedAnswer {
    fileprivate func kept() throws(RPCError) -> Self {
        var kept = self
        kept.message = AnswerLimits.clip(message, AnswerLimits.messageLength)
        return kept
    }
}

extension OperationDriver.Acceptance {
    /// Why it cannot be written down; nil when it can.
    ///
    /// Half an identifier is another one. So nobody can say of it any more how the operation ended.
    var problem: String? {
        func tooLong(_ name: String, _ text: String?, _ most: Int) -> String? {
            guard let count = text?.utf8.count, count > most else { return nil }
            return "the provider's \(name) has \(count) bytes, and \(most) are the most that are taken"
        }
        return tooLong("task identifier", taskID, AnswerLimits.identifierBytes)
            ?? tooLong("identifier", resultID, AnswerLimits.identifierBytes) ?? tooLong("path", resultPath, AnswerLimits.pathBytes)
    }
}
