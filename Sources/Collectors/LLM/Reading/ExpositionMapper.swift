import Metrics
import Ownership
import Primitives

/// Reads the exposition of a server and puts what the kind's table knows into a picture.
///
/// What it keeps grows with what the table knows, not with what stands in the text: other families pass by, and the text itself is bounded.
struct ExpositionMapper {
    /// A number on its way to a family of ours.
    struct Target: Hashable {
        let source: Int
        let model: Int?
        let labels: [String]
    }

    struct Histogram {
        let key: Int
        let place: Int
        let model: Int?
        var buckets: [Distribution.Bucket] = []
        var sum: Double?
    }

    /// What a label is for in the present family.
    private enum Role {
        case slot(Int), bound, merged
        case dropped(String)
    }

    /// What may stand in an exposition; what is larger is refused whole, as nobody could tell what is missing.
    static let limits: ReadingLimits = {
        var limits = ReadingLimits()
        limits.bytes = 16 << 20
        limits.samples = 200_000
        limits.families = 10_000
        limits.labels = 64
        limits.labelValueBytes = 4 << 10
        return limits
    }()
    /// Different values of the labels of a row; more are `other`.
    private static let labelLimit = 50
    private static let droppedLabelLimit = 50
    /// Buckets of a histogram; TGI has a hundred and one. One that has more says so to fill somebody's memory.
    static let bucketLimit = 128

    let index: NameIndex
    private let models: Int
    var numbers: [Target: Double] = [:]
    /// Of counters and histograms, which are summed when it is known what became of each.
    var counts: [CounterMemory.Count] = []
    var histograms: [Histogram] = []
    private var histogramPlaces: [Int: Int] = [:]
    private var seen: Set<Int> = []
    var hasSource: [Bool]
    private var labelValues: [Int: Set<[String]>] = [:]

    // The present family.
    private var familyNumber = 0
    private var place: Int?
    private var suffixStart = 0
    private var roles: [(name: ArraySlice<UInt8>, role: Role)] = []
    private var slots: [ExpositionSlice?] = []
    private var bound: ExpositionSlice?
    private var lastModel: (bytes: ArraySlice<UInt8>, place: Int)?
    private var lastHistogram: (key: Int, place: Int)?
    var unmapped = 0

    private init(_ index: NameIndex) {
        self.index = index
        models = index.modelLabels.count
        hasSource = [Bool](repeating: false, count: index.sources.count)
    }

    /// Returns what is wrong with the text as a whole; then nothing of it is in the picture.
    ///
    /// - Parameter memory: what the rounds before have counted.
    /// - Parameter scope: which of several expositions of the server it is.
    static func read(
        _ bytes: [UInt8], _ format: ExpositionReader.Format, _ index: NameIndex, memory: CounterMemory = CounterMemory(),
        scope: String = "", now: ContinuousClock.Instant = .now, into picture: inout ServerPicture
    ) -> PollProblem? {
        var reader = ExpositionReader(bytes, as: format, .tolerant, limits: limits)
        var mapper = ExpositionMapper(index)
        var whole = picture
        mapper.read(&reader, &whole)
        let report = reader.report
        guard !report.limitReached else {
            return PollProblem(.tooLarge, "the exposition is larger than any server's: \(report.firstProblem ?? "")")
        }
        guard report.sampleCount > 0 || report.skippedLineCount == 0 else {
            return PollProblem(.malformed, "no line can be read as a metric: \(report.firstProblem ?? "")")
        }
        whole.losses.count("line", report.skippedLineCount)
        mapper.finish(&whole) { memory.take($0, scope: scope, now: now) }
        picture = whole
        return nil
    }

    private mutating func read(_ reader: inout ExpositionReader, _ picture: inout ServerPicture) {
        // A tolerant reader throws nothing.
        while let entry = try? reader.next() {
            switch entry {
            case .type: begin(reader, &picture)
            case .sample:
                if reader.familyNumber != familyNumber { begin(reader, &picture) }
                if let place { take(reader, place, &picture) }
            case .help, .unit: break
            }
        }
    }

    // MARK: families

