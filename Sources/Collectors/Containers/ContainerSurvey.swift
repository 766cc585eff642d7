package import Ownership
package import Primitives
package import Web

/// One look at what containers of this machine are read from, for whoever wants to know whether they can be.
package struct ContainerSurvey: Sendable, Equatable {
    /// Of the control groups, 1 or 2; nil where there are none to be seen.
    package var version: Int?
    /// How many containers and LXC guests they show.
    package var containers = 0
    /// The sockets that are looked for.
    package var sockets: [String]
    package var engine: ContainerEngine.State
    /// `docker 28.0.1`; empty of one that does not answer.
    package var product = ""

    package init(sockets: [String], engine: ContainerEngine.State) {
        self.sockets = sockets
        self.engine = engine
    }

    private static let engineSeconds = 3.0
    private static let pauseMilliseconds = 25

    /// Reads folders, and asks the engine as a collector does.
    package static func run(
        _ settings: ContainerSettings, fileSystemRoot: String, _ http: HTTPClient, by deadline: Deadline
    ) async -> ContainerSurvey {
        let sockets = ContainerCollector.sockets(settings, fileSystemRoot: fileSystemRoot)
        let engine = ContainerEngine(sockets: sockets, isNamed: settings.engineSocket != nil)
        var survey = ContainerSurvey(sockets: sockets, engine: engine.missing)
        if let tree = CgroupTree(fileSystemRoot: fileSystemRoot) {
            survey.version = tree.version == .two ? 2 : 1
            survey.containers = tree.groups(settings.cgroups).groups.count
        }
        guard sockets.contains(where: Files.exists) else { return survey }
        let asking = Task { await engine.run(http, .silent) }
        let end = min(deadline, .after(seconds: engineSeconds))
        while !end.hasPassed, engine.view.state == .absent { try? await Task.sleep(for: .milliseconds(pauseMilliseconds)) }
        asking.cancel()
        let view = engine.view
        survey.engine = view.state == .absent ? .unreachable("it does not answer within \(Int(engineSeconds)) s") : view.state
        survey.product = [view.product, view.version].filter { !$0.isEmpty }.joined(separator: " ")
        return survey
    }
}
