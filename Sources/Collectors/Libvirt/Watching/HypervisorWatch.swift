import Primitives
import Synchronization

/// Asks one hypervisor, round after round.
struct HypervisorWatch: Sendable {
    let book: HypervisorBook
    let settings: LibvirtSettings
    let clock: WallClock
    let logger: Logger

    private var desk: HypervisorDesk { book.desk }

    /// Pause after a round that failed, and the longest of the pauses that follow it.
    private static let firstPauseSeconds = 1.0
    private static let lastPauseSeconds = 30.0

    /// Suspects that are asked in a round: of many that hang still each holds a thread, and the others' round waits for them.
    private static let suspectsAtOnce = 4

    func run() async {
        var failures = 0
        while !Task.isCancelled {
            let start = ContinuousClock.now
            let isUp = await round()
            guard !Task.isCancelled else { return }
            let seconds = (ContinuousClock.now - start).seconds
            book.change { $0.roundSeconds = seconds }
            failures = isUp ? 0 : failures + 1
            let pause =
                isUp
                ? settings.intervalSeconds - seconds
                : min(Self.lastPauseSeconds, Self.firstPauseSeconds * Double(1 << min(failures - 1, 8)))
            try? await Task.sleep(for: .seconds(max(pause, 0.1 * settings.intervalSeconds)))
        }
    }

    /// One round: who is there, then all that is to be asked of them. False when the hypervisor cannot be asked.
    func round() async -> Bool {
        takeBack()
        guard await list() else { return false }
        await withDiscardingTaskGroup { group in
            group.addTask { await storage() }
            group.addTask { await definitions() }
            group.addTask { await statistics() }
        }
        takeBack()
        return true
    }

    /// Threads that have come back may mean that somebody answers again.
    private func takeBack() {
        let returned = desk.takeReturned()
        guard !returned.isEmpty else { return }
        book.change { state in
            for thread in returned { state.suspects.threadIsBack(thread, now: .now) }
        }
    }

    private func ask<Value: Sendable>(
        _ purpose: ThreadLedger.Purpose, _ step: CallStep,
        _ body: @escaping @Sendable (any HypervisorConnection, Errand<Result<Value, SourceError>>) -> Result<Value, SourceError>
    ) async -> HypervisorDesk.End<Value> {
        await desk.ask(purpose, patienceSeconds: settings.timeoutSeconds, step, body)
    }

    // MARK: the list

    /// Calls that are made of each domain while they are listed.
    private static let listCalls: Set<String> = ["virDomainGetInfo", "virDomainGetControlInfo"]

    private struct Listing: Sendable {
        let host: HostRecord?
        let domains: [DomainBasics]
    }

    private func list() async -> Bool {
        // Nothing is asked of those that hang where none should.
        let skipped = book.change { state in Set(state.suspects.suspects.filter { Self.listCalls.contains($0.value.call) }.keys) }
        let end = await ask(.list, CallStep(call: "virConnectListAllDomains")) { connection, errand -> Result<Listing, SourceError> in
            let domains = connection.domains(skipping: skipped) { errand.step($0, [$1]) }
            errand.step("virNodeGetInfo")
            let host = try? connection.host().get()
            return domains.map { Listing(host: host, domains: $0) }
        }
        switch end {
        case .answered(let listing):
            take(listing)
            return true
        case .failed(let error): fail(error.message)
        case .hung(let step, let thread):
            guard !Task.isCancelled else { return false }
            for uuid in step.domains { name(uuid, step.call, threads: [thread]) }
            fail(
                "\(step.call) does not return since \(Int(settings.timeoutSeconds)) s; look whether the daemon is alive: virsh -c \(book.uri.text) list"
            )
        case .noRoom:
            fail("calls of libvirt hang, and \(desk.counts.threads.hanging) threads with them; nothing more is asked until one returns")
        }
        return false
    }

