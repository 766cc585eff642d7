import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Synchronization

/// Looks at one cluster again and again, and keeps what it saw for whoever asks meanwhile.
final class ClusterWatch: Sendable {
    /// How far what is kept is to be believed, as a word of the label `state`.
    enum Condition: String, Sendable, CaseIterable {
        /// It was never read whole, so nobody knows what is missing.
        case cold
        /// The last look succeeded.
        case fresh
        /// It did, and of some guests nothing is known though they were asked about for as long as anybody waits.
        case partial
        /// The last look failed, and what was seen before is kept.
        case kept
        /// It failed for longer than anything is kept.
        case expired
    }

    /// What happened so far, for metrics.
    struct Tally: Sendable {
        var successes = 0
        var failures = 0
        /// Of the last look, without what guests were asked afterwards.
        var lastSeconds: Double?
        /// In seconds since 1970.
        var lastSuccess: Double?
    }

    private struct State {
        var book: ClusterBook
        var name: ClusterName
        var permissions: Permissions?
        /// Seconds since the start.
        var lastSuccess: Double?
        /// It was read whole, or as far as there was time.
        var isSettled = false
        /// It was read whole at least once.
        var wasWhole = false
        /// The list had no guest at all, where there were some before.
        var wasEmpty = false
        var lastLook: ContinuousClock.Instant?
        /// When it began to be watched, be it by another watch before a reload.
        var start = ContinuousClock.now
        var problem: PartProblem?
        var tally = Tally()
        var targets: (generation: Int, name: String, entries: [TargetEntry])?
    }

    private static let callSeconds = 15.0
    /// As a look may take a while where thousands of guests are.
    private static let listSeconds = 30.0
    /// Seconds until the next tries while nothing is known, which grow.
    private static let impatienceSeconds = 0.5...5.0

    let client: ProxmoxClient
    let configured: ConfiguredCluster
    private let settings: DiscoverySettings
    /// Its place in the settings.
    private let position: Int
    private let names: NameRegistry
    private let state: Mutex<State>

    init(_ cluster: ConfiguredCluster, _ settings: DiscoverySettings, position: Int, names: NameRegistry) {
        configured = cluster
        self.position = position
        self.names = names
        self.settings = settings
        client = ProxmoxClient(
            endpoint: cluster.endpoint, others: cluster.otherEndpoints, session: ProxmoxSession(cluster.credential),
            timeoutSeconds: Self.listSeconds)
        state = Mutex(State(book: ClusterBook(pace: settings.pace), name: ClusterName(configured: cluster.name)))
    }

    /// Seconds since it is watched.
    private static func now(_ state: borrowing State) -> Double { (ContinuousClock.now - state.start).seconds }

    // MARK: what others see

    /// The value of the label `cluster`, once it is known.
    var name: String? { state.withLock { $0.name.value } }

    /// Its name, or where it is asked while it has none.
    var displayName: String { name ?? client.endpoint.authority }

    var condition: Condition {
        state.withLock { state in
            let now = Self.now(state)
            guard state.isSettled, let last = state.lastSuccess else { return .cold }
            if state.problem == nil { return state.wasWhole ? .fresh : .partial }
            return now - last <= settings.keepSeconds ? .kept : .expired
        }
    }

    /// Whether its nodes are still told of: they are machines that somebody has to see to, and are gone from view much later than guests.
    var keepsNodes: Bool {
        state.withLock { state in state.lastSuccess.map { Self.now(state) - $0 <= settings.keepNodesSeconds } ?? false }
    }

    /// Whether it has been cold for longer than others wait for it.
    var isColdForLong: Bool { state.withLock { Self.now($0) >= settings.coldSeconds } }

    var problem: PartProblem? { state.withLock { $0.problem } }

    /// Why there is no answer about it yet, in words for a person.
    var reasonOfColdness: String { "\(displayName): \(problem?.message ?? "being read for the first time")" }

    var tally: Tally { state.withLock { $0.tally } }

    /// How many guests are wanted and not known, and how many are to be asked about.
    var backlog: (unread: Int, due: Int) { state.withLock { ($0.book.unread, $0.book.due(now: Self.now($0))) } }

    /// Grows when the targets may be others.
    var generation: Int { state.withLock { $0.book.generation } }

