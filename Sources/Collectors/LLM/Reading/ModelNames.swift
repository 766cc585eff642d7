import Ownership

/// The models of a server that have series of their own; of too many, the rest are one, `other`.
struct ModelNames: Sendable, Equatable {
    /// Whose place holds the rest.
    static let other = "other"

    private let limit: Int
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]
    /// Those of the round before that have not been seen in this one: their places are kept, so that no series comes and goes.
    private var former: Set<String> = []

    init(limit: Int) { self.limit = limit }

    /// For the next round, after which those that nobody has named are forgotten.
    func next(limit: Int) -> ModelNames {
        var next = ModelNames(limit: limit)
        next.former = Set(names.filter { $0 != Self.other }.prefix(limit))
        return next
    }

    /// The place in `names` of what a server calls a model.
    mutating func place(of text: String) -> Int {
        let name = shortLine(text, limit: 128)
        if let place = places[name] { return place }
        if name.isEmpty { return take(name) }
        if former.remove(name) != nil { return take(name) }
        return places.count + former.count < limit ? take(name) : places[Self.other] ?? take(Self.other)
    }

    private mutating func take(_ name: String) -> Int {
        names.append(name)
        places[name] = names.count - 1
        return names.count - 1
    }
}
