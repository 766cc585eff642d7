import Metrics

/// Samples on their way into a buffer, counted by container and family. Of too many, containers of users are left out first, by turns, and
/// only then whole families of the machine's.
struct FamilySamples {
    var buffer: SampleBuffer
    private var samples: [(metric: Metric, labels: LabelSet, value: Double, container: Int)] = []
    /// Of each container its user.
    private var users: [String] = []
    private var present = -1
    private let detail: Detail
    private let catalogue: Catalogue

    init(_ buffer: consuming SampleBuffer, _ catalogue: Catalogue, _ detail: Detail) {
        self.buffer = buffer
        self.catalogue = catalogue
        self.detail = detail
    }

    /// What is added now is of that container.
    ///
    /// - Parameter user: the machine's have none.
    mutating func begin(_ container: Int, user: String) {
        present = container
        while users.count <= container { users.append("") }
        users[container] = user
    }

    mutating func add(_ metric: Metric, _ labels: LabelSet, _ value: Double?) {
        guard let value, catalogue.descriptors[metric.index].detail <= detail else { return }
        samples.append((metric, labels, value, present))
    }

    /// Adds a series for each state that is known and for the present one.
    mutating func add(_ metric: Metric, extending base: LabelSet, _ schema: LabelSchema, _ states: [String], _ present: String) {
        for state in states { add(metric, buffer.labels(schema, extending: base, state), state == present ? 1 : 0) }
        if !present.isEmpty, !states.contains(present) { add(metric, buffer.labels(schema, extending: base, present), 1) }
    }

    /// Puts into the buffer what there is room for. Users share what the machine's containers leave of it, a whole container at a time in the
    /// order in which they began; of the machine's, the first families of the catalogue go first. Returns how many series of which family
    /// were left out, and how many containers of which user.
    consuming func finish(limit: Int) -> (buffer: SampleBuffer, dropped: [(family: String, count: Int)], droppedOfUsers: [String: Int]) {
        let (isShown, droppedOfUsers) = shown(limit)
        samples.removeAll { $0.container >= 0 && !isShown[$0.container] }
        var counts = [Int](repeating: 0, count: catalogue.descriptors.count)
        for sample in samples { counts[sample.metric.index] += 1 }
        var room = limit
        var isOver = false
        var dropped: [(family: String, count: Int)] = []
        var isKept = [Bool](repeating: true, count: counts.count)
        for (index, count) in counts.enumerated() where count > 0 {
            // What comes behind the first that is left out goes too: it is what matters less.
            isOver = isOver || count > room
            room -= isOver ? 0 : count
            isKept[index] = !isOver
            if isOver { dropped.append((catalogue.descriptors[index].name, count)) }
        }
        for sample in samples where isKept[sample.metric.index] { buffer.add(sample.metric, sample.labels, sample.value) }
        return (buffer, dropped, droppedOfUsers)
    }

    private func shown(_ limit: Int) -> (isShown: [Bool], dropped: [String: Int]) {
        var sizes = [Int](repeating: 0, count: users.count)
        for sample in samples where sample.container >= 0 { sizes[sample.container] += 1 }
        var room = limit - samples.count { $0.container < 0 || users[$0.container].isEmpty }
        var isShown = [Bool](repeating: true, count: users.count)
        var dropped: [String: Int] = [:]
        for (container, user) in users.enumerated() where !user.isEmpty {
            isShown[container] = sizes[container] <= room
            if isShown[container] { room -= sizes[container] } else { dropped[user, default: 0] += 1 }
        }
        return (isShown, dropped)
    }
}
