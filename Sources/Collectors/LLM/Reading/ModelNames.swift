import Ownership
import Primitives

/// The models of a server that have series of their own; of too many, the rest are one, `other`.
///
/// A model stays where it is, with its own series or among the rest, until it has not been named for an hour: whoever moved from one to the
/// other would take its counters along.
struct ModelNames: Sendable, Equatable {
    /// Whose place holds the rest.
    static let other = "other"
    /// How long a model that nobody names keeps its place.
    static let keptSeconds = 3600.0
    /// Most of the rest that are remembered by name.
    private static let restLimit = 10_000

    private let limit: Int
    private let now: ContinuousClock.Instant
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]
    /// Those that have a place and have not been named in this round, and when they were last.
    private var former: [String: ContinuousClock.Instant] = [:]
    /// Those among the rest, and when they were named last.
    private var rest: [String: ContinuousClock.Instant] = [:]
    /// Those of them that were named in this round.
    private var restNamed: Set<String> = []

    init(limit: Int, now: ContinuousClock.Instant = .now) { (self.limit, self.now) = (limit, now) }

    /// How many models have no series of their own.
    var overLimit: Int { restNamed.count }

    /// Those that have a place by their own name.
    private var ownCount: Int { places.count - (places[Self.other] == nil ? 0 : 1) - (places[""] == nil ? 0 : 1) }

    /// For the next round.
    func next(limit: Int, now: ContinuousClock.Instant = .now) -> ModelNames {
        var next = ModelNames(limit: limit, now: now)
        func isKept(_ seenAt: ContinuousClock.Instant) -> Bool { (now - seenAt).seconds < Self.keptSeconds }
        for name in names where name != Self.other && !name.isEmpty && next.former.count < limit { next.former[name] = self.now }
        for (name, seenAt) in former where isKept(seenAt) && next.former.count < limit { next.former[name] = seenAt }
        next.rest = rest.filter { isKept($0.value) }
        return next
    }

    /// The place in `names` of what a server calls a model.
    mutating func place(of text: String) -> Int {
        let name = shortLine(text, limit: 128)
        if let place = places[name] { return place }
        if name.isEmpty || former.removeValue(forKey: name) != nil { return take(name) }
        if rest[name] == nil, ownCount + former.count < limit { return take(name) }
        if rest[name] != nil || rest.count < Self.restLimit { rest[name] = now }
        restNamed.insert(name)
        return place(shownAs: Self.other)
    }

    /// The place of a model by the name that it is shown with, or of the rest.
    mutating func place(shownAs name: String) -> Int {
        if let place = places[name] { return place }
        former[name] = nil
        return take(name)
    }

    private mutating func take(_ name: String) -> Int {
        names.append(name)
        places[name] = names.count - 1
        return names.count - 1
    }
}
