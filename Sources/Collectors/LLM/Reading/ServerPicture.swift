import Metrics
import Ownership

/// What a server told in one round of questions.
struct ServerPicture: Sendable {
    /// A series of one of our families.
    struct Series: Hashable, Sendable {
        let family: ServingFamily
        /// The place of its model among the names; nil for what is told of no model, or of the server as a whole.
        var model: Int?
        /// Values of the labels that the family has beside server, engine and model.
        let labels: [String]
    }

    /// What was left out of what the server told.
    struct Losses: Sendable, Equatable {
        /// Labels by name, in samples.
        var labels: [String: Int] = [:]
        /// Series by reason.
        var series: [String: Int] = [:]

        mutating func count(_ reason: String, _ count: Int = 1) {
            if count > 0 { series[reason, default: 0] += count }
        }
    }

    private(set) var series: [Series: Value] = [:]
    /// The same in the order in which it is written, as far as there is room for it.
    var ordered: [(series: Series, value: Value)] = []
    /// What there is to say of each model: its labels, by its place.
    private var informed: [Int?: [String]] = [:]
    var models: ModelNames
    /// Families that its exposition told, and not another answer.
    var familiesOfExposition: Set<ServingFamily> = []
    /// What could not be asked in this round, so that the round before is what is known of it.
    var lacksExposition = false
    var lacksAnswers = false
    /// Names of models that are loaded, also of those without series of their own.
    private(set) var loaded: Set<String> = []
    /// All models that it tells of.
    private(set) var listed: Set<String> = []
    var losses = Losses()
    var unmappedFamilies: Int?
    /// Whether its exposition could be read; false where it answers that there is none, nil where nobody knows.
    var hasNativeMetrics: Bool?
    var isReady: Bool?
    var version = "" {
        didSet { if version.utf8.count > 64 { version = shortLine(version, limit: 64) } }
    }
    /// Some question was answered as it should be.
    var isUp = false
    /// The first thing that went wrong and matters.
    var problem: PollProblem?
    /// What is as it is and most likely not as somebody wanted it, for a person.
    var concerns: [Concern: String] = [:]
    /// Whom samples without a model are about, where that is plain.
    var onlyModel: String?
    /// What a kind wants to know in the next round of what it learnt in this one.
    var notes: [String: String] = [:]

    init(models: ModelNames) { self.models = models }

    /// Puts a value in, together with what is there of the same series.
    mutating func add(_ series: Series, _ value: Value) {
        guard series.family.shape.kind != .info || isFirst(series) else { return }
        guard let present = self.series[series] else {
            self.series[series] = value
            return
        }
        switch (present, value) {
        case (.number(let left), .number(let right)):
            self.series[series] = .number(series.family.shape.merging == .sum ? left + right : max(left, right))
        case (.distribution(let left), .distribution(let right)):
            guard let both = left.adding(right) else { return losses.count("histogram") }
            self.series[series] = .distribution(both)
        default: losses.count("type")
        }
    }

    /// Whether nothing else has been said of what the model is: a model is one thing, and the rest of them, together, nothing that can be said.
    private mutating func isFirst(_ series: Series) -> Bool {
        if let model = series.model, models.names[model] == ModelNames.other { return false }
        guard let said = informed[series.model] else {
            informed[series.model] = series.labels
            return true
        }
        if said != series.labels { losses.count("duplicate") }
        return said == series.labels
    }

    /// A number that a question has brought, of a model or of none; absent and what is no number is not put in.
    mutating func add(_ family: ServingFamily, model: String? = nil, labels: [String] = [], _ number: Double?) {
        guard let number, number.isFinite else { return }
        if family == .modelLoaded, let model {
            let name = shortLine(model, limit: 128)
            listed.insert(name)
            if number == 1 { loaded.insert(name) }
        }
        add(
            Series(
                family: family, model: family.shape.hasModel ? model.map { models.place(of: $0) } : nil,
                labels: labels.map { shortLine($0, limit: 64) }),
            .number(number))
    }

