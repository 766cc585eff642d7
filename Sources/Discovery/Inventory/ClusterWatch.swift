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
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    init(_ cluster: ConfiguredCluster, _ settings: DiscoverySettings) {
        configured = cluster
        self.settings = settings
        client = ProxmoxClient(
            endpoint: cluster.endpoint, others: cluster.otherEndpoints, session: ProxmoxSession(cluster.credential),
            timeoutSeconds: Self.listSeconds)
        state = Mutex(State(book: ClusterBook(pace: settings.pace), name: ClusterName(configured: cluster.name)))
    }

    private var now: Double { (ContinuousClock.now - start).seconds }

    // MARK: what others see

    /// The value of the label `cluster`, once it is known.
    var name: String? { state.withLock { $0.name.value } }

    /// Its name, or where it is asked while it has none.
    var displayName: String { name ?? client.endpoint.authority }

    var condition: Condition { condition(at: now) }

    private func condition(at now: Double) -> Condition {
        state.withLock { state in
            guard state.isSettled, let last = state.lastSuccess else { return .cold }
            if state.problem == nil { return .fresh }
            return now - last <= settings.keepSeconds ? .kept : .expired
        }
    }

    /// Whether it has been cold for longer than others wait for it.
    var isColdForLong: Bool { now >= settings.coldSeconds }

    var problem: PartProblem? { state.withLock { $0.problem } }

    var tally: Tally { state.withLock { $0.tally } }

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
        let (theirs, moment) = (other.state.withLock { $0 }, other.now)
        state.withLock { state in
            state.book = theirs.book
            // What the other one is asking is asked again; times are counted from this one's start.
            state.book.adopt(pace: settings.pace, shiftingBySeconds: now - moment)
            state.name.follow(theirs.name)
            state.permissions = theirs.permissions
            state.lastSuccess = theirs.lastSuccess.map { $0 + now - moment }
            state.isSettled = theirs.isSettled
            state.problem = theirs.problem
            state.tally = theirs.tally
        }
    }

    /// Whether another one is about the same cluster, asked by the same account.
    func isSame(as other: ClusterWatch) -> Bool {
        client.endpoint.authority == other.client.endpoint.authority
            && configured.credential.identity == other.configured.credential.identity
    }

    /// Looks until its task is cancelled.
    func run(_ context: CollectionContext) async {
        var impatience = Self.impatienceSeconds.lowerBound
        while !Task.isCancelled {
            let begin = ContinuousClock.now
            let end = Deadline(begin.advanced(by: .seconds(settings.cacheSeconds)))
            let isSuccess = await look(context)
            if isSuccess {
                await GuestSurvey(client: client, context: context, callSeconds: Self.callSeconds, isHasty: condition == .cold) {
                    [self] body in
                    state.withLock { body(&$0.book, now) }
                }.run(by: end)
                settle()
            }
            let isImpatient = !isSuccess && condition == .cold && !client.wasRefused
            let pause = isImpatient ? min(impatience, settings.cacheSeconds) : settings.cacheSeconds
            impatience = min(impatience * 2, Self.impatienceSeconds.upperBound)
            try? await Task.sleep(until: begin.advanced(by: .seconds(pause)), clock: .continuous)
        }
    }

    /// Looks once and asks about guests as far as there is time; false when the lists could not be read.
    ///
    /// - Parameter guestLimit: how many guests are asked about at most.
    func lookOnce(_ context: CollectionContext, guestLimit: Int, by deadline: Deadline) async -> Bool {
        guard await look(context, by: deadline) else { return false }
        var survey = GuestSurvey(client: client, context: context, callSeconds: Self.callSeconds, isHasty: true) { [self] body in
            state.withLock { body(&$0.book, now) }
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
            state.isSettled = state.isSettled || state.book.isWhole || now >= settings.coldSeconds
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
            async let status = try? client.clusterStatus(http: context.http, by: deadline)
            let resources = try await client.clusterResources(http: context.http, by: deadline)
            problem = try await take(resources, await status, context, deadline)
        } catch {
            problem = PartProblem(part: displayName, error.reason, error.description)
        }
        state.withLock { state in
            state.tally.lastSeconds = (ContinuousClock.now - begin).seconds
            state.problem = problem
            guard problem == nil else { return state.tally.failures += 1 }
            state.tally.successes += 1
            state.tally.lastSuccess = context.clock.unixSeconds
            state.lastSuccess = now
        }
        return problem == nil
    }

    /// Believes the lists, or says why not.
    private func take(
        _ resources: ClusterResources, _ status: ClusterStatus?, _ context: CollectionContext, _ deadline: Deadline
    ) async throws(ProxmoxError) -> PartProblem? {
        let (known, permissions) = state.withLock { ($0.book.guests, $0.permissions) }
        let listed = Set(resources.guests.lazy.map(\.vmid))
        // Of whoever may see nothing any more the list is shorter, without a word.
        if permissions == nil || known.keys.contains(where: { !listed.contains($0) }) {
            let current = try await client.permissions(http: context.http, by: deadline)
            if let lack = Self.lack(current, than: permissions) { return PartProblem(part: displayName, .forbidden, lack) }
            state.withLock { $0.permissions = current }
        }
        return state.withLock { state in
            let part = state.name.value ?? client.endpoint.authority
            if let stranger = state.name.learn(status, resources) {
                return PartProblem(part: part, .malformed, "what answers here calls itself \(stranger) now, and was \(part) before")
            }
            guard state.name.value != nil else {
                return PartProblem(part: part, .failed, "the cluster's name is not known yet; proxmox.clusters[].name can set it")
            }
            state.book.take(resources, status, filter: configured.filter, now: now)
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
