import Ownership
import Synchronization

/// What lasts from scrape to scrape.
final class ContainerMemory: Sendable {
    private struct State {
        var dropped: [String: Int] = [:]
        var droppedContainers: [String: Int] = [:]
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
        /// Nobody gives the name again: it is made of an id.
        var isOnce: Bool
    }

    /// From a start to the next.
    private struct Run: Equatable {
        let id: String
        let startedAt: Double?
    }

    private let state = Mutex(State())
    private static let scrapesKept = 100
    private static let scrapesKeptOfOnce = 3
    /// Of those that are not there now.
    static let lifeLimit = 2_000
    private static let branchLimit = 50

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

    /// Counts containers that were left out; returns all that ever were, by branch of the tree.
    func count(containers dropped: [String: Int]) -> [(branch: String, count: Int)] {
        state.withLock { state in
            for (branch, count) in dropped.sorted(by: { $0.key < $1.key }) {
                let isKnown = state.droppedContainers[branch] != nil || state.droppedContainers.count < Self.branchLimit
                state.droppedContainers[isKnown ? shortLine(branch) : "other", default: 0] += count
            }
            return state.droppedContainers.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
        }
    }

    var lifeCount: Int { state.withLock { $0.lives.count } }

    /// What was killed in a container and in those of its name before: by the engine's count, with what only the group has seen. A group takes
    /// its count with it when the container ends, and the engine does not hear of a process that was not the first.
    func oomKills(_ container: Census.Container, counted: Double?) -> Double? {
        let engine = container.engine
        let key = "\(container.user)/\(container.name)"
        let isOnce = engine == nil && container.group?.place.kind == .container && container.group?.isNamedBySettings == false
        let heard = engine.map { Double($0.oomKillsOfRun) }
        return state.withLock { state in
            let run = Run(id: container.id, startedAt: engine?.startedAt)
            guard var life = state.lives[key] else {
                guard counted != nil || engine != nil else { return nil }
                let unheard = max(0, (counted ?? 0) - (heard ?? 0))
                state.lives[key] = Life(run: run, counted: counted ?? 0, unheard: unheard, lastSeen: state.scrape, isOnce: isOnce)
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
            (life.lastSeen, life.isOnce) = (state.scrape, isOnce)
            state.lives[key] = life
            return Double(engine?.oomKills ?? 0) + life.unheardBefore + life.unheard
        }
    }

    /// Forgets who has not been there for long, and of too many those that have been away for longest.
    func endScrape() {
        state.withLock { state in
            let scrape = state.scrape
            state.scrape += 1
            let away = state.lives.filter { $0.value.lastSeen < scrape }
            guard !away.isEmpty else { return }
            let isFull = away.count > Self.lifeLimit
            let oldest = isFull ? away.values.map(\.lastSeen).sorted()[away.count - Self.lifeLimit] : 0
            for (name, life) in away {
                let kept = life.isOnce ? Self.scrapesKeptOfOnce : Self.scrapesKept
                if scrape - life.lastSeen >= kept || isFull && life.lastSeen <= oldest { state.lives[name] = nil }
            }
        }
    }
}
