import Primitives
import Synchronization

private let listLimitBytes = 16 << 20
private let inspectionLimitBytes = 2 << 20
private let inspectionsAtOnce = 4

// What is asked of an engine that answers: its list, and each container that the list or an event tells of.

extension ContainerEngine {
    func refresh(_ requests: EngineRequests, _ signal: Signal, afterSilence: Bool) async throws(Failure) {
        if signal == .list {
            let before = known.withLock { $0.wanted }
            let list = try await self.list(requests)
            let now = clock.unixSeconds
            known.withLock { known in
                // Events of those who came since the engine made the list stay.
                known.wanted.subtract(before.subtracting(list.map(\.id)))
                known.wanted.formUnion(known.book.take(list: list, now: now, afterSilence: afterSilence))
            }
        }
        let wanted = known.withLock { known in
            defer { known.wanted = [] }
            return known.wanted.sorted()
        }
        for start in stride(from: 0, to: wanted.count, by: inspectionsAtOnce) {
            let round = await inspect(Array(wanted[start..<min(start + inspectionsAtOnce, wanted.count)]), requests)
            if let failure = round.failure { throw failure }
            if !round.untold.isEmpty { try await settle(round.untold, requests) }
        }
        let now = clock.unixSeconds
        known.withLock { known in
            known.state = .answering
            known.answeredAt = now
        }
    }

    private func list(_ requests: EngineRequests) async throws(Failure) -> [EngineBook.Listed] {
        try await requests.list(limit: EngineBook.limit, bodyLimitBytes: listLimitBytes, by: .after(seconds: pace.answerSeconds))
    }

    /// What came of some inspections.
    private struct Round: Sendable {
        /// Those of which the engine does not tell.
        var untold: [String: Failure] = [:]
        /// Why there is no engine any more.
        var failure: Failure?
    }

    /// Inspects these at once.
    private func inspect(_ ids: [String], _ requests: EngineRequests) async -> Round {
        await withTaskGroup(of: Round.self, returning: Round.self) { group in
            for id in ids { group.addTask { [self] in await inspect(id, requests) } }
            var all = Round()
            for await one in group {
                all.untold.merge(one.untold) { first, _ in first }
                all.failure = all.failure ?? one.failure
            }
            return all
        }
    }

    private func inspect(_ id: String, _ requests: EngineRequests) async -> Round {
        let inspection = await requests.inspection(
            of: id, labels: labels, bodyLimitBytes: inspectionLimitBytes, by: .after(seconds: pace.answerSeconds))
        let now = clock.unixSeconds
        switch inspection {
        case .told(let container): known.withLock { $0.book.take(container, now: now) }
        case .gone: known.withLock { $0.book.forget(id: id) }
        case .untold(let failure): return Round(untold: [id: failure])
        case .silent(let failure): return Round(failure: failure)
        }
        return Round()
    }

    /// Of containers that could not be inspected: who is not listed is gone (Podman answers with status 500 about one that is just being
    /// removed), others are asked for again along with the next. An engine that tells of none at all is none.
    private func settle(_ untold: [String: Failure], _ requests: EngineRequests) async throws(Failure) {
        let list = try await self.list(requests)
        let listed = Set(list.map(\.id))
        let left = untold.filter { listed.contains($0.key) }
        let isKnown = known.withLock { known in
            for id in untold.keys where !listed.contains(id) { known.book.forget(id: id) }
            guard !known.book.containers.isEmpty else { return false }
            known.failures += left.count
            known.wanted.formUnion(left.keys)
            return true
        }
        if !isKnown, let failure = left.first?.value { throw failure }
    }
}
