import Discovery
import Exporting
import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Web

/// All checks of one cluster, each when those before it let it.
struct ClusterExamination: Sendable {
    let cluster: ConfiguredCluster
    let options: Examination.Options
    let http: HTTPClient
    /// When all of it must be over.
    let deadline: Deadline

    private static let callSeconds = 10.0
    /// Nodes that are asked at the same time, and in all.
    private static let nodesAtOnce = 8
    private static let nodeLimit = 64

    private var call: Deadline { min(deadline, .after(seconds: Self.callSeconds)) }

    func run() async -> DoctorReport.Section {
        let (reached, connections) = await reach()
        let session = ProxmoxSession(cluster.credential)
        let hearings = await hear(reached, session)
        let identity = CredentialFindings.judge(cluster.credential, hearings, options.words)
        // What was reached and is no Proxmox VE has one finding, not one that it is well and one that it is not.
        let strangers = Set(hearings.filter { $0.isStranger }.map(\.authority))
        var findings = connections.filter { !strangers.contains($0.authority) }.flatMap(\.findings) + identity
        let good = reached.filter { endpoint in hearings.contains { $0.authority == endpoint.authority && $0.version != nil } }
        guard let first = good.first else {
            if !reached.isEmpty || !connections.isEmpty {
                findings.append(Finding("rights", .skipped, "rights, nodes and guests were not looked at, as nobody could be asked"))
            }
            return section(findings, name: nil)
        }
        findings += CredentialFindings.versions(hearings)
        let client = ProxmoxClient(
            endpoint: first, others: Array(good.dropFirst()), session: session, timeoutSeconds: Self.callSeconds)
        let version = hearings.first { $0.authority == first.authority }?.version
        async let status = answer { [call] () throws(ProxmoxError) in try await client.clusterStatus(http: http, by: call) }
        async let resources = answer { [call] () throws(ProxmoxError) in try await client.clusterResources(http: http, by: call) }
        async let rights = rights(client, version)
        async let names = clusterNames(good, session)
        let (statusAnswer, resourcesAnswer) = (await status, await resources)
        findings += await rights
        findings += Self.agreement(await names)
        findings += HealthFindings(status: statusAnswer, resources: resourcesAnswer, filter: cluster.filter).findings
        async let guests = guests(good, version)
        findings += await nodes(client, statusAnswer, resourcesAnswer)
        findings += await guests
        return section(findings, name: (try? statusAnswer.get())?.clusterName)
    }

    private func section(_ findings: [Finding], name: String?) -> DoctorReport.Section {
        let title = (cluster.name ?? name).map { "cluster \(named($0))" } ?? "cluster at \(cluster.endpoint.authority)"
        return DoctorReport.Section(.cluster, title, findings + secrets)
    }

    private var secrets: [Finding] {
        guard let file = cluster.credentialFile, Files.isReadableByAll(file) else { return [] }
        return [
            Finding(
                "credential", .warning, "\(file) can be read by every user of this machine",
                remedies: [.privacy(of: file)])
        ]
    }

    // MARK: the way in