    /// All guests and nodes, in the order of their numbers and names; none before the name is known.
    var entries: [TargetEntry] {
        let (cached, book, name) = state.withLock { state -> ([TargetEntry]?, ClusterBook, String?) in
            let isCurrent = state.targets.map { $0.generation == state.book.generation && $0.name == state.name.value } ?? false
            return (isCurrent ? state.targets?.entries : nil, state.book, state.name.value)
        }
        guard let name else { return [] }
        if let cached { return cached }
        let entries = TargetEntry.all(of: book, cluster: name, settings)
        state.withLock { state in
            if state.book.generation == book.generation { state.targets = (book.generation, name, entries) }
        }
        return entries
    }

    // MARK: life

    /// Takes over what another watch of the same cluster knows: a reload has put this one in its place.
    func follow(_ other: ClusterWatch) {
        let theirs = other.state.withLock { $0 }
        state.withLock { state in
            let name = state.name
            state = theirs
            state.name = name
            state.name.follow(theirs.name)
            // What the other one is asking is asked again.
            state.book.adopt(pace: settings.pace)
            // Addresses may be chosen otherwise now.
            state.targets = nil
            if let name = state.name.value { _ = names.claim(name, by: position) }
        }
    }

    /// Whether another one is about the same cluster.
    func isSame(as other: ClusterWatch) -> Bool {
        if let name = configured.name, name == other.configured.name { return true }
        let theirs = Set(other.client.endpoints.map(\.authority))
        return client.endpoints.contains { theirs.contains($0.authority) }
    }

