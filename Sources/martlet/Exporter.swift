import ContainerCollector
import Discovery
import Exporting
import GPUCollector
import LLMCollector
import Ownership
import Primitives
import ProxmoxAPI
import ProxmoxCollector
import ProxmoxConfiguration
import ProxmoxDropIn
import Settings
import Synchronization
import SystemCollector
import Web
import WebConfiguration
import ZFSCollector

/// What `martlet exporter` and `martlet up` serve.
enum Exporter {
    /// What `zpool` said: it is there also after a reload.
    private static let poolReports = PoolReports()
    /// The container engine, which all that want names ask together, also after a reload that leaves it as it is.
    private static let engine = Mutex<(sockets: [String], labels: [String], engine: ContainerEngine)?>(nil)

    /// Errors: nothing is configured, or what is cannot be used.
    static func contents(
        _ configuration: Configuration, _ proxmox: ProxmoxSettings, _ dropIn: DropInSettings, _ http: HTTPClient
    ) throws(Failure) -> ExporterContents {
        let (root, zfs) = (try configuration.fileSystemRoot(), try configuration.zfs())
        let hasProxmox = isOn("proxmox", configuration, ofRole: .central) { !proxmox.clusters.isEmpty }
        let hasZFS = isOn("zfs", configuration, ofRole: .host) { ZFSCollector.isThere(fileSystemRoot: root) }
        let (containers, gpu) = (try configuration.containers(), try configuration.gpu())
        let hasContainers = isOn("containers", configuration, ofRole: .host, .gpu) {
            ContainerCollector.isThere(containers, fileSystemRoot: root)
        }
        let hasSystem = isOn("system", configuration, ofRole: .host, .gpu) { false }
        let isGPUFound = GPUCollector.isThere(gpu, fileSystemRoot: root)
        // A host has its cards too, where there are some.
        let hasGPUs = isOn("gpu", configuration, ofRole: .gpu, .host) { isGPUFound }
        let waitsForCards = configuration.role == .host && configuration.tree["gpu"]["enabled"].text != "true"
        let llm = try configuration.llm()
        let hasNamedServers = !llm.servers.isEmpty || !llm.ports.isEmpty
        let hasLLM = hasServers(configuration, hasNamed: hasNamedServers) {
            llm.looksAtContainers && hasContainers && ContainerCollector.hasEngine(containers, fileSystemRoot: root)
        }
        // Containers that are only found are no reason to serve: most machines have some.
        let isForHost =
            [.host, .gpu].contains(configuration.role)
            || hasLLM && hasNamedServers || ["containers", "system", "llm"].contains { configuration.tree[$0]["enabled"].text == "true" }
        let watched = ProxmoxSettings(clusters: hasProxmox ? proxmox.clusters : [], slow: proxmox.slow)
        let lacksClusters = proxmox.clusters.isEmpty && configuration.tree["proxmox"]["enabled"].text == "true"
        guard !lacksClusters, !watched.clusters.isEmpty || !dropIn.modules.isEmpty || hasZFS || hasGPUs || isForHost else {
            if let problem = dropIn.modulesProblem { throw problem }
            throw nothing(configuration, proxmox)
        }
        let seconds = configuration.scrapeTimeoutSeconds
        let context = CollectionContext(
            deadline: .after(seconds: seconds), detail: configuration.detail, fileSystemRoot: root, http: http, logger: configuration.logger
        )
        let collector = ProxmoxCollector(watched)
        let clusters = proxmox.clusters.map { DropInCluster(name: $0.name, endpoints: $0.endpoints, credential: $0.credential) }
        let handler = try DropInHandler(dropIn, clusters: clusters, scrapeTimeoutSeconds: seconds, context: context)
        let page = ExporterContents.Page(
            "/pve", title: "/pve?target=HOST, as prometheus-pve-exporter", requestsInFlight: 100, handler: handler.handle)
        var collectors: [any Collector] = watched.clusters.isEmpty ? [] : [collector]
        if hasZFS { collectors.append(ZFSCollector(zfs, reports: poolReports)) }
        let engine = Self.engine(containers, root)
        if hasGPUs {
            collectors.append(
                GPUCollector(
                    gpu, finder: OwnerFinder(fileSystemRoot: root, engine: engine), engine: engine, fileSystemRoot: root,
                    waitsForCards: waitsForCards))
        }
        if hasContainers { collectors.append(ContainerCollector(containers, engine: engine)) }
        if hasSystem { collectors.append(SystemCollector()) }
        let servers = LLMCollector(llm, engine: engine)
        if hasLLM { collectors.append(servers) }
        let probe = ExporterContents.Page(
            "/probe", title: "/probe?module=llm&target=SERVER, one LLM server alone", requestsInFlight: 20,
            handler: try servers.page(context))
        return ExporterContents(
            collectors: collectors, own: [collector.requests, handler.metrics], pages: [page, probe],
            scrapeTimeoutSeconds: seconds, seriesLimit: configuration.seriesLimit, context: context)
    }