    /// Who can be asked, and what is to be said of the way to each.
    private func reach() async -> (reached: [ProxmoxEndpoint], findings: [(authority: String, findings: [Finding])]) {
        let answers = await withTaskGroup(of: (Int, EndpointProbe.Answer).self) { group in
            for (index, endpoint) in cluster.endpoints.enumerated() {
                group.addTask { [call] in (index, await EndpointProbe(endpoint: endpoint, http: http).run(by: call)) }
            }
            var answers: [Int: EndpointProbe.Answer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return answers
        }
        var reached: [ProxmoxEndpoint] = []
        var findings: [(String, [Finding])] = []
        for (index, endpoint) in cluster.endpoints.enumerated() {
            guard let answer = answers[index] else { continue }
            findings.append((endpoint.authority, ConnectionFindings.judge(endpoint, answer, options.words)))
            // Whoever is known to be somebody else is not sent the credential.
            if case .page(_, let title, let server) = answer {
                if case .other = Answerer(title: title, server: server) { continue }
                reached.append(endpoint)
            }
        }
        return (reached, findings)
    }

    /// One after the other with a password, so that a wrong one is not tried at each endpoint.
    private func hear(_ endpoints: [ProxmoxEndpoint], _ session: ProxmoxSession) async -> [CredentialFindings.Hearing] {
        let isToken = if case .token = cluster.credential { true } else { false }
        let places = AsyncSemaphore(limit: isToken ? Self.nodesAtOnce : 1)
        return await withTaskGroup(of: (Int, CredentialFindings.Hearing?).self) { group in
            for (index, endpoint) in endpoints.enumerated() {
                group.addTask { (index, await places.withPermit(by: deadline) { await hear(endpoint, session) }) }
            }
            var hearings: [(index: Int, hearing: CredentialFindings.Hearing)] = []
            for await (index, hearing) in group { if let hearing { hearings.append((index, hearing)) } }
            return hearings.sorted { $0.index < $1.index }.map(\.hearing)
        }
    }

    private func hear(_ endpoint: ProxmoxEndpoint, _ session: ProxmoxSession) async -> CredentialFindings.Hearing {
        let client = ProxmoxClient(endpoint: endpoint, session: session)
        let result = await answer { [call] () throws(ProxmoxError) in try await client.version(http: http, by: call) }
        return CredentialFindings.Hearing(authority: endpoint.authority, result: result)
    }

    private func clusterNames(_ endpoints: [ProxmoxEndpoint], _ session: ProxmoxSession) async -> [(authority: String, name: String)] {
        guard endpoints.count > 1 else { return [] }
        var names: [(String, String)] = []
        for endpoint in endpoints {
            let client = ProxmoxClient(endpoint: endpoint, session: session)
            let status = try? await client.clusterStatus(http: http, by: call)
            if let status { names.append((endpoint.authority, status.clusterName ?? status.nodes.first?.name ?? "")) }
        }
        return names
    }

    /// Endpoints of one entry lead to one cluster.
    static func agreement(_ names: [(authority: String, name: String)]) -> [Finding] {
        guard Set(names.map(\.name)).count > 1 else { return [] }
        return [
            Finding(
                "connection", .problem, "the endpoints lead to different clusters, and only nodes of one cluster stand in for each other",
                details: names.map { "\($0.authority) leads to \(named($0.name))" },
                remedies: [Finding.Remedy(.settings, "give each cluster an entry of its own in proxmox.clusters")])
        ]
    }

    // MARK: what the API says

    private func rights(_ client: ProxmoxClient, _ version: ProxmoxVersion?) async -> [Finding] {
        let account = Account(cluster.credential)
        let permissions: Permissions
        do throws(ProxmoxError) {
            permissions = try await client.permissions(http: http, by: call)
        } catch {
            return [Finding("rights", .problem, "what \(cluster.credential.identity) may is not told: \(error.description)")]
        }
        var rights = RightsFindings(account, version, permissions)
        // What helps to say how to mend it is asked for only where something is to be mended.
        if RequiredPrivilege.missing(in: permissions, of: version).contains(where: { !$0.isDangerous }) {
            if let token = account.token {
                async let details = try? client.tokenDetails(token, of: account.user, http: http, by: call)
                async let ofUser = try? client.permissions(of: account.user, http: http, by: call)
                (rights.isSeparated, rights.ofUser) = (await details?.isSeparated, await ofUser)
            }
            rights.roles = try? await client.roles(http: http, by: call)
        }
        return rights.findings
    }

    private func nodes(
        _ client: ProxmoxClient, _ status: Result<ClusterStatus, ProxmoxError>, _ resources: Result<ClusterResources, ProxmoxError>
    ) async -> [Finding] {
        let online: [String] =
            (try? status.get()).map { status in status.nodes.filter { $0.isOnline == true }.map(\.name) }
            ?? (try? resources.get()).map { resources in resources.nodes.filter { $0.status == "online" }.map(\.name) } ?? []
        let asked = online.filter { cluster.filter.takes(node: $0) }.sorted().prefix(Self.nodeLimit)
        let places = AsyncSemaphore(limit: Self.nodesAtOnce)
        let visits = await withTaskGroup(of: NodeVisit?.self) { group in
            for node in asked {
                group.addTask { await places.withPermit(by: deadline) { await visit(node, client) } }
            }
            var visits: [NodeVisit] = []
            for await visit in group { if let visit { visits.append(visit) } }
            return visits.sorted { $0.node < $1.node }
        }
        return NodeFindings.clocks(
            visits.compactMap(\.clock), failures: visits.compactMap { visit in visit.clockError.map { (visit.node, $0) } })
            + NodeFindings.certificates(
                visits.compactMap { visit in visit.certificate.map { (visit.node, $0) } }, now: WallClock.system.unixSeconds)
    }

    private struct NodeVisit: Sendable {
        let node: String
        var clock: NodeFindings.Clock?
        var certificate: ServedCertificate?
        var clockError: ProxmoxError?
    }

    private func visit(_ node: String, _ client: ProxmoxClient) async -> NodeVisit {
        var visit = NodeVisit(node: node)
        do throws(ProxmoxError) {
            let before = WallClock.system.unixSeconds
            let time = try await client.time(node, http: http, by: call)
            let after = WallClock.system.unixSeconds
            visit.clock = NodeFindings.Clock(
                node: node, skewSeconds: time.unixSeconds - (before + after) / 2, tripSeconds: max(0, after - before))
        } catch {
            visit.clockError = error
            // Whoever hangs would hang again.
            if error.kind == .timeout { return visit }
        }
        visit.certificate = try? await client.servedCertificate(node, http: http, by: call)
        return visit
    }

    // MARK: guests

    private func guests(_ endpoints: [ProxmoxEndpoint], _ version: ProxmoxVersion?) async -> [Finding] {
        guard options.guestLimit > 0, let first = endpoints.first else { return [] }
        let reachable = ConfiguredCluster(
            name: cluster.name, endpoint: first, others: Array(endpoints.dropFirst()), credential: cluster.credential,
            filter: cluster.filter)
        let context = CollectionContext(deadline: deadline, http: http, logger: Logger(level: .error))
        // Half of what is left, so that those that are found can be asked.
        let surveyEnd = Deadline.after(seconds: deadline.remainingSeconds * (options.asksExporters ? 0.5 : 0.9))
        let survey = await DiscoverySurvey.run(reachable, options.discovery, context, guestLimit: options.guestLimit, by: surveyEnd)
        var answers: [String: ExporterProbe.Answer] = [:]
        if options.asksExporters {
            let addresses = survey.targets.filter(\.isActive).sorted { $0.isNode && !$1.isNode }.compactMap(\.address)
            answers = await ExporterProbe(http: http).run(addresses, by: deadline.earlier(bySeconds: ExporterProbe.timeoutSeconds + 0.5))
        }
        return GuestFindings(
            survey: survey, answers: answers, guestLimit: options.guestLimit, mayAskAgents: version?.major.map { $0 >= 9 } ?? false
        ).findings
    }

    private func answer<Value: Sendable>(
        _ body: () async throws(ProxmoxError) -> Value
    ) async -> Result<Value, ProxmoxError> {
        do throws(ProxmoxError) { return .success(try await body()) } catch { return .failure(error) }
    }
}

extension CredentialFindings.Hearing {
    var version: ProxmoxVersion? { try? result.get() }

    /// It answered, and not as Proxmox VE would.
    var isStranger: Bool {
        guard case .failure(let error) = result else { return false }
        return error.kind != .unauthorized
    }
}
