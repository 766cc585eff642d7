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
        /// Of the simulated libvirtd.
        let socketFolder: SocketFolder?
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
        let socketFolder = try plan.simulation?.hypervisor.map { (hypervisor) throws(Failure) in try SocketFolder(hypervisor.socket) }
        let wasInterrupted = try StaleChildren(paths: paths, logger: logger).end()
        try PortCheck.run(plan.listeners, patienceSeconds: wasInterrupted ? 5 : 0)
        try StateWriter(paths: paths).write(StackFiles(plan).files)
        let environment = ServiceList.environment(from: ProcessEnvironment.all)
        let secrets = [plan.webhookURL, plan.deadmanURL].compactMap(\.self)
        try ConfigurationCheck(programs: programs, environment: environment, state: paths, secrets: secrets)
            .run(alertmanagerConfiguration: plan.alertmanagerConfiguration.map(Files.absolute) ?? paths.alertmanagerConfiguration)
        let services = ServiceList.make(plan, programs: programs, state: paths, environment: environment)
        return Prepared(paths: paths, lock: lock, services: services, socketFolder: socketFolder)
    }

    private func checkPersonsFiles() throws(Failure) {
        if !Files.isExecutable(plan.executable), plan.runsWebhook || plan.simulation != nil {
            throw Failure(.environment, "our own program \(plan.executable) is not an executable file; start martlet again")
        }
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