    mutating func add(_ family: ServingFamily, model: String? = nil, labels: [String] = [], _ flag: Bool?) {
        add(family, model: model, labels: labels, flag.map { $0 ? 1 : 0 })
    }

    /// Takes what was told of one model alone.
    mutating func take(_ part: ServerPicture, ofModel model: String) {
        let place = models.place(of: model)
        familiesOfExposition.formUnion(part.familiesOfExposition)
        lacksExposition = lacksExposition || part.lacksExposition
        lacksAnswers = lacksAnswers || part.lacksAnswers
        concerns.merge(part.concerns) { first, _ in first }
        for (key, value) in part.series {
            add(Series(family: key.family, model: key.family.shape.hasModel ? place : nil, labels: key.labels), value)
        }
        for (name, count) in part.losses.labels { losses.labels[name, default: 0] += count }
        for (reason, count) in part.losses.series { losses.count(reason, count) }
        unmappedFamilies = max(unmappedFamilies ?? 0, part.unmappedFamilies ?? 0)
        hasNativeMetrics = hasNativeMetrics == true ? true : part.hasNativeMetrics
        isUp = isUp || part.isUp
        problem = problem ?? part.problem
    }

    /// Takes from the round before what could not be asked in this one.
    mutating func complete(from former: ServerPicture) {
        guard lacksExposition || lacksAnswers else { return }
        let present = Set(series.keys.map(\.family))
        for (key, value) in former.series where !present.contains(key.family) {
            let isOfExposition = former.familiesOfExposition.contains(key.family)
            guard isOfExposition ? lacksExposition : lacksAnswers else { continue }
            if isOfExposition { familiesOfExposition.insert(key.family) }
            let model = key.model.map { models.place(shownAs: former.models.names[$0]) }
            series[Series(family: key.family, model: model, labels: key.labels)] = value
        }
        if lacksExposition {
            hasNativeMetrics = former.hasNativeMetrics
            unmappedFamilies = unmappedFamilies ?? former.unmappedFamilies
        }
        if lacksAnswers {
            if version.isEmpty { version = former.version }
            if loaded.isEmpty { loaded = former.loaded }
            if listed.isEmpty { listed = former.listed }
        }
        order()
    }

    func hasAny(_ family: ServingFamily) -> Bool { series.keys.contains { $0.family == family } }

    /// The sum over all models of a gauge; nil where the server has none.
    func total(_ family: ServingFamily) -> Double? {
        var sum: Double?
        for (key, value) in series where key.family == family {
            if case .number(let number) = value { sum = (sum ?? 0) + number }
        }
        return sum
    }

    /// The numbers of a family that has one for each model, by the model's name.
    func numbers(_ family: ServingFamily) -> [String: Double] {
        var numbers: [String: Double] = [:]
        for (key, value) in series where key.family == family {
            if let model = key.model, case .number(let number) = value { numbers[models.names[model]] = number }
        }
        return numbers
    }

    /// How many models are loaded; nil where the server does not tell.
    var loadedModels: Int? { hasAny(.modelLoaded) ? loaded.count : nil }

    /// Ends the round: what is told of no model is about the only one that it can be about, and everything has its order.
    mutating func settle() {
        settleModels()
        order()
    }

    private mutating func order() {
        ordered = series.map { ($0.key, $0.value) }.sorted { left, right in
            (left.series.family.rawValue, left.series.model ?? -1) != (right.series.family.rawValue, right.series.model ?? -1)
                ? (left.series.family.rawValue, left.series.model ?? -1) < (right.series.family.rawValue, right.series.model ?? -1)
                : left.series.labels.lexicographicallyPrecedes(right.series.labels)
        }
    }

    private mutating func settleModels() {
        guard let onlyModel else { return }
        let place = models.place(of: onlyModel)
        for (key, value) in series where key.model == nil && key.family.shape.hasModel {
            series[key] = nil
            add(Series(family: key.family, model: place, labels: key.labels), value)
        }
    }
}
