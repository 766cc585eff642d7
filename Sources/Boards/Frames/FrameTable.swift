import Primitives

/// Frames on their way through a panel's transformations, and what there was too much of.
struct FrameTable {
    var frames: [Frame]
    var isTruncated = false
    var problems: [String] = []
    let limits: BoardLimits
    /// Steps that patterns may still cost.
    var budget: Int

    init(_ frames: [Frame], _ limits: BoardLimits) { (self.frames, self.limits, budget) = (frames, limits, limits.patternSteps) }

    mutating func apply(_ transformation: PanelTransformation) {
        guard let refs = transformation.refs else { return transform(transformation) }
        guard let pattern = pattern("/^(?:\(refs))$/") else { return }
        let all = frames
        frames = all.filter { pattern.matches($0.ref ?? "", budget: &budget) }
        guard !frames.isEmpty else {
            frames = all
            return
        }
        let chosen = Set(frames.map { $0.ref ?? "" })
        transform(transformation)
        frames += all.filter { !chosen.contains($0.ref ?? "") }
    }

    private mutating func transform(_ transformation: PanelTransformation) {
        let options = transformation.options
        switch transformation.id {
        case "merge": merge()
        case "organize": organize(options)
        case "joinByField", "seriesToColumns": join(by: options["byField"]?.text, isInner: options["mode"]?.text == "inner")
        case "filterFieldsByName": filterFields(options)
        case "filterByRefId": filterRefs(options)
        case "sortBy": sort(options)
        case "limit": limit(options)
        case "reduce": reduce(options)
        case "labelsToFields": labelsToFields(options)
        case "renameByRegex": rename(options)
        case "calculateField": calculate(options)
        case "groupBy": group(options)
        default: break
        }
        bound()
    }

    /// A pattern of the board's, or nil with a problem.
    mutating func pattern(_ source: String) -> Pattern? {
        do throws(Failure) { return try Pattern(board: source) } catch {
            problems.append(error.description)
            return nil
        }
    }

    /// Cuts what has grown past a frame's limits.
    private mutating func bound() {
        var left = limits.values
        for index in frames.indices {
            if frames[index].fields.count > limits.fields {
                frames[index].fields.removeLast(frames[index].fields.count - limits.fields)
                isTruncated = true
            }
            let most = min(limits.rows, max(0, left) / max(1, frames[index].fields.count))
            if frames[index].length > most {
                isTruncated = true
                for field in frames[index].fields.indices { frames[index].fields[field].values.removeSubrange(most...) }
            }
            left -= frames[index].length * frames[index].fields.count
        }
    }
}

extension Frame {
    /// The field of that name, by what it is called first.
    func place(of name: String) -> Int? { fields.firstIndex { $0.title == name } ?? fields.firstIndex { $0.name == name } }

    var time: Int? { fields.firstIndex { $0.kind == .time } }

    /// The frame with its rows in another order, or some of them.
    func taking(_ rows: some Sequence<Int>) -> Frame {
        let rows = Array(rows)
        var frame = self
        for index in fields.indices { frame.fields[index].values = rows.map { fields[index].values[$0] } }
        return frame
    }
}

extension FrameValue {
    /// Text that is the same for the same values only.
    func appendKey(to key: inout [UInt8]) {
        switch self {
        case .none: key.append(0)
        case .text(let text):
            key.append(1)
            withUnsafeBytes(of: text.utf8.count) { key += $0 }
            key += text.utf8
        case .number(let number), .time(let number):
            key.append(2)
            withUnsafeBytes(of: (number == 0 ? 0 : number).bitPattern) { key += $0 }
        }
    }

    /// Whether both have the same key.
    func isSame(as other: FrameValue) -> Bool {
        switch (self, other) {
        case (.none, .none): true
        case (.text(let left), .text(let right)): left.utf8.elementsEqual(right.utf8)
        case (.number(let left), .number(let right)), (.time(let left), .time(let right)), (.number(let left), .time(let right)),
            (.time(let left), .number(let right)):
            left == right || left.bitPattern == right.bitPattern
        default: false
        }
    }

    var key: [UInt8] {
        var key: [UInt8] = []
        appendKey(to: &key)
        return key
    }

    var number: Double? {
        switch self {
        case .number(let number), .time(let number): number
        default: nil
        }
    }

    /// As text for people and CSV; nothing of none.
    var text: String {
        switch self {
        case .none: ""
        case .text(let text): text
        case .number(let number), .time(let number): plainNumber(number)
        }
    }

    /// Order in a column: numbers, then text, then what is not there.
    static func isBefore(_ left: FrameValue, _ right: FrameValue) -> Bool {
        switch (left, right) {
        case (.text(let left), .text(let right)): left < right
        case (.none, _): false
        case (_, .none): true
        default:
            switch (left.number, right.number) {
            case (let left?, let right?): left.isNaN ? false : right.isNaN || left < right
            case (_?, nil): true
            default: false
            }
        }
    }
}

extension Pattern {
    func matches(_ text: String, budget: inout Int) -> Bool { firstMatch(in: Self.scalars(text), from: 0, budget: &budget) != nil }
}
