import Primitives

/// Frames on their way through a panel's transformations, and what there was too much of.
struct FrameTable {
    var frames: [Frame]
    var isTruncated = false
    /// Whether nobody wants the frame any more; then nothing is done further.
    var isGivenUp = false
    var problems: [String] = []
    let limits: BoardLimits
    /// Steps that patterns may still cost.
    var budget: Int
    /// Values that calculations may still look at.
    var work: Int

    init(_ frames: [Frame], _ limits: BoardLimits) {
        (self.frames, self.limits, budget, work) = (frames, limits, limits.patternSteps, limits.values * 16)
    }

    /// Looks whether to go on.
    mutating func giveUp() -> Bool {
        isGivenUp = isGivenUp || limits.isGivenUp()
        return isGivenUp
    }

    mutating func apply(_ transformation: PanelTransformation) {
        guard !giveUp() else { return }
        numberTwins()
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

    mutating func numberTwins() {
        for index in frames.indices { frames[index].numberTwins() }
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
        do throws(Failure) { return try Pattern(board: source, budget: &budget) } catch {
            problems.append(error.description)
            return nil
        }
    }

    /// Cuts what has grown past a frame's limits.
    mutating func bound() {
        var (left, bytes) = (limits.values, limits.frameBytes)
        for index in frames.indices {
            for field in frames[index].fields.indices { frames[index].fields[field].cutNames() }
            if frames[index].fields.count > limits.fields {
                frames[index].fields.removeLast(frames[index].fields.count - limits.fields)
                isTruncated = true
            }
            let most = min(limits.rows, max(0, left) / max(1, frames[index].fields.count), frames[index].rows(within: &bytes))
            if frames[index].length > most {
                isTruncated = true
                for field in frames[index].fields.indices { frames[index].fields[field].values.removeSubrange(most...) }
            }
            left -= frames[index].length * frames[index].fields.count
        }
    }
}

extension FrameField {
    /// Names are whatever transformations make of them.
    mutating func cutNames() {
        if name.utf8.count > String.mostOfName { name = name.cut() }
        if let long = displayName, long.utf8.count > String.mostOfName { displayName = long.cut() }
    }
}

extension Frame {
    /// How many rows from the first have texts of so many bytes together, which are taken off.
    func rows(within bytes: inout Int) -> Int {
        let columns = fields.filter { $0.kind != .number || $0.values.contains { if case .text = $0 { true } else { false } } }.map(
            \.values)
        for row in 0..<length {
            var size = 0
            for column in columns { if case .text(let text) = column[row] { size += text.writtenBytes } }
            guard size <= bytes else { return row }
            bytes -= size
        }
        return length
    }

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
