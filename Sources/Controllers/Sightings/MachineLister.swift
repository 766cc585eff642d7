import Primitives
import ProviderRPC
import RPC

/// Lists a provider's machines from time to time, and tells which of them are otherwise than before.
///
/// One call for all of them, so that ten thousand machines that nobody touches cost one call in a while and not ten thousand.
struct MachineLister: Sendable {
    let link: ProviderLink
    let book: MachineBook
    let changed: @Sendable (_ ids: [String]) -> Void

    /// Until its task is cancelled.
    func run() async {
        while !Task.isCancelled {
            var seconds = link.settings.listSeconds
            // When others have its calls, the list is late and not left out.
            if case .notAsked(let pause, _) = await round() { seconds = min(seconds, max(0.1, pause)) }
            try? await Task.sleep(for: .seconds(seconds))
        }
    }

    /// - Returns: why there is no list.
    @discardableResult
    func round() async -> LinkError? {
        let askedAt = ContinuousClock.now
        do throws(LinkError) {
            let answer = try await link.call(.listVMs) { client, options throws(RPCError) in
                try await client.listVMs(ListVMsRequest(), options)
            }
            let ids = book.note(answer.vms, askedAt: askedAt)
            if !ids.isEmpty { changed(ids) }
            return nil
        } catch {
            // Said by its provider's object, as nobody would see a machine change.
            if case .failed(let error) = error, error.code == .resourceExhausted { book.problem = "ListVMs: \(error.message)" }
            return error
        }
    }
}
