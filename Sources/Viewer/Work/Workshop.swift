import Glibc
import Primitives

/// Where boards are worked on: on threads of its own, so that whatever a stranger's board costs, the rest of the program answers meanwhile.
final class Workshop: Sendable {
    struct Limits: Sendable {
        /// A core is left to everything else.
        var threads = (sysconf(Int32(_SC_NPROCESSORS_ONLN)) - 1).clamped(to: 1...4)
        /// Requests that are worked for at a time: each may hold the answers to all queries of a table.
        var requests = 8
        /// Requests that wait for such a place; the next is refused.
        var waiting = 64
        /// For a request, of a core.
        var workSeconds = 10.0
        /// So long a request waits for a thread; longer than somebody else's whole work may take.
        var waitSeconds = 20.0
    }

    let limits: Limits
    /// How long a request waits for a place.
    private let placeSeconds: Double
    private let places: FairLine
    private let threads: FairLine
    private let tally: ViewerTally

    init(_ limits: Limits = Limits(), placeSeconds: Double, tally: ViewerTally) {
        self.limits = limits
        self.placeSeconds = placeSeconds
        self.tally = tally
        places = FairLine(places: limits.requests, waiting: limits.waiting)
        // Bounded by the places.
        threads = FairLine(places: limits.threads, waiting: .max)
    }

    /// Requests that have a place, and those that wait for one.
    var counts: (inside: Int, waiting: Int) { places.counts }

    /// Answers a request whose work is done by `run`. Who has to wait for longer than the queries of others take is told to come back.
    func serve<Value>(_ effort: Effort, _ body: () async -> Result<Value, Refusal>) async throws(Refusal) -> Value {
        let result: Result<Value, Refusal>
        do throws(FairLine.Refusal) {
            result = try await places.withPlace(for: effort.guest, by: .after(seconds: placeSeconds), body)
        } catch {
            throw refusal(.busy)
        }
        return try result.get()
    }

    /// Does a piece of a request's work on a thread. The work looks at `effort.isOver` and ends early then.
    func run<Value: Sendable>(_ effort: Effort, _ work: @escaping @Sendable () -> Value) async throws(Refusal) -> Value {
        let value: Value?
        do throws(FairLine.Refusal) {
            value = try await threads.withPlace(for: effort.guest, by: .after(seconds: limits.waitSeconds)) {
                await Self.onThread { effort.isOver ? nil : effort.spend(work) }
            }
        } catch {
            throw refusal(.busy)
        }
        switch effort.end {
        case .time: throw refusal(.time)
        case .gone: throw refusal(.gone)
        case nil: break
        }
        guard let value else { throw refusal(.busy) }
        return value
    }

    /// nil when there is no thread to be had.
    private static func onThread<Value: Sendable>(_ work: @escaping @Sendable () -> Value?) async -> Value? {
        await withCheckedContinuation { continuation in
            do throws(Failure) {
                try Thread.start("boards") { continuation.resume(returning: work()) }
            } catch {
                continuation.resume(returning: nil)
            }
        }
    }

    private func refusal(_ reason: ViewerTally.GivingUp) -> Refusal {
        tally.note(reason)
        switch reason {
        case .busy: return Refusal(503, "Too many boards are being worked on; ask again in a moment.", retryAfterSeconds: 5)
        case .time:
            return Refusal(
                503,
                "This was given up: it takes more than \(Int(limits.workSeconds)) seconds to work out. Ask for less time or fewer values.",
                retryAfterSeconds: 30)
        case .gone: return Refusal(503, "Nobody waits for this any more.")
        }
    }
}