    private func take(_ listing: Listing) {
        let (now, unixSeconds) = (ContinuousClock.now, clock.unixSeconds)
        let (news, wasUp) = book.change { state in
            let wasUp = state.isUp
            (state.isUp, state.failure, state.lacks, state.listedUnixSeconds) = (true, nil, [], unixSeconds)
            if let host = listing.host { state.host = host }
            if listing.domains.count > DomainBook.limit {
                state.lacks.append(Failure(.limit, "there are \(listing.domains.count) domains; \(DomainBook.limit) are shown"))
            }
            state.domains.list(listing.domains, now: now)
            state.suspects.keep(Set(state.domains.active))
            // Who owes an answer to whomever for so long does not answer us either, and is not worth a thread.
            var news: [String] = []
            for (uuid, control) in state.domains.controls
            where control.state == .occupied && control.seconds >= settings.timeoutSeconds && state.suspects[uuid] == nil
                && state.domains.id(of: uuid) != nil
            {
                state.suspects.name(uuid, call: "monitor", now: now, unixSeconds: unixSeconds - control.seconds)
                news.append(uuid)
            }
            return (news, wasUp)
        }
        if wasUp == false { logger.info("a hypervisor answers again", ["uri": book.uri.label]) }
        for uuid in news { sayHung(uuid, "a command of another client") }
    }

    private func fail(_ message: String) {
        let failure = Failure(.unavailable, message)
        let wasUp = book.change { state in
            defer { (state.isUp, state.failure, state.lacks) = (false, failure, []) }
            return state.isUp
        }
        if wasUp != false { logger.warn("a hypervisor cannot be asked", ["uri": book.uri.label, "reason": failure.message]) }
    }

    private func lack(_ message: String) {
        book.change { $0.lacks.append(Failure(.unavailable, message)) }
    }

    // MARK: what needs no QEMU

    private struct Storage: Sendable {
        let pools: [PoolRecord]
        let networks: [NetworkRecord]
    }

    private func storage() async {
        let end = await ask(.storage, CallStep(call: "virConnectListAllStoragePools")) {
            connection, errand -> Result<Storage, SourceError> in
            let pools: [PoolRecord]
            switch connection.pools() {
            case .success(let found): pools = found
            case .failure(let error) where error.kind == .unsupported: pools = []
            case .failure(let error): return .failure(error)
            }
            errand.step("virConnectListAllNetworks")
            switch connection.networks() {
            case .success(let networks): return .success(Storage(pools: pools, networks: networks))
            case .failure(let error) where error.kind == .unsupported: return .success(Storage(pools: pools, networks: []))
            case .failure(let error): return .failure(error)
            }
        }
        switch end {
        case .answered(let found):
            book.change { state in (state.pools, state.networks, state.storedAt) = (found.pools, found.networks, .now) }
        case .failed(let error): lack("pools and networks: \(error.message)")
        case .hung(let step, _): if !Task.isCancelled { lack("pools and networks: \(step.call) does not return") }
        case .noRoom: lack("pools and networks: a call of libvirt hangs since an earlier round")
        }
    }

    private func definitions() async {
        let wanted = book.change { state in
            state.domains.undefined(now: .now, intervalSeconds: settings.definitionSeconds).map { ($0, state.domains.id(of: $0)) }
        }
        guard !wanted.isEmpty else { return }
        let end = await ask(.definitions, CallStep(call: "virDomainGetXMLDesc")) { connection, errand -> Result<Int, SourceError> in
            var failed = 0
            for (uuid, id) in wanted {
                errand.step("virDomainGetXMLDesc", [uuid])
                let definition = connection.definition(uuid)
                errand.step("virDomainListAllSnapshots", [uuid])
                let snapshots = connection.snapshots(uuid)
                for case .failure(let error) in [definition.map { _ in 0 }, snapshots.map { _ in 0 }] {
                    if error.kind == .lost { return .failure(error) }
                    if error.kind == .failed || error.kind == .denied { failed += 1 }
                }
                book.change { $0.domains.take(try? definition.get(), try? snapshots.get(), of: uuid, id: id, now: .now) }
            }
            return .success(failed)
        }
        switch end {
        case .answered(0): break
        case .answered(let failed): lack("\(failed) definitions or lists of snapshots could not be read")
        case .failed(let error): lack("definitions: \(error.message)")
        case .hung(let step, _): if !Task.isCancelled { lack("definitions: \(step.call) does not return") }
        case .noRoom: lack("definitions: a call of libvirt hangs since an earlier round")
        }
    }

    // MARK: what QEMUs tell

