package import Exporting
import Metrics
package import Primitives
import ProxmoxAPI
package import Web

/// `GET /pve?target=&module=&cluster=&node=`
package struct DropInHandler: Sendable {
    private let families = DropInFamilies()
    private let table: FamilyTable
    private let directory: TargetDirectory
    private let collectors: DropInCollectors
    private let deadline: ScrapeDeadline
    private let context: CollectionContext
    private let tally: DropInTally
    private let journal: DropInJournal

    /// - Parameter clusters: those of the settings; requests may name them as targets.
    /// - Parameter scrapeTimeoutSeconds: longest that a request may take.
    /// - Parameter context: its deadline is replaced at each request.
    package init(
        _ settings: DropInSettings, clusters: [DropInCluster], scrapeTimeoutSeconds: Double, context: CollectionContext
    ) throws(Failure) {
        table = try FamilyTable([families.catalogue], textOnly: true)
        let tally = DropInTally(settings)
        self.tally = tally
        directory = TargetDirectory(settings, clusters, observer: settings.countsCalls ? tally.noteCall : nil)
        // Whoever has configured nothing for /pve and does not ask it has no series of it.
        tally.begin(Array(settings.modules.keys))
        collectors = settings.collectors
        deadline = ScrapeDeadline(capSeconds: scrapeTimeoutSeconds)
        self.context = context
        journal = DropInJournal(context.logger)
        if !settings.modules.isEmpty {
            context.logger.info("/pve", ["modules": directory.modules.joined(separator: ","), "from": settings.origin])
        }
        if let problem = settings.modulesProblem { context.logger.warn("/pve has no modules", ["detail": problem.description]) }
        if !settings.modules.isEmpty, clusters.isEmpty, settings.allowedTargets.isEmpty {
            context.logger.warn("/pve answers no target yet: name them with --pve.allowed-targets (names, globs, CIDRs)")
        }
        if settings.modules.isEmpty, !settings.allowedTargets.isEmpty {
            context.logger.warn("--pve.allowed-targets has no effect without credentials for them: --pve.config-file or PVE_USER")
        }
        if settings.allowedTargets.allowsAll, !settings.modules.isEmpty {
            context.logger.warn("--pve.allowed-targets=*: whoever reaches this exporter can have the credentials of /pve sent anywhere")
        }
    }

    /// What it counts of itself, for /metrics.
    package var metrics: any Collector { DropInMetrics(tally) }

    /// The same before anything is configured, for lists of what there is.
    package static var metricsOfNothing: any Collector { DropInMetrics(DropInTally(DropInSettings())) }

    /// Always text 0.0.4: the names cannot be OpenMetrics.
    package func handle(_ request: HTTPServerRequest) async -> HTTPServerResponse {
        let module = request.parameter("module") ?? "default"
        let found: TargetDirectory.Found
        do throws(TargetDirectory.Refusal) {
            found = try directory.find(module: module, target: request.parameter("target"))
        } catch {
            tally.noteRefusal(module: module)
            journal.refused(module, request.parameter("target") ?? "", error.message)
            return HTTPServerResponse(status: error.status, text: error.message + "\n")
        }
        let (cluster, node) = (Self.isOn(request.parameter("cluster")), Self.isOn(request.parameter("node")))
        let client = found.client
        let begin = ContinuousClock.now
        let scrape = DropInScrape(
            client: client, families: families, collectors: collectors, cluster: cluster, node: node, http: context.http,
            deadline: deadline.deadline(header: request.headers["X-Prometheus-Scrape-Timeout-Seconds"], from: request.arrival))
        let result =
            await found.turns.withPermit(by: scrape.deadline) { await scrape.result() }
            ?? .failure(.late("/pve", "too many requests for this target at a time"))
        let target = DropInTally.Target(name: request.parameter("target") ?? "localhost", cluster: cluster, node: node)
        tally.noteScrape(target, module: module, (ContinuousClock.now - begin).seconds, isFailure: result.failure != nil)
        switch result {
        case .success(let buffers):
            journal.succeeded(module, client.endpoint.authority)
            return ExpositionResponse.text(Exposition(table, [buffers]), acceptEncoding: request.headers["Accept-Encoding"])
        case .failure(let error):
            // Of several endpoints the error itself says which.
            let words = client.endpoints.count > 1 ? "\(error)" : "\(client.endpoint.authority): \(error)"
            journal.failed(module, client.endpoint.authority, error.kind, words)
            return HTTPServerResponse(status: 500, text: words + "\n")
        }
    }

    /// Everything but `false`, `0` and nothing is yes.
    private static func isOn(_ parameter: String?) -> Bool { !["false", "0", ""].contains((parameter ?? "1").lowercased()) }
}

extension DropInScrape {
    fileprivate func result() async -> Result<[SampleBuffer], ProxmoxError> {
        do throws(ProxmoxError) { return .success(try await run()) } catch { return .failure(error) }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { return error }
        return nil
    }
}
