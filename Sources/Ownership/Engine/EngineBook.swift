/// What is known of an engine's containers, put together from lists, inspections and events. Pure: who talks to the engine fills it.
struct EngineBook {
    private(set) var containers: [String: EngineContainer] = [:]
    /// What lasts beyond one container of a name: `compose up` makes a new one.
    private var histories: [String: History] = [:]
    /// The names of those that histories are of, also of removed ones, as events come after answers.
    private var names: [String: String] = [:]
    /// Events of a container since it was inspected.
    private var news: [String: News] = [:]
    /// Those that were heard of and never listed, since the last list.
    private var strangers: Set<String> = []

    private struct History {
        var restarts = 0
        var oomKills = 0
        var lastSeen: Double
        /// The last container of the name, when it was started, and its own count.
        var id: String
        var startedAt: Double?
        var restartCount: Int
        /// Those of the present run, which are in `oomKills` too.
        var oomKillsOfRun = 0
        /// What was heard of the end of the last run.
        var end = End()
    }

    /// Tells who ended by himself from who was stopped to make room for another.
    private struct End {
        var wasTold = false
        var hasDied = false
        var wasKilled = false
        /// Removed while it ran, or after somebody had stopped it.
        var isReplaced = false
    }

    private struct News {
        var starts = 0
        var ooms = 0
    }

    /// One that has ended is forgotten after so long.
    static let secondsKept = 600.0
    static let limit = 2_000
    /// So many that no list knows are looked at between two lists.
    static let strangerLimit = 64
    /// Ended by SIGKILL and by SIGTERM.
    private static let killedCodes = [137, 143]

    /// What an event asks for.
    enum Want { case nothing, inspect, lost }

    /// An entry of the list.
    struct Listed {
        let id: String
        let state: String
    }

    /// Takes over what is listed; returns whom to inspect: those that are new or in another state, or all when nobody has listened since the
    /// last list. Whoever is not listed is gone.
    mutating func take(list: [Listed], now: Double, afterSilence: Bool = false) -> [String] {
        let ids = Set(list.map(\.id))
        containers = containers.filter { ids.contains($0.key) }
        strangers = []
        news = news.filter { ids.contains($0.key) }
        forget(now)
        return list.filter { afterSilence || containers[$0.id]?.state != $0.state }.map(\.id)
    }

    /// Takes an event; returns what is to be done about it. Nothing is kept of who is neither listed nor among a few new ones.
    mutating func take(_ event: EngineEvent) -> Want {
        takeEnd(event)
        switch event.action {
        case "destroy", "remove":
            containers[event.id] = nil
            news[event.id] = nil
            return .nothing
        default: break
        }
        if containers[event.id] == nil, !strangers.contains(event.id) {
            guard strangers.count < Self.strangerLimit else { return .lost }
            strangers.insert(event.id)
        }
        switch event.action {
        case "start": news[event.id, default: News()].starts += 1
        case "oom": news[event.id, default: News()].ooms += 1
        default: break
        }
        return .inspect
    }

    /// How a run ends, of the last container of a name.
    private mutating func takeEnd(_ event: EngineEvent) {
        guard let name = names[event.id], var history = histories[name], history.id == event.id else { return }
        switch event.action {
        case "start": history.end = End()
        case "kill", "stop": history.end.wasTold = true
        case "die", "died":
            history.end.hasDied = true
            if let code = event.exitCode { history.end.wasKilled = Self.killedCodes.contains(code) }
        case "destroy", "remove":
            let end = history.end
            history.end.isReplaced = end.wasTold || end.wasKilled || !end.hasDied
        default: return
        }
        histories[name] = history
    }

    var newsCount: Int { news.count }

    mutating func forget(id: String) {
        containers[id] = nil
        news[id] = nil
    }

    mutating func take(_ inspected: EngineContainer, now: Double) {
        guard containers[inspected.id] != nil || containers.count < Self.limit else { return }
        var container = inspected
        let told = news.removeValue(forKey: container.id) ?? News()
        var history =
            histories[container.name]
            ?? History(
                restarts: container.restartCount, lastSeen: now, id: container.id, startedAt: container.startedAt,
                restartCount: container.restartCount)
        if let known = histories[container.name] {
            history.restarts += restarts(container, after: known, told)
            if let startedAt = container.startedAt, startedAt != known.startedAt {
                history.startedAt = startedAt
                history.oomKillsOfRun = 0
            }
            history.lastSeen = now
            // One that is only made takes nobody's place before it is started.
            if container.id == known.id || container.startedAt != nil {
                if container.id != known.id { history.end = End() }
                (history.id, history.restartCount) = (container.id, container.restartCount)
            }
        }
        // The engine's word that there was one, where none was heard of.
        let isUnheard = container.isOOMKilled && told.ooms + history.oomKillsOfRun == 0
        history.oomKillsOfRun += isUnheard ? 1 : told.ooms
        history.oomKills += isUnheard ? 1 : told.ooms
        histories[container.name] = history
        names[container.id] = container.name
        container.restarts = history.restarts
        container.oomKills = history.oomKills
        container.oomKillsOfRun = history.oomKillsOfRun
        containers[container.id] = container
    }

    /// How often the name was started again since it was seen last: what the events say, and where none were heard at least what is plain
    /// from the moment of its start and from the engine's own count.
    private func restarts(_ container: EngineContainer, after known: History, _ told: News) -> Int {
        guard let startedAt = container.startedAt, startedAt != known.startedAt else { return 0 }
        // The first start of all is none again.
        let first = known.startedAt == nil ? 1 : 0
        guard container.id == known.id else {
            // One that took the place of a running one is a restart. A job that came to its end and is made anew is none.
            let replaced = known.end.isReplaced && known.startedAt != nil ? 1 : 0
            return replaced + max(told.starts - 1, container.restartCount, 0)
        }
        return max(told.starts - first, container.restartCount - known.restartCount, 1 - first, 0)
    }

    /// What ended long ago is not shown, and no name is remembered for ever.
    mutating func forget(_ now: Double) {
        let shown = Set(containers.values.map(\.name))
        histories = histories.filter { shown.contains($0.key) || now - $0.value.lastSeen < Self.secondsKept }
        if histories.count > 2 * Self.limit { histories = histories.filter { shown.contains($0.key) } }
        let known = histories
        names = names.filter { known[$0.value]?.id == $0.key }
    }

    /// All that are worth showing, by name.
    func shown(now: Double) -> [EngineContainer] {
        containers.values.filter { container in
            guard ["exited", "dead"].contains(container.state), let end = container.finishedAt else { return true }
            return now - end < Self.secondsKept
        }.sorted { ($0.name, $0.id) < ($1.name, $1.id) }
    }
}
