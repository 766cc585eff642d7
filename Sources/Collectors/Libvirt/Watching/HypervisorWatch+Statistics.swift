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

    func name(_ uuid: String, _ call: String, threads: [ThreadLedger.Ticket]) {
        let isNews = book.change { state in
            defer { state.suspects.name(uuid, call: call, threads: threads, now: .now, unixSeconds: clock.unixSeconds) }
            return state.suspects[uuid] == nil
        }
        if isNews { sayHung(uuid, call) }
    }

    func sayHung(_ uuid: String, _ call: String) {
        logger.warn("a domain does not answer", ["uri": book.uri.label, "domain": title(uuid), "call": call])
    }

    private func title(_ uuid: String) -> String { book.change { $0.domains.name(of: uuid) } ?? uuid }
}
