import Primitives
package import ProviderRPC
package import RPC
import Synchronization

/// The way to one provider: every call goes through its breaker, keeps to its rate, has a deadline, and is counted.
package final class ProviderLink: Sendable {
    private struct State {
        var breaker: CircuitBreaker
        var bucket: TokenBucket
        var inFlight = 0
        var crowd = Crowd()
    }

    /// `namespace/name` of the Provider.
    package let name: String
    /// `libvirt`, `vsphere`, …
    package let type: String
    package let settings: LinkSettings
    private let client: ProviderClient
    private let tasks: ProviderTaskClient
    private let counts: CallCounts
    private let mayAct: @Sendable () -> Bool
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state: Mutex<State>

    package init(
        name: String, type: String, transport: any RPCTransport, settings: LinkSettings = LinkSettings(), counts: CallCounts,
        mayAct: @escaping @Sendable () -> Bool = { true }, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.mayAct = mayAct
        self.name = name
        self.type = type
        self.settings = settings
        self.counts = counts
        self.now = now
        client = ProviderClient(transport)
        tasks = ProviderTaskClient(transport)
        state = Mutex(
            State(breaker: CircuitBreaker(), bucket: TokenBucket(rate: settings.callsPerSecond, burst: settings.burst, now())))
        counts.begin(type: type)
    }

    /// As `virtrigaud_circuit_breaker_state` has it: 0 closed, 1 half open, 2 open.
    package var breakerState: Int { state.withLock { $0.breaker.position(now()).rawValue } }

    package var isOpen: Bool { breakerState == CircuitBreaker.Position.open.rawValue }

    /// Calls that found nobody, since the start.
    package var breakerFailures: Int { state.withLock { $0.breaker.failures } }

    /// An operation of the provider failed after its call had been answered.
    func count(_ reason: ErrorReason?) { if let reason { counts.count(reason) } }

    /// Nobody answered somebody else's question.
    package func openBreaker() { state.withLock { $0.breaker.open(now()) } }

    /// A call of the provider.
    ///
    /// - Parameter isTrial: asks past an open breaker, its rate and its places, to see whether somebody answers; only for methods that change nothing.
    /// - Parameter seconds: how long it may take; nil for the method's own time.
    package func call<Answer: Sendable>(
        _ method: ProviderMethod, key: IdempotencyKey? = nil, seconds: Double? = nil, isTrial: Bool = false,
        _ body: (ProviderClient, RPCOptions) async throws(RPCError) -> Answer
    ) async throws(LinkError) -> Answer {
        try enter(method, isTrial: isTrial)
        counts.begin(type, method)
        let start = now()
        let options = RPCOptions(key: key, deadline: .after(seconds: seconds ?? method.defaultSeconds))
        do {
            let answer = try AnswerLimits.keep(try await body(client, options))
            leave(method, nil, now() - start, isAnswered: true)
            return answer
        } catch {
            leave(method, error, now() - start, isAnswered: Self.isAnswered(method, error))
            throw .failed(error)
        }
    }

    private func enter(_ method: ProviderMethod, isTrial: Bool) throws(LinkError) {
        guard mayAct() else { throw .notAsked(afterSeconds: 5, why: "this manager does not lead any more") }
        let refusal: (seconds: Double, why: String)? = state.withLock { state in
            let now = now()
            guard isTrial || state.inFlight < settings.callsInFlight else {
                return (state.crowd.wait(), "provider \(name) has \(settings.callsInFlight) calls to answer; others wait")
            }
            if !isTrial, let seconds = state.breaker.admit(now) {
                return (seconds, "provider \(name) does not answer, and is asked again in \(Int(seconds.rounded(.up))) s")
            }
            if method != .taskStatus, !isTrial, let seconds = state.bucket.take(now) {
                state.breaker.forget()
                return (seconds, "provider \(name) has had its calls of this second (spec.rateLimit)")
            }
            state.inFlight += 1
            state.crowd.letIn()
            return nil
        }
        guard let refusal else { return }
        if isOpen { counts.count(type, method, .unavailable, nil, .connectionFailed) }
        throw .notAsked(afterSeconds: refusal.seconds, why: refusal.why)
    }

    /// nil when the end says nothing of the provider: there are those that answer TaskStatus when the task is over, however long it takes.
    private static func isAnswered(_ method: ProviderMethod, _ error: RPCError) -> Bool? {
        if error.code == .cancelled || method == .taskStatus && error.code == .deadlineExceeded { return nil }
        return !error.isUnanswered
    }

    /// - Parameter isAnswered: nil when the end says nothing of the provider.
    private func leave(_ method: ProviderMethod, _ error: RPCError?, _ duration: Duration, isAnswered: Bool?) {
        state.withLock { state in
            state.inFlight -= 1
            if let isAnswered { state.breaker.note(isAnswered: isAnswered, now()) } else { state.breaker.forget() }
        }
        counts.count(type, method, error?.code ?? .ok, duration, error?.reason)
    }
}

extension ProviderLink {
    private static let cancelSeconds = 5.0

    /// Asks the provider to stop a task. Many cannot, and say so; nothing hangs on their answer.
    func cancel(task: String) async {
        guard mayAct() else { return }
        _ = try? await tasks.cancel(CancelTaskRequest(id: task), RPCOptions(deadline: .after(seconds: Self.cancelSeconds)))
    }

    /// What the provider calls the machine that was made for an object: an attempt may have made it whose answer nobody heard.
    /// - Parameter uid: of the object.
    func machine(ownedBy uid: String) async throws(LinkError) -> String? {
        let list = try await call(.listVMs) { client, options throws(RPCError) in try await client.listVMs(ListVMsRequest(), options) }
        return list.vms.first { $0.providerRaw["owner_uid"] == uid }?.id
    }
}
