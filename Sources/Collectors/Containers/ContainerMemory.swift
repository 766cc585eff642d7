import Ownership
import Synchronization

/// What lasts from scrape to scrape.
final class ContainerMemory: Sendable {
    private struct State {
        var dropped: [String: Int] = [:]
        var lives: [String: Life] = [:]
        var machines: (root: String, directory: VMDirectory)?
        var scrape = 0
    }

    /// Processes that were killed for want of memory, of all containers of a name.
    private struct Life {
        var run: Run
        /// What the groups of earlier runs had counted and the engine had not heard of.
        var unheardBefore = 0.0
        var counted = 0.0
        var unheard = 0.0
        var lastSeen: Int
    }

    /// From a start to the next.
    private struct Run: Equatable {
        let id: String
        let startedAt: Double?
    }

    private let state = Mutex(State())
    private static let scrapesKept = 100
    private static let lifeLimit = 10_000

    /// Takes over what another has counted.
    func follow(_ other: ContainerMemory) {
        let known = other.state.withLock { $0 }
        state.withLock { $0 = known }
    }

    func machines(_ root: String) -> VMDirectory {
        state.withLock { state in
            if let known = state.machines, known.root == root { return known.directory }
            let directory = VMDirectory(fileSystemRoot: root)
            state.machines = (root, directory)
            return directory
        }
    }

    /// Counts what was left out; returns all that ever was, by family.
    func count(_ dropped: [(family: String, count: Int)]) -> [(family: String, count: Int)] {
        state.withLock { state in
            for (family, count) in dropped { state.dropped[family, default: 0] += count }
            return state.dropped.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }
    }

    /// What was killed in a container and in those of its name before: by the engine's count, with what only the group has seen. A group takes
    /// its count with it when the container ends, and the engine does not hear of a process that was not the first.
    func oomKills(_ container: Census.Container, counted: Double?) -> Double? {
        let engine = container.engine
        let heard = engine.map { Double($0.oomKillsOfRun) }
        return state.withLock { state in
            let run = Run(id: container.id, startedAt: engine?.startedAt)
            guard var life = state.lives[container.name] else {
                guard counted != nil || engine != nil else { return nil }
                let unheard = max(0, (counted ?? 0) - (heard ?? 0))
                state.lives[container.name] = Life(run: run, counted: counted ?? 0, unheard: unheard, lastSeen: state.scrape)
                return Double(engine?.oomKills ?? 0) + unheard
            }
            if life.run != run {
                // An engine that is heard of for the first time is no new run.
                let isSame = life.run.id == run.id && (life.run.startedAt == nil || run.startedAt == nil)
                if !isSame {
                    life.unheardBefore += life.unheard
                    life.counted = 0
                }
                life.run = run
            }
            life.counted = max(life.counted, counted ?? 0)
            life.unheard = max(0, life.counted - (heard ?? 0))
            life.lastSeen = state.scrape
            state.lives[container.name] = life
            return Double(engine?.oomKills ?? 0) + life.unheardBefore + life.unheard
        }
    }

    /// Forgets who has not been there for long.
    func endScrape() {
        state.withLock { state in
            state.scrape += 1
            let scrape = state.scrape
            if state.lives.count > Self.lifeLimit || scrape % Self.scrapesKept == 0 {
                state.lives = state.lives.filter { scrape - $0.value.lastSeen < Self.scrapesKept }
            }
        }
    }
}
