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

    enum Value: Sendable, Equatable {
        case number(Double)
        case distribution(Distribution)
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
    /// The same in the order in which it is written.
    private(set) var ordered: [(series: Series, value: Value)] = []
    var models: ModelNames
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
    /// Whom samples without a model are about, where that is plain.
    var onlyModel: String?
    /// What a kind wants to know in the next round of what it learnt in this one.
    var notes: [String: String] = [:]

    init(models: ModelNames) { self.models = models }

    /// Puts a value in, together with what is there of the same series.
    mutating func add(_ series: Series, _ value: Value) {
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

    /// A number that a question has brought, of a model or of none; absent and what is no number is not put in.
    mutating func add(_ family: ServingFamily, model: String? = nil, labels: [String] = [], _ number: Double?) {
        guard let number, number.isFinite else { return }
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
    var loadedModels: Int? {
        guard hasAny(.modelLoaded) else { return nil }
        return series.count { $0.key.family == .modelLoaded && $0.value == .number(1) }
    }

    /// Names of models that are loaded and awake, as they are shown: who asks one that sleeps has it loaded again.
    var namesOfAwake: [String] {
        let asleep = numbers(.sleeping).filter { $0.value == 1 }
        return series.compactMap { key, value in
            key.family == .modelLoaded && value == .number(1) ? key.model.map { models.names[$0] } : nil
        }.filter { $0 != ModelNames.other && asleep[$0] == nil }.sorted()
    }

    /// Ends the round: what is told of no model is about the only one that it can be about, and everything has its order.
    mutating func settle() {
        settleModels()
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