    private mutating func begin(_ reader: ExpositionReader, _ picture: inout ServerPicture) {
        familyNumber = reader.familyNumber
        let name = reader.familyName.bytes
        suffixStart = name.count
        roles.removeAll(keepingCapacity: true)
        place = index.find(name)
        // OpenMetrics has the counter's suffix in the sample only.
        if place == nil, reader.familyKind == .counter { place = index.find(name + Array("_total".utf8)) }
        guard let found = place else {
            if !index.isIgnored(name) { unmapped += 1 }
            return
        }
        let sources = index.known[found].sources
        if sources.isEmpty {
            place = nil
        } else if !sources.contains(where: { Self.fits(index.sources[$0].row.kind, reader.familyKind) }) {
            picture.losses.count("type")
            place = nil
        }
    }

    /// Without a TYPE line a plain number is what the table takes it for; a histogram's parts cannot be told from other families.
    private static func fits(_ wanted: FamilyKind, _ found: FamilyKind) -> Bool {
        wanted == found || found == .unknown && wanted != .histogram
    }

    // MARK: samples

    private mutating func take(_ reader: ExpositionReader, _ place: Int, _ picture: inout ServerPicture) {
        let name = reader.name.bytes
        guard reader.familyKind == .histogram else {
            guard name.elementsEqual(index.known[place].name) else { return }
            let series = identify(reader, place, &picture)
            guard seen.insert(series).inserted else { return picture.losses.count("duplicate") }
            takeNumber(reader.value, isCounter: reader.familyKind == .counter, series, place, &picture)
            return
        }
        enum Part { case bucket, sum, count }
        let part: Part
        switch name.count - suffixStart {
        case 7 where name.last == UInt8(ascii: "t"): part = .bucket
        case 6 where name.last == UInt8(ascii: "t"): part = .count
        case 4 where name.last == UInt8(ascii: "m"): part = .sum
        default: return
        }
        let key = identify(reader, place, &picture)
        let number = histogram(key, place, &picture)
        switch part {
        case .bucket:
            // One more than there may be tells that there were too many.
            guard histograms[number].buckets.count <= Self.bucketLimit else { return }
            histograms[number].buckets.append(.init(bound: bound?.number ?? .nan, count: reader.value))
        case .sum: histograms[number].sum = histograms[number].sum == nil ? reader.value : .nan
        case .count: break
        }
    }

    private mutating func histogram(_ key: Int, _ place: Int, _ picture: inout ServerPicture) -> Int {
        if let lastHistogram, lastHistogram.key == key { return lastHistogram.place }
        let number: Int
        if let found = histogramPlaces[key] {
            number = found
        } else {
            number = histograms.count
            histograms.append(Histogram(key: key, place: place, model: model(&picture)))
            histogramPlaces[key] = number
        }
        lastHistogram = (key, number)
        return number
    }

    /// Sorts the labels of a sample, and returns what tells its series from others of the family: a hash with a seed that nobody outside knows.
    private mutating func identify(_ reader: ExpositionReader, _ place: Int, _ picture: inout ServerPicture) -> Int {
        var hasher = Hasher()
        hasher.combine(place)
        bound = nil
        slots.removeAll(keepingCapacity: true)
        slots.append(contentsOf: repeatElement(nil, count: index.known[place].labels.count))
        for (position, label) in reader.labels.enumerated() {
            switch role(label.name.bytes, at: position, place, &picture) {
            case .bound:
                bound = label.value
                continue
            case .slot(let slot): slots[slot] = label.value
            case .merged: break
            case .dropped(let name): picture.losses.labels[name, default: 0] += 1
            }
            label.name.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
            hasher.combine(label.value.bytes.count)
            label.value.bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
        }
        return hasher.finalize()
    }

    /// Labels of a family stand in the same order in all of its samples, nearly always.
    private mutating func role(_ name: ArraySlice<UInt8>, at position: Int, _ place: Int, _ picture: inout ServerPicture) -> Role {
        if position < roles.count, roles[position].name == name { return roles[position].role }
        let role = newRole(name, place, picture)
        if position == roles.count { roles.append((name, role)) } else if position < roles.count { roles[position] = (name, role) }
        return role
    }

