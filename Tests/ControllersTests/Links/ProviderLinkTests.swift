import Metrics
import Primitives
import ProviderRPC
import RPC
import Synchronization
import Testing

@testable import Controllers

struct ProviderLinkTests {
    /// A time that stands still until it is told to go on.
    private final class Clock: Sendable {
        private let instant = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { instant.withLock { $0 } }
        func go(_ seconds: Double) { instant.withLock { $0 = $0.advanced(by: .seconds(seconds)) } }
    }

    /// Answers as it is told.
    private final class Peer: RPCTransport {
        let answer = Mutex<RPCError?>(nil)
        let calls = Mutex<[(path: String, key: String?)]>([])
        let gate = Mutex<[CheckedContinuation<Void, Never>]>([])
        let holds = Atomic(false)

        func call(_ path: String, _ message: [UInt8], by deadline: Deadline, metadata: RPCMetadata) async throws(RPCError) -> [UInt8] {
            calls.withLock { $0.append((path, metadata[IdempotencyKey.metadataName])) }
            if holds.load(ordering: .acquiring) { await withCheckedContinuation { wait in gate.withLock { $0.append(wait) } } }
            if let error = answer.withLock({ $0 }) { throw error }
            return []
        }
    }

    private let clock = Clock()
    private let peer = Peer()
    private let counts = CallCounts()

    private func link(_ prepare: (inout LinkSettings) -> Void = { _ in }) -> ProviderLink {
        var settings = LinkSettings()
        (settings.callsPerSecond, settings.burst) = (0, 0)
        prepare(&settings)
        return ProviderLink(
            name: "default/one", type: "libvirt", transport: peer, settings: settings, counts: counts, now: { [clock] in clock.now })
    }

    private func describe(_ link: ProviderLink, isTrial: Bool = false) async -> LinkError? {
        do throws(LinkError) {
            _ = try await link.call(.describe, isTrial: isTrial) { client, options throws(RPCError) in
                try await client.describe(DescribeRequest(id: "1"), options)
            }
            return nil
        } catch { return error }
    }

    private func count(_ code: RPCCode) -> Int? {
        counts.contents.calls[.init(type: "libvirt", method: .describe, code: code)]
    }

    @Test func `a provider that has all its calls out is still asked how it is`() async {
        let link = link { ($0.callsPerSecond, $0.burst, $0.callsInFlight) = (1, 1, 1) }
        peer.holds.store(true, ordering: .releasing)
        async let first = describe(link)
        while peer.calls.withLock({ $0.isEmpty }) { await Task.yield() }
        if case .notAsked = await describe(link) {} else { Issue.record("it had no place") }
        peer.holds.store(false, ordering: .releasing)
        #expect(await describe(link, isTrial: true) == nil)
        for wait in peer.gate.withLock({ $0 }) { wait.resume() }
        #expect(await first == nil)
    }

    @Test(arguments: [RPCCode.notFound, .unknown, .internal, .failedPrecondition, .resourceExhausted])
    func `a provider that says no is not kept from being asked`(_ code: RPCCode) async {
        let link = link()
        peer.answer.withLock { $0 = RPCError(code, "no") }
        for _ in 0..<30 { #expect(await describe(link)?.code == code) }
        #expect(link.breakerState == 0 && link.breakerFailures == 0 && count(code) == 30)
        #expect(counts.contents.errors.values.reduce(0, +) == 30)
    }

    @Test(arguments: [RPCCode.unavailable, .deadlineExceeded])
    func `one that does not answer is left alone, and asked again when it may`(_ code: RPCCode) async throws {
        let link = link()
        peer.answer.withLock { $0 = RPCError(code, "nobody") }
        for _ in 0..<10 { _ = await describe(link) }
        #expect(link.isOpen && link.breakerFailures == 10)
        guard case .notAsked(let seconds, let why) = await describe(link) else {
            Issue.record("was asked")
            return
        }
        #expect(seconds == 5 && why == "provider default/one does not answer, and is asked again in 5 s")
        // Counted as what it is to who asks, and not as a time.
        #expect(count(.unavailable) == (code == .unavailable ? 11 : 1))
        #expect(counts.contents.durations[.init(type: "libvirt", method: .describe)]?.count == 10)
        #expect(peer.calls.withLock(\.count) == 10)
        peer.answer.withLock { $0 = nil }
        clock.go(5)
        for _ in 0..<3 { #expect(await describe(link) == nil) }
        #expect(link.breakerState == 0 && count(.ok) == 3)
    }

    @Test(
        arguments: [
            (RPCCode.unavailable, "the certificate that 127.0.0.1:1 shows expired at some time", ErrorReason.certificateError),
            (.unavailable, "Ssl handshake failed", .certificateError), (.unavailable, "connection refused", .connectionFailed),
            (.invalidArgument, "certificate: is none", .invalidRequest), (.deadlineExceeded, "", .timeout),
        ])
    func `errors of certificates count as such`(_ code: RPCCode, _ message: String, _ reason: ErrorReason) async {
        let link = link()
        peer.answer.withLock { $0 = RPCError(code, message) }
        _ = await describe(link)
        #expect(counts.contents.errors == [reason: 1])
    }

    @Test func `a trial goes past an open breaker`() async {
        let link = link()
        link.openBreaker()
        #expect(link.isOpen)
        #expect(await describe(link, isTrial: true) == nil)
        #expect(link.breakerState == 1)
    }

    @Test func `no more calls than its rate`() async {
        let link = link { ($0.callsPerSecond, $0.burst) = (10, 3) }
        for _ in 0..<3 { #expect(await describe(link) == nil) }
        guard case .notAsked(let seconds, let why) = await describe(link) else {
            Issue.record("was asked")
            return
        }
        #expect(abs(seconds - 0.1) < 1e-6 && why.contains("spec.rateLimit"))
        // Not the provider's fault.
        #expect(link.breakerState == 0 && count(.unavailable) == 0)
        clock.go(0.1)
        #expect(await describe(link) == nil)
        #expect(await describe(link) != nil)
    }

    @Test func `no more calls at a time than it may have`() async {
        let link = link { $0.callsInFlight = 2 }
        peer.holds.store(true, ordering: .releasing)
        async let first = describe(link)
        async let second = describe(link)
        while peer.gate.withLock(\.count) < 2 { await Task.yield() }
        guard case .notAsked(_, let why) = await describe(link) else {
            Issue.record("was asked")
            return
        }
        #expect(why == "provider default/one has 2 calls to answer; others wait")
        peer.holds.store(false, ordering: .releasing)
        for wait in peer.gate.withLock({ $0 }) { wait.resume() }
        _ = await (first, second)
        #expect(await describe(link) == nil)
    }

    @Test func `a key goes with the call`() async throws {
        let link = link()
        let key = try #require(IdempotencyKey("k-1"))
        _ = try await link.call(.power, key: key) { client, options throws(RPCError) in
            try await client.power(PowerRequest(id: "1", op: .on), options)
        }
        #expect(peer.calls.withLock { $0.map(\.key) } == ["k-1"])
    }
}
