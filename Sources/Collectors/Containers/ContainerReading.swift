import Ownership

/// All that a scrape has of one container; nil for what is not known.
struct ContainerReading {
    let container: Census.Container
    /// The kernel's, while it runs.
    var figures: CgroupFigures?
    /// Disks whose figures add up; nil when the kernel does not count for them.
    var devices: [CgroupFigures.Device]?
    /// Interfaces that lead out of it; nil when it has no network of its own.
    var network: [NetworkReader.Interface]?
    /// Unix seconds.
    var startTime: Double?
    var oomKills: Double?
    /// Cards that it was given, as far as they are known by number or name.
    var gpus: [String] = []
    /// Whether it was given any, or was seen on one; nil when nothing tells.
    var hasGPU: Bool?
    /// Whether the engine's word is of now.
    var isAnswering = false

    init(_ container: Census.Container) { self.container = container }

    /// The engine's word; where it has none, what the group shows.
    var state: String? {
        if let engine = container.engine, isAnswering { return engine.state.isEmpty ? nil : engine.state }
        guard let figures else { return nil }
        return figures.isFrozen == true ? "paused" : "running"
    }

    var health: String? {
        guard isAnswering, let engine = container.engine, engine.isRunning, !engine.health.isEmpty else { return nil }
        return engine.health
    }

    /// A counter does not go when the engine does not answer for a while.
    var restarts: Double? { container.engine.map { Double($0.restarts) } }

    var exitCode: Double? { isAnswering ? container.engine?.exitCode.map { Double($0) } : nil }
}
