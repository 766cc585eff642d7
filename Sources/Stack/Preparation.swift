import Glibc
import Primitives

/// Everything that can go wrong, tried before anything is started.
struct Preparation: Sendable {
    /// What is to run.
    let plan: StackPlan
    /// Hears of processes that had to be ended.
    let logger: Logger

    /// What the start needs.
    struct Prepared: Sendable {
        let paths: StatePaths
        let lock: StateLock
        let services: [Service]
        /// Of the sockets that the state directory has too long a path for.
        let socketFolders: [SocketFolder]
    }

    /// Errors: one line that says what is missing and how to mend it. Blocks its thread, for seconds if need be.
    func run() throws(Failure) -> Prepared {
        try plan.check()
        let programs = try plan.programs.find()
        try checkPersonsFiles()
        let paths = StatePaths(root: Files.absolute(plan.stateDirectory))
        try Files.makeDirectory(paths.root, mode: 0o700)
        try Directory.checkOwner(paths.root)
        let lock = try StateLock(paths)
        try StateFormat().adopt(paths)
        let targets = [
            "prometheus/targets/node", "prometheus/targets/martlet-hosts", "prometheus/targets/gpu-hosts",
            "prometheus/targets/martlet-logs", "prometheus/targets/virtrigaud-manager", "prometheus/targets/virtrigaud-provider",
            "prometheus/targets/martlet",
        ]
        for folder in ["run", "log", "prometheus/data", "alertmanager/data"] + targets {
            try Files.makeDirectory(paths.path(folder), mode: 0o700)
        }
        if let simulation = plan.simulation { try Files.makeDirectory(simulation.worldDirectory, mode: 0o700) }
        if plan.simulation?.cards != nil { try Files.makeDirectory(paths.cardsRoot, mode: 0o700) }
        try makeManagersFolders(paths)
        let socketFolders = try plan.sockets.map { (socket) throws(Failure) in try SocketFolder(socket) }
        let wasInterrupted = try StaleChildren(paths: paths, logger: logger).end()
        try PortCheck.run(plan.listeners, patienceSeconds: wasInterrupted ? 5 : 0)
        try StateWriter(paths: paths).write(StackFiles(plan).files)
        let environment = ServiceList.environment(from: ProcessEnvironment.all)
        let secrets = [plan.webhookURL, plan.deadmanURL].compactMap(\.self)
        try ConfigurationCheck(programs: programs, environment: environment, state: paths, secrets: secrets)
            .run(alertmanagerConfiguration: plan.alertmanagerConfiguration.map(Files.absolute) ?? paths.alertmanagerConfiguration)
        let services = ServiceList.make(plan, programs: programs, state: paths, environment: environment)
        return Prepared(paths: paths, lock: lock, services: services, socketFolders: socketFolders)
    }

    /// A folder of manifests that is made gets examples; one that is there is a person's, whatever it holds.
    private func makeManagersFolders(_ paths: StatePaths) throws(Failure) {
        guard let manager = plan.manager else { return }
        for folder in [paths.manager] + manager.providers.map({ paths.provider($0.kind) }) {
            try Files.makeDirectory(folder, mode: 0o700)
        }
        guard manager.manifests == nil, !Files.exists(paths.manifests) else { return }
        // At its place as a whole, so that a start that is interrupted leaves no half of it.
        let draft = paths.manifests + ".new"
        try Files.makeDirectory(draft, mode: 0o700)
        for (name, text) in manager.examples { try Files.write(Array(text.utf8), to: "\(draft)/\(name)", mode: 0o600) }
        guard rename(draft, paths.manifests) == 0 else {
            throw Failure(.environment, "\(paths.manifests) cannot be made: \(systemMessage(errno))")
        }
    }

    private func checkPersonsFiles() throws(Failure) {
        if !Files.isExecutable(plan.executable), plan.runsWebhook || plan.simulation != nil {
            throw Failure(.environment, "our own program \(plan.executable) is not an executable file; start martlet again")
        }
        if let manager = plan.manager, !Files.isExecutable(manager.program) {
            throw Failure(.environment, "\(manager.program), the manager of machines, is not an executable file: make build builds it")
        }
        if let folder = plan.manager?.manifests { _ = try Directory.names(folder) }
        if let path = plan.alertmanagerConfiguration { _ = try Files.read(path) }
        guard let rules = plan.rulesDirectory else { return }
        // Prometheus would read them as a pattern.
        guard !rules.contains(where: { "*?[]\\".contains($0) }) else {
            throw Failure(.configuration, "the rules directory \(rules) has one of *?[]\\ in its path, which Prometheus cannot name")
        }
        let files = try Directory.names(rules).filter { $0.hasSuffix(".yml") }
        guard !files.isEmpty else { throw Failure(.configuration, "the rules directory \(rules) holds no file that ends in .yml") }
        for file in files { _ = try Files.read("\(rules)/\(file)") }
    }
}