    private func newRole(_ name: ArraySlice<UInt8>, _ place: Int, _ picture: ServerPicture) -> Role {
        if name.elementsEqual("le".utf8) { return .bound }
        if let slot = index.known[place].labels.firstIndex(where: { $0.elementsEqual(name) }) { return .slot(slot) }
        if index.known[place].isAboutLabels || index.mergedLabels.contains(where: { $0.elementsEqual(name) }) { return .merged }
        let text = shortLine(String(decoding: name, as: UTF8.self), limit: 64)
        let isKnown = picture.losses.labels[text] != nil || picture.losses.labels.count < Self.droppedLabelLimit
        return .dropped(isKnown ? text : ModelNames.other)
    }

    private mutating func model(_ picture: inout ServerPicture) -> Int? {
        guard let slice = slots.prefix(models).lazy.compactMap({ $0 }).first(where: { !$0.bytes.isEmpty }) else { return nil }
        if let lastModel, lastModel.bytes == slice.bytes { return lastModel.place }
        let place = picture.models.place(of: slice.text)
        lastModel = (slice.bytes, place)
        return place
    }

    private mutating func takeNumber(_ value: Double, isCounter: Bool, _ series: Int, _ place: Int, _ picture: inout ServerPicture) {
        // A gauge that is no number says that there is nothing to tell.
        if value.isNaN, !isCounter { return }
        guard value.isFinite, !isCounter || value >= 0 else { return picture.losses.count("value") }
        for source in index.known[place].sources {
            let row = index.sources[source].row
            guard row.kind != .histogram, passes(row.filters, place), let number = number(value, row, place) else { continue }
            let model = row.ours.shape.hasModel ? model(&picture) : nil
            var labels: [String] = []
            if !row.labels.isEmpty { labels = bounded(row.labels.map { text($0, place) }, source) }
            hasSource[source] = true
            let target = Target(source: source, model: model, labels: labels)
            if index.sources[source].isCounted {
                count(series, target, .number(row.converted(number)), picture)
            } else {
                add(target, row, row.converted(number))
            }
        }
    }

    mutating func count(_ series: Int, _ target: Target, _ value: ServerPicture.Value, _ picture: ServerPicture) {
        let model = target.model.map { picture.models.names[$0] }
        counts.append(
            CounterMemory.Count(
                key: .init(series: series, source: target.source),
                target: .init(source: target.source, model: model, labels: target.labels),
                value: value))
    }

    mutating func add(_ target: Target, _ row: NativeFamily, _ number: Double) {
        guard let present = numbers[target] else {
            numbers[target] = number
            return
        }
        numbers[target] = row.ours.shape.merging == .sum ? present + number : max(present, number)
    }

    private func number(_ value: Double, _ row: NativeFamily, _ place: Int) -> Double? {
        switch row.taking {
        case .value, .states: return value
        case .opposite: return value == 0 ? 1 : 0
        case .labelProduct(let names):
            var product = 1.0
            for name in names {
                guard let number = slot(name, place)?.number, number >= 0 else { return nil }
                product *= number
            }
            return product.isFinite ? product : nil
        case .sum, .count: return nil
        }
    }

    private func passes(_ filters: [NativeFamily.Filter], _ place: Int) -> Bool {
        filters.allSatisfy { $0.values.contains(slot($0.label, place)?.text ?? "") == $0.isWanted }
    }

    private func slot(_ name: String, _ place: Int) -> ExpositionSlice? {
        index.known[place].labels.firstIndex { $0.elementsEqual(name.utf8) }.flatMap { slots[$0] }
    }

    private func text(_ label: NativeFamily.Label, _ place: Int) -> String {
        func value(_ name: String) -> String { shortLine(slot(name, place)?.text ?? "", limit: 64) }
        switch label {
        case .fixed(let text): return text
        case .of(let name): return value(name)
        case .translated(let name, let words, let otherwise): return words[value(name)] ?? otherwise
        case .statusClass(let name): return value(name).utf8.first.map { "\(Character(UnicodeScalar($0)))xx" } ?? ""
        }
    }

    private mutating func bounded(_ labels: [String], _ source: Int) -> [String] {
        let known = labelValues[source] ?? []
        if known.contains(labels) { return labels }
        guard known.count < Self.labelLimit else { return labels.dropLast() + [ModelNames.other] }
        labelValues[source, default: []].insert(labels)
        return labels
    }
}
