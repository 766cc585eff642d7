import Primitives

/// What QEMUs tell, and which of them do not.
extension HypervisorWatch {
    func statistics() async {
        let (healthy, due) = book.change { state in
            let due = state.suspects.due(now: .now, controls: state.domains.controls, limit: Self.suspectsAtOnce)
            return (state.domains.active.filter { state.suspects[$0] == nil }, due)
        }
        let plan = SharedPlan(ShardPlan(healthy, connections: settings.connections))
        await withDiscardingTaskGroup { group in
            for _ in 0..<settings.connections { group.addTask { await work(plan) } }
            for uuid in due { group.addTask { await askSuspect(uuid) } }
        }
        takeBack()
        let waiting = plan.waiting
        if waiting > 0, !Task.isCancelled {
            lack(.statistics, "\(waiting) domains were not asked, as \(desk.counts().threads.hanging) threads hang in calls of libvirt")
        }
    }

    /// Takes share after share.
    private func work(_ plan: SharedPlan) async {
        while !Task.isCancelled, let shard = plan.next() {
            let reading = ShardReading(book: book, clock: clock, domains: shard)
            let end = await ask(.statistics, reading.firstStep) { reading.run($0, $1) }
            switch end {
            case .answered(let partial): await answered(reading, partial)
            // A driver that tells none is no trouble: a family of its own says so.
            case .failed(let error): if error.kind != .unsupported { lack(.statistics, "statistics: \(error.message)") }
            case .hung(let step, let thread):
                let known = await hung(reading, step, thread)
                if step.domains.isEmpty {
                    // The connection could not be opened: the others may have one.
                    plan.giveBack(shard)
                    return
                }
                if step.call == ShardReading.call { plan.hung(shard, known: known) }
            case .noRoom:
                plan.giveBack(shard)
                return
            case .cancelled: return
            }
        }
    }

    /// A share answered, some of it less than all: those are held by a command, of a thread of ours that hangs, of somebody else's, or of a job that is well.
    private func answered(_ reading: ShardReading, _ partial: Set<String>) async {
        takeBack()
        let doubtful = book.change { state in
            state.suspects.hangs.asked(reading.domains, passedBy: partial)
            return partial.filter { state.suspects.hangs.mayHang(in: $0, now: .now) }.sorted()
        }
        nameProven()
        let unknown = book.change { state in doubtful.filter { state.suspects[$0] == nil } }
        guard !unknown.isEmpty else { return }
        let monitors = await monitors(of: unknown)
        for uuid in monitors.owing(unknown, patienceSeconds: settings.timeoutSeconds) { name(uuid, ShardReading.call, of: reading) }
    }

    /// A thread hangs in a call about some domains.
    ///
    /// - Returns: those that hang, as far as that is known.
    private func hung(_ reading: ShardReading, _ step: CallStep, _ thread: ThreadLedger.Ticket) async -> Set<String> {
        // Whoever asks for statistics does not wait for a domain that is held, and waits for QEMU only.
        let mayWait = step.call != ShardReading.call
        note(
            thread, step.call, step.domains.filter { uuid in reading.ids[uuid] == book.change { $0.domains.id(of: uuid) } },
            mayWait: mayWait)
        var known = nameProven().intersection(step.domains)
        guard known.isEmpty, !step.domains.isEmpty else { return known }
        let monitors = await monitors(of: step.domains)
        known = Set(monitors.owing(step.domains, patienceSeconds: settings.timeoutSeconds))
        // Where libvirt says nothing of monitors there is no better evidence.
        if mayWait, case .untold = monitors { known.formUnion(step.domains) }
        for uuid in known.sorted() { name(uuid, step.call, of: reading) }
        return known
    }

    private func monitors(of domains: [String]) async -> Monitors {
        let reading = MonitorReading(domains: domains)
        let end = await desk.monitorLine.withPermit(by: .after(seconds: 2 * settings.timeoutSeconds)) {
            await ask(.monitors, reading.firstStep) { reading.run($0, $1) }
        }
        return switch end {
        case .answered(let controls): .told(controls)
        case .failed(let error) where error.kind == .unsupported: .untold
        default: .unknown
        }
    }

    /// Asks one that hung by itself; it is suspect until it has told everything.
    private func askSuspect(_ uuid: String) async {
        let reading = ShardReading(book: book, clock: clock, domains: [uuid])
        let end = await ask(.statistics, reading.firstStep) { reading.run($0, $1) }
        switch end {
        case .answered(let partial) where !partial.contains(uuid):
            book.change { $0.suspects.clear(uuid) }
            sayWell(uuid)
        case .hung(let step, let thread): _ = await hung(reading, step, thread)
        case .answered, .failed, .noRoom, .cancelled: break
        }
        book.change { $0.suspects.askEnded(uuid) }
    }

    // MARK: who hangs

    /// Notes in whom a thread hangs that was given up, unless it is back.
    func note(_ thread: ThreadLedger.Ticket, _ call: String, _ domains: [String], mayWait: Bool) {
        book.change { state in
            guard desk.isHanging(thread) else { return }
            state.suspects.hangs.add(thread, call: call, domains: domains, mayWait: mayWait, now: .now)
        }
    }

    /// Names those in which threads hang for sure.
    @discardableResult
    func nameProven() -> Set<String> {
        takeBack()
        let (proven, news) = book.change { state in
            let proven = state.suspects.hangs.proven(now: .now)
            var news: [(uuid: String, call: String)] = []
            for uuid in proven.sorted() {
                let call = state.suspects.hangs.call(of: uuid) ?? ShardReading.call
                if state.suspects.name(uuid, call: call, now: .now, unixSeconds: clock.unixSeconds) { news.append((uuid, call)) }
            }
            return (proven, news)
        }
        for (uuid, call) in news { sayHung(uuid, call) }
        return proven
    }

    /// - Parameter reading: in which it was asked; another instance is named by another.
    private func name(_ uuid: String, _ call: String, of reading: ShardReading) {
        let isNews = book.change { state in
            guard state.domains.id(of: uuid) == reading.ids[uuid] else { return false }
            return state.suspects.name(uuid, call: call, now: .now, unixSeconds: clock.unixSeconds)
        }
        if isNews { sayHung(uuid, call) }
    }

    func sayHung(_ uuid: String, _ call: String) {
        logger.warn("a domain does not answer", ["uri": book.uri.label, "domain": title(uuid), "call": call])
    }

    func sayWell(_ uuid: String) {
        logger.info("a domain answers again", ["uri": book.uri.label, "domain": title(uuid)])
    }

    private func title(_ uuid: String) -> String { book.change { $0.domains.name(of: uuid) } ?? uuid }
}