    /// Looks, and asks about guests, until its task is cancelled: side by side, as a node that hangs must not keep the next look waiting.
    func run(_ context: CollectionContext) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in await lookAgainAndAgain(context) }
            group.addTask { [self] in await askAgainAndAgain(context) }
        }
    }

    private func lookAgainAndAgain(_ context: CollectionContext) async {
        var impatience = Self.impatienceSeconds.lowerBound
        // After a reload, no sooner than the look that it interrupted would have come: whoever may reload often may not ask often.
        if let last = state.withLock({ $0.problem == nil ? $0.lastLook : nil }) {
            try? await Task.sleep(until: last.advanced(by: .seconds(settings.cacheSeconds)), clock: .continuous)
        }
        while !Task.isCancelled {
            let begin = ContinuousClock.now
            state.withLock { $0.lastLook = begin }
            let isSuccess = await look(context)
            let isImpatient = !isSuccess && condition == .cold && !client.wasRefused
            let pause = isImpatient ? min(impatience, settings.cacheSeconds) : settings.cacheSeconds
            impatience = min(impatience * 2, Self.impatienceSeconds.upperBound)
            try? await Task.sleep(until: begin.advanced(by: .seconds(pause)), clock: .continuous)
        }
    }

    private func askAgainAndAgain(_ context: CollectionContext) async {
        while !Task.isCancelled {
            let isCold = condition == .cold
            if state.withLock({ $0.lastSuccess != nil && $0.problem == nil }) {
                await GuestSurvey(client: client, context: context, callSeconds: Self.callSeconds, isHasty: isCold) { [self] body in
                    state.withLock { body(&$0.book, Self.now($0)) }
                }.run(by: .after(seconds: settings.cacheSeconds))
            }
            settle()
            try? await Task.sleep(for: .seconds(isCold ? 0.05 : 0.5))
        }
    }

    /// Looks once and asks about guests as far as there is time; false when the lists could not be read.
    ///
    /// - Parameter guestLimit: how many guests are asked about at most.
    func lookOnce(_ context: CollectionContext, guestLimit: Int, by deadline: Deadline) async -> Bool {
        guard await look(context, by: deadline) else { return false }
        var survey = GuestSurvey(client: client, context: context, callSeconds: Self.callSeconds, isHasty: true) { [self] body in
            state.withLock { body(&$0.book, Self.now($0)) }
        }
        survey.limit = guestLimit
        survey.end = deadline
        await survey.run(by: deadline)
        return true
    }

    /// What is known of guests and nodes, and the name that they have it under.
    var knowledge: (book: ClusterBook, name: String) { state.withLock { ($0.book, $0.name.value ?? "") } }

    private func settle() {
        state.withLock { state in
            guard state.lastSuccess != nil else { return }
            state.wasWhole = state.wasWhole || state.book.isWhole
            state.isSettled = state.isSettled || state.wasWhole || Self.now(state) >= settings.coldSeconds
        }
    }

    // MARK: one look

    /// Reads the cluster's lists. What fails leaves everything as it was.
    ///
    /// - Parameter end: when somebody has no more use for them; nil for nobody.
    private func look(_ context: CollectionContext, by end: Deadline? = nil) async -> Bool {
        let begin = ContinuousClock.now
        let usual = Deadline.after(seconds: min(max(settings.cacheSeconds, Self.callSeconds), Self.listSeconds))
        let deadline = end.map { min($0, usual) } ?? usual
        let problem: PartProblem?
        do throws(ProxmoxError) {
            // It may not be seen, or be silent alone; then the resources have to do.
            async let first = status(context, deadline)
            var resources = try await client.clusterResources(http: context.http, by: deadline)
            var status = await first
            // A node that is cut off sees the others as dead. One that is not may be among the endpoints.
            if (try? status.get())?.isQuorate == false, await client.findQuorum(http: context.http, by: deadline) {
                status = await self.status(context, deadline)
                resources = try await client.clusterResources(http: context.http, by: deadline)
            }
            problem = try await take(resources, status, context, deadline)
        } catch {
            problem = PartProblem(part: displayName, error.reason, error.description)
        }
        state.withLock { state in
            state.tally.lastSeconds = (ContinuousClock.now - begin).seconds
            state.problem = problem
            guard problem == nil else { return state.tally.failures += 1 }
            state.tally.successes += 1
            state.tally.lastSuccess = context.clock.unixSeconds
            state.lastSuccess = Self.now(state)
        }
        return problem == nil
    }

    private func status(_ context: CollectionContext, _ deadline: Deadline) async -> Result<ClusterStatus, ProxmoxError> {
        do throws(ProxmoxError) {
            return .success(try await client.clusterStatus(http: context.http, by: deadline))
        } catch {
            return .failure(error)
        }
    }

    /// Believes the lists, or says why not.
    private func take(
        _ resources: ClusterResources, _ answer: Result<ClusterStatus, ProxmoxError>, _ context: CollectionContext, _ deadline: Deadline
    ) async throws(ProxmoxError) -> PartProblem? {
        let (known, permissions, isOverdue, wasEmpty) = state.withLock { state in
            let age = state.lastSuccess.map { Self.now(state) - $0 } ?? 0
            return (state.book.guests, state.permissions, age > settings.keepSeconds, state.wasEmpty)
        }
        let status = try? answer.get()
        let isForbidden = if case .failure(let error) = answer { error.kind == .forbidden } else { false }
        let listed = Set(resources.guests.lazy.map(\.vmid))
        // Of whoever may see nothing any more the list is shorter, without a word.
        if permissions == nil || known.keys.contains(where: { !listed.contains($0) }) {
            let current = try await client.permissions(http: context.http, by: deadline)
            // Rights that stay away for longer than anything is kept were taken on purpose.
            if let lack = Self.lack(current, than: permissions), !(isOverdue && current.holdsAnywhere("VM.Audit")) {
                return PartProblem(part: displayName, .forbidden, lack)
            }
            state.withLock { $0.permissions = current }
        }
        let isEmptied = listed.isEmpty && known.count > 2
        guard !isEmptied || wasEmpty else {
            state.withLock { $0.wasEmpty = true }
            return PartProblem(
                part: displayName, .failed,
                "the list of guests is empty, and \(known.count) were there before; it is believed when it is so again")
        }
        let claimed = state.withLock { $0.name.candidate(status, resources) }
        if let claimed, !names.claim(claimed, by: position) {
            return PartProblem(
                part: client.endpoint.authority, .duplicate,
                "it calls itself \(claimed), as another cluster of the settings does or is named; give each a name of its own (proxmox.clusters[].name)"
            )
        }
        return state.withLock { state in
            state.wasEmpty = isEmptied
            let part = state.name.value ?? client.endpoint.authority
            if let stranger = state.name.learn(status, resources) {
                return PartProblem(part: part, .malformed, "what answers here calls itself \(stranger) now, and was \(part) before")
            }
            guard state.name.value != nil else {
                return PartProblem(part: part, .failed, "the cluster's name is not known yet; proxmox.clusters[].name can set it")
            }
            state.book.take(resources, status, isStatusForbidden: isForbidden, filter: configured.filter, now: Self.now(state))
            return nil
        }
    }

    /// What keeps a list from being believed: no right to see guests, or less than before.
    private static func lack(_ current: Permissions, than before: Permissions?) -> String? {
        let remedy = "; give the role PVEAuditor on / to the user, and to a token with privileges of its own"
        guard current.holdsAnywhere("VM.Audit") else { return "no guest can be seen: the right VM.Audit is missing\(remedy)" }
        guard before?.holds("VM.Audit", below: "/vms") == true, !current.holds("VM.Audit", below: "/vms") else { return nil }
        return "guests are gone from the list, and so is the right VM.Audit on /vms\(remedy)"
    }
}