    /// The engine that these settings name.
    static func engine(_ containers: ContainerSettings, _ fileSystemRoot: String) -> ContainerEngine {
        let sockets = ContainerCollector.sockets(containers, fileSystemRoot: fileSystemRoot)
        // Shown are those that the settings name; the others say what a container is.
        let labels = containers.labels + ContainerServers.labels
        return engine.withLock { known in
            if let known, known.sockets == sockets, known.labels == labels { return known.engine }
            let made = ContainerEngine(sockets: sockets, labels: labels, isNamed: containers.engineSocket != nil)
            known = (sockets, labels, made)
            return made
        }
    }

    /// Named ones are asked in whatever role; others may be found in containers, where a host's are read.
    private static func hasServers(_ configuration: Configuration, hasNamed: Bool, mayBeFound: () -> Bool) -> Bool {
        switch configuration.tree["llm"]["enabled"].text {
        case "true": true
        case "false": false
        default: hasNamed || configuration.role != .central && mayBeFound()
        }
    }

    private static func isOn(
        _ section: String, _ configuration: Configuration, ofRole own: Collectors.Role..., isFound: () -> Bool
    ) -> Bool {
        Collectors.isOn(configuration.tree[section], configuration.role, ofRoles: own, isFound: isFound)
    }

    private static func nothing(_ configuration: Configuration, _ proxmox: ProxmoxSettings) -> Failure {
        guard proxmox.clusters.isEmpty else {
            return Failure(
                .configuration,
                "nothing is to be collected: clusters are configured, and exporter.role or proxmox.enabled leaves them out; "
                    + "zfs.enabled: true collects the ZFS of this machine")
        }
        let place =
            configuration.file.map { "\($0) names none; write proxmox.clusters into it" }
            ?? "there is no martlet.yml in the working directory; martlet init asks for what it needs and writes one, --config.file names another"
        return Failure(
            .configuration,
            "no Proxmox cluster is configured: \(place), or set PROXMOX_HOST, PROXMOX_USER, "
                + "PROXMOX_TOKEN_NAME and PROXMOX_TOKEN_VALUE (for /pve alone, --pve.config-file does; for this machine's ZFS alone, "
                + "--exporter.role host; martlet up --simulate needs none)")
    }

    /// Says what works and is still not what one should want. Not before all else is good: an error stands alone.
    static func warn(_ warnings: [String], _ logger: Logger) {
        for warning in warnings { logger.warn(warning) }
    }

    /// Fails when credentials are refused, so that this shows before anything is served; at the start only when they are no password.
    static func checkCredentials(_ contents: ExporterContents, isStart: Bool) async throws(Failure) {
        var context = contents.context
        context.deadline = .after(seconds: contents.scrapeTimeoutSeconds)
        for collector in contents.collectors {
            if let collector = collector as? ProxmoxCollector { try await collector.checkCredentials(context, isStart: isStart) }
            if let collector = collector as? DiscoveryCollector { try await collector.checkCredentials(context, isStart: isStart) }
        }
    }

    /// The doors of `--web.config.file`; none without it.
    static func entrance(_ configuration: Configuration) throws(Failure) -> Entrance {
        guard let file = configuration.webConfigurationFile else { return Entrance() }
        return try entrance(file, configuration.tree["web"]["config_file"], "web.config_file", configuration.logger)
    }

    /// - Parameter place: where the file is named, by the setting `name`.
    static func entrance(_ file: String, _ place: SettingsTree, _ name: String, _ logger: Logger) throws(Failure) -> Entrance {
        // Said again only when they have changed: files are read at every reload.
        let said = Mutex<[String]>([])
        return try Entrance(logger: logger) { () throws(Failure) in
            let web: WebConfiguration
            do throws(Failure) {
                web = try WebConfiguration(file: file)
            } catch {
                // What is wrong in the file names it; that it is not there is about who named it.
                guard error.message.hasPrefix("cannot read \(file)") else { throw error }
                throw place.failure(of: name, error.message)
            }
            let isNews = said.withLock { said in
                defer { said = web.warnings }
                return said != web.warnings
            }
            if isNews { for warning in web.warnings { logger.warn(warning) } }
            return Entrance.Reading(web.doors, files: [file])
        }
    }
}
