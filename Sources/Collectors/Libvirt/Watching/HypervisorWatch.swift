import Primitives
import Synchronization

/// Asks one hypervisor, round after round.
struct HypervisorWatch: Sendable {
    /// What is asked in a round, each by itself.
    enum Part: Sendable, CaseIterable {
        case list, storage, definitions, statistics
    }

    let book: HypervisorBook
    let settings: LibvirtSettings
    let clock: WallClock
    let logger: Logger

    var desk: HypervisorDesk { book.desk }

    /// Pause after a round that failed, and the longest of the pauses that follow it.
    private static let firstPauseSeconds = 1.0
    private static let lastPauseSeconds = 30.0

    /// Suspects that are asked in a round: of many that hang still each holds a thread, and the others' round waits for them.
    static let suspectsAtOnce = 4

    /// The list goes by a beat of its own, and so does each part of what is asked then: what takes long holds up itself only.
    func run() async {
        let underWay = PartsUnderWay()
        await withDiscardingTaskGroup { group in
            var failures = 0
            while !Task.isCancelled {
                let start = ContinuousClock.now
                let isUp = await list()
                guard !Task.isCancelled else { return }
                for part in Part.allCases where isUp && part != .list && underWay.begin(part) {
                    group.addTask {
                        await ask(part)
                        underWay.end(part)
                        guard part == .statistics, !Task.isCancelled else { return }
                        book.change { $0.roundSeconds = (ContinuousClock.now - start).seconds }
                    }
                }
                failures = isUp ? 0 : failures + 1
                let pause =
                    isUp
                    ? settings.intervalSeconds - (ContinuousClock.now - start).seconds
                    : min(Self.lastPauseSeconds, Self.firstPauseSeconds * Double(1 << min(failures - 1, 8)))
                try? await Task.sleep(for: .seconds(max(pause, 0.1 * settings.intervalSeconds)))
            }
        }
    }

    /// One round: who is there, then all that is to be asked of them. False when the hypervisor cannot be asked.
    func round() async -> Bool {
        guard await list() else { return false }
        await withDiscardingTaskGroup { group in
            for part in Part.allCases where part != .list { group.addTask { await ask(part) } }
        }
        return true
    }

    private func ask(_ part: Part) async {
        switch part {
        case .list: _ = await list()
        case .storage: await storage()
        case .definitions: await definitions()
        case .statistics: await statistics()
        }
        book.change { $0.lacks[part] = $0.gathered.removeValue(forKey: part) }
    }

    /// Threads that have come back may mean that somebody answers again.
    func takeBack() {
        let returned = desk.takeReturned()
        guard !returned.isEmpty else { return }
        book.change { state in
            for thread in returned { state.suspects.threadIsBack(thread, now: .now) }
        }
    }

    func ask<Value: Sendable>(
        _ purpose: ThreadLedger.Purpose, _ step: CallStep,
        _ body: @escaping @Sendable (any HypervisorConnection, Errand<Result<Value, SourceError>>) -> Result<Value, SourceError>
    ) async -> HypervisorDesk.End<Value> {
        await desk.ask(purpose, patienceSeconds: settings.timeoutSeconds, step, body)
    }

    func lack(_ part: Part, _ message: String) {
        book.change { $0.gathered[part, default: []].append(Failure(.unavailable, message)) }
    }

    // MARK: the list

    private func list(isFirst: Bool = true) async -> Bool {
        takeBack()
        // Nothing is asked of those that hang where none should.
        let skipped = book.change { state in Set(state.suspects.suspects.filter { ListReading.calls.contains($0.value.call) }.keys) }
        let reading = ListReading(skipped: skipped)
        switch await ask(.list, ListReading.firstStep, { reading.run($0, $1) }) {
        case .answered(let listing):
            take(listing)
            nameProven()
            return true
        case .failed(let error):
            // A daemon that was restarted meanwhile has only its connections lost.
            if error.kind == .lost, isFirst { return await list(isFirst: false) }
            fail(error.message)
        case .hung(let step, let thread):
            note(thread, step.call, step.domains, mayWait: false)
            nameProven()
            fail(
                "\(step.call) does not return since \(Int(settings.timeoutSeconds)) s; look whether the daemon is alive: virsh -r -c \(ShellWord(book.uri.label)) list"
            )
        case .noRoom:
            fail("calls of libvirt hang, and \(desk.counts().threads.hanging) threads with them; nothing more is asked until one returns")
        case .cancelled: break
        }
        return false
    }

    private func take(_ listing: ListReading.Listing) {
        let (now, unixSeconds) = (ContinuousClock.now, clock.unixSeconds)
        let (news, released, wasUp) = book.change { state in
            let wasUp = state.isUp
            (state.isUp, state.failure, state.listedUnixSeconds) = (true, nil, unixSeconds)
            if let host = listing.host { state.host = host }
            state.lacks[.list] = nil
            if listing.domains.count > DomainBook.limit {
                state.lacks[.list] = [Failure(.limit, "there are \(listing.domains.count) domains; \(DomainBook.limit) are shown")]
            }
            let changed = state.domains.list(listing.domains, now: now)
            state.suspects.keep(Set(state.domains.active), changed: changed)
            let controls = state.domains.controls
            let released = state.suspects.release(controls, now: now)
            // Who owes an answer to whomever for so long does not answer us either, and is not worth a thread.
            var news: [(uuid: String, call: String)] = []
            for (uuid, control) in controls.sorted(by: { $0.key < $1.key })
            where control.state == .occupied && control.seconds >= settings.timeoutSeconds && state.domains.id(of: uuid) != nil {
                let call = state.suspects.hangs.call(of: uuid) ?? "monitor"
                if state.suspects.name(uuid, call: call, now: now, unixSeconds: unixSeconds - control.seconds) { news.append((uuid, call)) }
            }
            return (news, released, wasUp)
        }
        if wasUp == false { logger.info("a hypervisor answers again", ["uri": book.uri.label]) }
        for uuid in released { sayWell(uuid) }
        for (uuid, call) in news { sayHung(uuid, call == "monitor" ? "a command of another client" : call) }
    }

    private func fail(_ message: String) {
        let failure = Failure(.unavailable, message)
        let wasUp = book.change { state in
            defer { (state.isUp, state.failure, state.lacks) = (false, failure, [:]) }
            return state.isUp
        }
        if wasUp != false { logger.warn("a hypervisor cannot be asked", ["uri": book.uri.label, "reason": failure.message]) }
    }
}

/// Parts of rounds that have not ended: none is begun twice.
private final class PartsUnderWay: Sendable {
    private let parts = Mutex<Set<HypervisorWatch.Part>>([])

    func begin(_ part: HypervisorWatch.Part) -> Bool { parts.withLock { $0.insert(part).inserted } }

    func end(_ part: HypervisorWatch.Part) { _ = parts.withLock { $0.remove(part) } }
}