    private func statistics() async {
        let (healthy, due) = book.change { state in
            let due = state.suspects.due(now: .now, controls: state.domains.controls, limit: Self.suspectsAtOnce)
            return (state.domains.active.filter { state.suspects[$0] == nil }, due)
        }
        let plan = SharedPlan(ShardPlan(healthy, connections: settings.connections))
        await withDiscardingTaskGroup { group in
            for _ in 0..<settings.connections { group.addTask { await work(plan) } }
            for uuid in due { group.addTask { await askSuspect(uuid) } }
        }
        let waiting = plan.waiting
        if waiting > 0, !Task.isCancelled {
            lack("\(waiting) domains were not asked, as \(desk.counts.threads.hanging) threads hang in calls of libvirt")
        }
    }

    /// Takes share after share.
    private func work(_ plan: SharedPlan) async {
        while !Task.isCancelled, let shard = plan.next() {
            let reading = ShardReading(book: book, clock: clock, domains: shard.domains)
            let end = await ask(.statistics, reading.firstStep) { reading.run($0, $1) }
            switch end {
            case .answered(let partial):
                let held = plan.answered(shard, partial: partial)
                guard !held.isEmpty else { continue }
                // A migration holds its domain too, and nothing hangs.
                let controls = await controls(of: held)
                for uuid in held where controls[uuid].map({ $0.state == .occupied }) ?? true {
                    name(uuid, ShardReading.call, threads: plan.threads(hangingIn: uuid))
                }
            case .failed(let error):
                lack("statistics: \(error.message)")
            case .hung(let step, let thread):
                guard !Task.isCancelled else { return }
                let controls = step.domains.count > 1 ? await controls(of: shard.domains) : [:]
                let named = plan.hung(
                    shard, at: step, thread: thread, controls: controls, patienceSeconds: settings.timeoutSeconds)
                for uuid in named { name(uuid, step.call, threads: plan.threads(hangingIn: uuid)) }
            case .noRoom:
                plan.giveBack(shard)
                return
            }
        }
    }

    private func controls(of domains: [String]) async -> [String: DomainControl] {
        let end = await ask(.list, CallStep(call: "virDomainGetControlInfo")) { connection, _ in connection.controls(domains) }
        if case .answered(let controls) = end { return controls }
        return [:]
    }

    /// Asks one that hung by itself; it is suspect until it has told everything.
    private func askSuspect(_ uuid: String) async {
        let reading = ShardReading(book: book, clock: clock, domains: [uuid])
        let end = await ask(.statistics, reading.firstStep) { reading.run($0, $1) }
        switch end {
        case .answered(let partial) where !partial.contains(uuid):
            book.change { $0.suspects.clear(uuid) }
            logger.info("a domain answers again", ["uri": book.uri.label, "domain": title(uuid)])
        case .hung(let step, let thread): name(uuid, step.call, threads: [thread])
        case .answered, .failed, .noRoom: break
        }
        book.change { $0.suspects.askEnded(uuid) }
    }

    private func name(_ uuid: String, _ call: String, threads: [ThreadLedger.Ticket]) {
        let isNews = book.change { state in
            defer { state.suspects.name(uuid, call: call, threads: threads, now: .now, unixSeconds: clock.unixSeconds) }
            return state.suspects[uuid] == nil
        }
        if isNews { sayHung(uuid, call) }
    }

    private func sayHung(_ uuid: String, _ call: String) {
        logger.warn("a domain does not answer", ["uri": book.uri.label, "domain": title(uuid), "call": call])
    }

    private func title(_ uuid: String) -> String { book.change { $0.domains.name(of: uuid) } ?? uuid }

    /// The plan of a round, which several workers have in common.
    private final class SharedPlan: Sendable {
        private let plan: Mutex<ShardPlan>

        init(_ plan: ShardPlan) { self.plan = Mutex(plan) }

        var waiting: Int { plan.withLock { $0.waiting } }

        func next() -> ShardPlan.Shard? { plan.withLock { $0.next() } }

        func giveBack(_ shard: ShardPlan.Shard) { plan.withLock { $0.giveBack(shard) } }

        func answered(_ shard: ShardPlan.Shard, partial: Set<String>) -> [String] {
            plan.withLock { $0.answered(shard, partial: partial) }
        }

        func hung(
            _ shard: ShardPlan.Shard, at step: CallStep, thread: ThreadLedger.Ticket, controls: [String: DomainControl],
            patienceSeconds: Double
        ) -> [String] {
            plan.withLock { $0.hung(shard, at: step, thread: thread, controls: controls, patienceSeconds: patienceSeconds) }
        }

        func threads(hangingIn uuid: String) -> [ThreadLedger.Ticket] { plan.withLock { $0.threads(hangingIn: uuid) } }
    }
}
