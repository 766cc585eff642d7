import Primitives

/// Asks one hypervisor, round after round.
struct HypervisorWatch: Sendable {
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
        book.change { $0.lacks = $0.gathered }
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

    func ask<Value: Sendable>(
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

    private func list(isFirst: Bool = true) async -> Bool {
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
        case .failed(let error):
            // A daemon that was restarted meanwhile has only its connections lost.
            if error.kind == .lost, isFirst { return await list(isFirst: false) }
            fail(error.message)
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
            (state.isUp, state.failure, state.gathered, state.listedUnixSeconds) = (true, nil, [], unixSeconds)
            if let host = listing.host { state.host = host }
            if listing.domains.count > DomainBook.limit {
                state.gathered.append(Failure(.limit, "there are \(listing.domains.count) domains; \(DomainBook.limit) are shown"))
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

    func lack(_ message: String) {
        book.change { $0.gathered.append(Failure(.unavailable, message)) }
    }
}
