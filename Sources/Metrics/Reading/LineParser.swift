/// Where a reader is in the text, and what it knows of the line and of the family that it is in.
///
/// It never goes back but to skip a line that it could not read, so that a byte is looked at a fixed number of times. Past the end
/// of the text it sees line feeds; nothing but `endLine` and `skipLine` goes past one.
struct LineParser: Sendable {
    /// The family that the samples of a line may belong to.
    struct Family: Sendable {
        var name = TextRange()
        var kind = FamilyKind.unknown
        var hasHelp = false
        var hasType = false
        var hasUnit = false
        var hasSamples = false
    }

    let format: ExpositionReader.Format
    let isStrict: Bool
    let limits: ReadingLimits
    /// Where the text ends, or where its limit cuts it.
    let end: Int
    let isCut: Bool

    var position = 0
    var lineStart = 0
    private(set) var line = 0
    private(set) var hasEnded = false
    private var hasSeenEnd = false

    var family = Family()
    /// The text of a HELP or UNIT line.
    var metadata = TextRange()

    // The sample of this line.
    var name = TextRange()
    var series = TextRange()
    var valueText = TextRange()
    var value = 0.0
    var timestampSeconds: Double?
    var labels: [LabelRange] = []
    var exemplar: (value: Double, timestampSeconds: Double?)?
    var exemplarLabels: [LabelRange] = []
    /// Texts of this line that are not UTF-8.
    var repairs = 0

    var sampleCount = 0
    var familyCount = 0
    private(set) var skippedLineCount = 0
    private(set) var repairedTextCount = 0
    private(set) var limitReached = false
    private(set) var firstFault: ReadingFault?

    init(_ format: ExpositionReader.Format, _ strictness: ExpositionReader.Strictness, _ limits: ReadingLimits, byteCount: Int) {
        self.format = format
        isStrict = strictness == .strict
        self.limits = limits
        isCut = byteCount > limits.bytes
        end = min(byteCount, max(0, limits.bytes))
    }

    mutating func next(in text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        while !hasEnded {
            line += 1
            lineStart = position
            do throws(ReadingFault) {
                guard position < end else {
                    hasEnded = true
                    try checkEnd()
                    return nil
                }
                repairs = 0
                if let entry = try readLine(text) {
                    repairedTextCount += repairs
                    return entry
                }
            } catch {
                try note(error)
                skipLine(text)
            }
        }
        return nil
    }

    /// Throws it again when strict; else counts it.
    private mutating func note(_ fault: ReadingFault) throws(ReadingFault) {
        if isStrict || fault.reason.isFinal { hasEnded = true }
        if isStrict { throw fault }
        switch fault.reason {
        case .byteLimit, .sampleLimit, .familyLimit: limitReached = true
        case .end: break
        default: skippedLineCount += 1
        }
        firstFault = firstFault ?? fault
    }

    private mutating func skipLine(_ text: Span<UInt8>) {
        while position < end, text[position] != lineFeed { position += 1 }
        if position < end { position += 1 }
    }

    private func checkEnd() throws(ReadingFault) {
        if isCut { throw fault(.byteLimit) }
        if format == .openMetrics, !hasSeenEnd { throw fault(.end) }
    }

    /// Reads one line; nil when it holds nothing for the caller.
    private mutating func readLine(_ text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        if isCut, isStrict { throw fault(.byteLimit) }
        if hasSeenEnd { throw fault(.nothingAfterEnd) }
        if format == .text { skipBlanks(text) }
        switch byte(text) {
        case UInt8(ascii: "#"): return try readComment(text)
        case lineFeed:
            if format == .openMetrics { throw fault(.blankLine) }
            try endLine(text)
            return nil
        default:
            try readSample(text)
            return .sample
        }
    }

    /// After `# EOF`: the end of its line, which may lack a line feed.
    mutating func endText(_ text: Span<UInt8>) throws(ReadingFault) {
        hasSeenEnd = true
        if position < end { try endLine(text) }
    }

    // MARK: bytes

    @inline(__always)
    func byte(_ text: Span<UInt8>) -> UInt8 { byte(text, at: position) }

    @inline(__always)
    func byte(_ text: Span<UInt8>, at position: Int) -> UInt8 { position < end ? text[position] : lineFeed }

    func fault(_ reason: ReadingFault.Reason, at position: Int? = nil) -> ReadingFault {
        let position = position ?? self.position
        return ReadingFault(reason: reason, position: position, line: line, column: position - lineStart + 1)
    }

    /// A fault of what the format's page asks beyond what can be read: strict only.
    @inline(__always)
    func demand(_ isKept: Bool, _ reason: ReadingFault.Reason, at position: Int? = nil) throws(ReadingFault) {
        if isStrict, !isKept { throw fault(reason, at: position) }
    }

    @inline(__always)
    mutating func skipBlanks(_ text: Span<UInt8>) {
        while byte(text).isBlank { position += 1 }
    }

    /// Between two tokens: one space in OpenMetrics; blanks in the text format, none if they cannot be taken for one token.
    @inline(__always)
    mutating func separate(_ text: Span<UInt8>, isNeeded: Bool = true) throws(ReadingFault) {
        switch format {
        case .openMetrics:
            guard byte(text) == UInt8(ascii: " ") else { throw fault(.space) }
            position += 1
        case .text:
            if isNeeded, !byte(text).isBlank { throw fault(.space) }
            skipBlanks(text)
        }
    }

    /// Past the line feed. A last line without one may have lost its end: OpenMetrics does not have it, nor does the strict reader.
    mutating func endLine(_ text: Span<UInt8>) throws(ReadingFault) {
        try checkLineLength()
        guard position < end else {
            if isCut { throw fault(.byteLimit) }
            if isStrict || format == .openMetrics { throw fault(.lineFeed) }
            return
        }
        guard text[position] == lineFeed else {
            throw fault(text[position] == UInt8(ascii: "\r") ? .carriageReturn : .lineEnd)
        }
        position += 1
    }

    @inline(__always)
    func checkLineLength() throws(ReadingFault) {
        if position - lineStart > limits.lineBytes { throw fault(.lineLimit, at: lineStart) }
    }

    // MARK: the family

    /// Before the line ends that begins a family.
    func checkFamilyLimit() throws(ReadingFault) {
        if familyCount >= limits.families { throw fault(.familyLimit, at: lineStart) }
    }

    mutating func beginFamily(_ name: TextRange) {
        familyCount += 1
        family = Family(name: name)
    }
}
