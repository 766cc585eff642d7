import Primitives

/// Asks a share of the domains, on a thread that may hang with one of them. What is told goes into the book at once, so that it is there
/// whatever comes of the rest.
struct ShardReading: Sendable {
    let book: HypervisorBook
    let clock: WallClock
    let domains: [String]
    /// The instances that are asked.
    let ids: [String: Int]
    /// Those in which a thread hangs already, and of which no more is asked.
    private let held: Set<String>

    static let call = "virDomainListGetStats"

    init(book: HypervisorBook, clock: WallClock, domains: [String]) {
        (self.book, self.clock, self.domains) = (book, clock, domains)
        (ids, held) = book.change { state in
            let pairs = domains.compactMap { uuid in state.domains.id(of: uuid).map { (uuid, $0) } }
            return (Dictionary(pairs, uniquingKeysWith: { first, _ in first }), state.suspects.hangs.domains)
        }
    }

    var firstStep: CallStep { CallStep(call: Self.call, domains: domains) }

    /// - Returns: those whose QEMU could not be asked, as another command holds it.
    func run(
        _ connection: any HypervisorConnection, _ errand: Errand<Result<Set<String>, SourceError>>
    ) -> Result<Set<String>, SourceError> {
        let told: [String: DomainStatistics]
        switch connection.statistics(domains) {
        case .success(let statistics): told = statistics
        case .failure(let error):
            // A driver other than QEMU's may tell none.
            if error.kind == .unsupported { book.change { $0.tellsStatistics = false } }
            return .failure(error)
        }
        let (now, unixSeconds) = (ContinuousClock.now, clock.unixSeconds)
        book.change { state in
            state.tellsStatistics = true
            for (uuid, statistics) in told {
                state.domains.take(statistics, of: uuid, id: ids[uuid], now: now, unixSeconds: unixSeconds)
            }
        }
        let partial = Set(told.filter { $0.value.isPartial }.keys)
        for uuid in domains where told[uuid] != nil && !partial.contains(uuid) && !held.contains(uuid) {
            switch details(uuid, connection, errand) {
            case .success(let details?): book.change { $0.domains.take(details, of: uuid, id: ids[uuid]) }
            case .success(nil): return .success(partial)
            case .failure(let error) where error.kind == .lost: return .failure(error)
            case .failure: continue
            }
        }
        return .success(partial)
    }

    /// Calls that take the domain's lock, each of one domain alone: who hangs in one is known by it. nil when nobody waits for them any more: who had
    /// to wait for one lock should not go on to the next.
    private func details(
        _ uuid: String, _ connection: any HypervisorConnection, _ errand: Errand<Result<Set<String>, SourceError>>
    ) -> Result<DomainDetails?, SourceError> {
        var details = DomainDetails()
        guard errand.step("virDomainGetJobStats", [uuid]) else { return .success(nil) }
        switch connection.job(uuid) {
        case .success(let job): details.job = job
        case .failure(let error): if error.endsRound { return .failure(error) }
        }
        let disks = book.change { $0.domains.disks(of: uuid) }
        for disk in disks {
            guard errand.step("virDomainGetBlockJobInfo", [uuid]) else { return .success(nil) }
            switch connection.blockJob(uuid, disk: disk) {
            case .success(let job): details.blockJobs = (details.blockJobs ?? []) + [job].compactMap { $0 }
            case .failure(let error): if error.endsRound { return .failure(error) }
            }
        }
        guard !disks.isEmpty else { return .success(details) }
        guard errand.step("virDomainGetDiskErrors", [uuid]) else { return .success(nil) }
        switch connection.diskErrors(uuid) {
        case .success(let errors):
            details.diskErrors = Dictionary(disks.map { ($0, errors[$0] ?? 0) }, uniquingKeysWith: { first, _ in first })
        case .failure(let error): if error.endsRound { return .failure(error) }
        }
        return .success(details)
    }
}

extension SourceError {
    /// Whether nothing more can be asked of the domain.
    fileprivate var endsRound: Bool { kind == .lost || kind == .gone }
}
