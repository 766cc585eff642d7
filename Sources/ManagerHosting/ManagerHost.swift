import Controllers
import EmbeddedObjectStore
package import Exporting
import Glibc
import KubernetesObjectStore
import ObjectAPI
import ObjectClient
import ObjectStore
import Objects
package import Primitives
import Reconciling
import Synchronization
package import Web

/// The manager at work: it leads when it may, makes machines what their objects say, answers kubectl, and tells of itself over HTTP.
package final class ManagerHost: Sendable {
    private struct State {
        var isStopping = false
        /// What works while it leads.
        var controllers: ControllerSet?
        var leader = ""
    }

    private let settings: ManagerSettings
    private let version: Version
    private let logger: Logger
    private let http: HTTPClient
    private let store: CountedObjectStore
    private let embedded: EmbeddedObjectStore?
    private let kube: KubeConnection?
    private let source: ManagerCollector.Source
    private let reconciling = ReconcilingSource()
    private let manifests = ManifestsSource()
    /// Held for as long as the manager lives; nil where another one uses the same folder.
    private let tlsLock: FileLock?
    private let api: ObjectAPI?
    private let credentials: APICredentials?
    private let apiServer: Mutex<HTTPServer?>
    private let state = Mutex(State())
    private let work = Mutex<Task<Void, Never>?>(nil)

    /// How long reconciles have when the manager stops, or leads no more: twice that is less than it takes until another may lead.
    private static let stopSeconds = 2.0

    /// Opens the store, and the API where the store is the manager's own.
    ///
    /// Errors: a store that is not to be had, a state directory that others may have written to, addresses that are taken.
    package init(_ settings: ManagerSettings, http: HTTPClient, version: Version, logger: Logger) async throws(Failure) {
        self.settings = settings
        self.version = version
        self.logger = logger
        self.http = http
        source = ManagerCollector.Source(version: version)
        try Self.makeReady(settings.stateDirectory, database: settings.isEmbedded ? settings.databasePath : nil)
        tlsLock = try Self.clearedTLS(settings.tlsDirectory)
        guard settings.isEmbedded else {
            let connection = try KubeConnection.find(kubeconfig: settings.kubeconfig, context: settings.context)
            let kept = try KubernetesObjectStore(connection)
            (store, embedded, kube, api) = (CountedObjectStore(kept), nil, connection, nil)
            apiServer = Mutex(nil)
            credentials = nil
            logger.info("objects are kept by a kube-apiserver", ["server": connection.server, "named_by": connection.origin])
            return
        }
        let kept = try await EmbeddedObjectStore(settings.databasePath)
        (store, embedded, kube) = (CountedObjectStore(kept), kept, nil)
        var options = ObjectAPI.Options()
        options.build = version.number
        let api = ObjectAPI(store, kinds: KindSchema.all.map { ($0.kind, KindRules($0)) }, options: options)
        self.api = api
        let (server, credentials) = try Self.open(api, settings, logger)
        apiServer = Mutex(server)
        self.credentials = credentials
    }

    /// - Parameter database: in the directory; nil where objects are kept elsewhere.
    static func makeReady(_ directory: String, database: String?) throws(Failure) {
        let remedy = "name a folder of this user's own, or give it to him once you have looked through it"
        guard let database else {
            // A pod's volume is root's and everybody's within the pod; what must not be lies in a folder of its own there.
            try Files.makeDirectory(directory, mode: 0o750)
            return try Files.checkOwner(directory, remedy)
        }
        try Files.makeOwnDirectory(directory)
        for ending in ["", "-wal", "-shm"] { try Files.checkOwner(database + ending, remedy) }
    }

    /// Takes away keys that a manager has left there that was killed, unless one lives that uses them.
    private static func clearedTLS(_ directory: String) throws(Failure) -> FileLock? {
        try Files.makeOwnDirectory(directory)
        let inUse = Failure(.environment, "\(directory) is in use")
        guard let lock = try? FileLock("\(directory)/lock", inUse: { _ in inUse }) else { return nil }
        GRPCDialer.clear(directory)
        return lock
    }

    private static func open(_ api: ObjectAPI, _ settings: ManagerSettings, _ logger: Logger) throws(Failure) -> (
        HTTPServer, APICredentials
    ) {
        let listeners = try Listener.open(settings.apiAddresses.map { .network($0) }, origin: "--api.listen-address")
        let address = listeners.first?.address ?? settings.apiAddresses[0]
        // Whoever listens everywhere is called by its name for this machine.
        let isAnywhere = ["0.0.0.0", "::", ""].contains(address.host)
        let host = isAnywhere ? "127.0.0.1" : address.host
        let url = "https://\(host.contains(":") ? "[\(host)]" : host):\(address.port)"
        let names = settings.apiNames + settings.apiAddresses.map(\.host).filter { !["0.0.0.0", "::", ""].contains($0) }
        let credentials = try APICredentials(
            directory: "\(settings.stateDirectory)/api", kubeconfig: settings.kubeconfigPath, url: url, names: names, logger: logger)
        let door = BearerDoor(credentials.accepts, handler: api.handle)
        let server = try HTTPServer(
            listeners, limits: ObjectAPI.serverLimits, entrance: try credentials.entrance(), refusal: door.refusal, logger: logger,
            handler: door.handle)
        logger.info("answering kubectl", ["address": url, "kubeconfig": settings.kubeconfigPath])
        return (server, credentials)
    }

    /// What its HTTP port serves.
    package func contents(_ context: CollectionContext) -> ExporterContents {
        var contents = ExporterContents(
            collectors: [
                ManagerCollector(source), LeadingControllersCollector(reconciling), ObjectStoreCollector(store),
                ManifestsCollector(manifests),
            ], context: context)
        contents.title = "manager"
        contents.unreadiness = { [self] in unreadiness }
        return contents
    }

    private var unreadiness: String? {
        state.withLock { state in
            if state.isStopping { return "The manager is stopping." }
            // One that waits for another to fall is ready for that.
            if !state.leader.isEmpty { return nil }
            guard let controllers = state.controllers else { return "The manager has not begun to work." }
            return controllers.hasSynced ? nil : "The manager reads its objects."
        }
    }

    // MARK: work

    /// Begins to work, and goes on until `stop`.
    package func start() {
        work.withLock { $0 = Task { [self] in await run() } }
    }

    private func run() async {
        await withTaskGroup(of: Void.self) { group in
            if let credentials { group.addTask { await credentials.keepFresh() } }
            if let folder = settings.manifests { group.addTask { [self] in await keep(folder) } }
            guard let kube else {
                await lead { true }
                group.cancelAll()
                return
            }
            let name = "\(Self.hostName)_\(UInt64.random(in: 0...UInt64.max))"
            let election = LeaderElection(
                store.withoutWrites, namespace: settings.leaseNamespace ?? kube.namespace, name: "martlet-manager", identity: name,
                report: { [self] event in note(event) },
                onOverrun: { [logger] in
                    logger.error("another manager may lead now, and the controllers have not stopped; ending")
                    _exit(1)
                })
            while !Task.isCancelled {
                let end = await election.run { [self] leadership in await lead { leadership.holds } }
                if case .lost(let why) = end { logger.warn("does not lead any more", ["reason": why]) }
            }
            group.cancelAll()
        }
    }

    private static var hostName: String { (try? Files.readLine("/proc/sys/kernel/hostname")) ?? "manager" }

    private func note(_ event: LeaderElection.Event) {
        switch event {
        case .waiting(let holder):
            state.withLock { $0.leader = holder }
            logger.info("another manager leads", ["holder": holder])
        case .leading:
            state.withLock { $0.leader = "" }
            logger.info("leading")
        case .failed(let error): logger.warn("the Lease could not be had", ["error": error.message])
        // Told by what it ends.
        case .lost: break
        case .released: logger.info("the Lease was released")
        }
    }

    /// Works as the one manager there is, until the task is cancelled.
    /// - Parameter holds: whether it may act; asked before each call of a provider.
    private func lead(while holds: @escaping @Sendable () -> Bool) async {
        let journal = OperationJournal(store, spareNamespace: settings.leaseNamespace ?? kube?.namespace ?? "default", logger: logger)
        var pause = 0.5
        while !Task.isCancelled {
            do throws(StoreError) {
                try await journal.load()
                break
            } catch {
                logger.warn("the journal could not be read, and is read again", ["error": error.message])
                try? await Task.sleep(for: .seconds(pause))
                pause = min(15, pause * 2)
            }
        }
        guard !Task.isCancelled else { return }
        let dialer = GRPCDialer(directory: settings.tlsDirectory, logger: logger)
        let context = ControllerContext(
            journal: journal, links: ProviderLinks(dialer, mayAct: holds), informers: Informers(store, logger: logger), logger: logger)
        let controllers = AllControllers.make(context, workers: settings.workers, logger: logger)
        let set = ControllerSet(controllers, informers: context.informers.all, stopSeconds: Self.stopSeconds, logger: logger)
        state.withLock { $0.controllers = set }
        source.context = context
        reconciling.controllers = controllers
        var kept = JournalKeeper.Settings()
        kept.kept = settings.keptOperations
        let keeper = Task { await JournalKeeper(journal, kept).run() }
        await set.run()
        keeper.cancel()
        await keeper.value
        source.context = nil
        reconciling.controllers = []
        state.withLock { $0.controllers = nil }
        context.links.removeAll()
    }

    private func keep(_ directory: String) async {
        let transport: any APITransport
        if let api {
            transport = HandlerTransport(api.handle)
        } else if let kube {
            transport = KubeTransport(kube, http: http)
        } else {
            return
        }
        await ManifestFolder(directory, client: ObjectClient(transport)).run { [logger, manifests] pass in
            manifests.note(pass)
            for problem in pass.problems { logger.warn("a manifest was not applied", ["problem": problem]) }
            if let reason = pass.heldBack { logger.warn("nothing is deleted that the folder has not any more", ["reason": reason]) }
            let (created, changed, pruned) = (pass.created.count, pass.changed.count, pass.pruned.count)
            guard created + changed + pruned > 0 else { return }
            logger.info("manifests were applied", ["folder": directory, "created": created, "changed": changed, "deleted": pruned])
        }
    }

    /// Takes no more requests, lets reconciles finish, and leaves operations that are not over to the journal.
    package func stop() async {
        state.withLock { $0.isStopping = true }
        let server = apiServer.withLock { server in
            defer { server = nil }
            return server
        }
        await server?.stop(withinSeconds: 2)
        let task = work.withLock { $0 }
        task?.cancel()
        await task?.value
        await embedded?.close()
        logger.info("the manager has stopped")
    }
}
