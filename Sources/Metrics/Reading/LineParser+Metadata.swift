extension LineParser {
    /// A line that begins with `#`; nil for a comment that says nothing.
    mutating func readComment(_ text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        let start = position
        position += 1
        let isSeparated = format == .text ? byte(text).isBlank : byte(text) == UInt8(ascii: " ")
        if isSeparated {
            if format == .text { skipBlanks(text) } else { position += 1 }
            let word = readToken(text)
            if text.spells(word, "HELP") { return try readHelp(text) }
            if text.spells(word, "TYPE") { return try readType(text) }
            if format == .openMetrics {
                if text.spells(word, "UNIT") { return try readUnit(text) }
                if text.spells(word, "EOF") {
                    try endText(text)
                    return nil
                }
            }
        }
        if format == .openMetrics { throw fault(.keyword, at: start) }
        skipToLineFeed(text)
        try endLine(text)
        return nil
    }

    private mutating func readHelp(_ text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        let (name, nameStart) = try readFamilyName(text)
        var help = try readRest(text)
        if help.count > limits.helpBytes { throw fault(.helpLimit, at: help.start) }
        help.hasEscapes = try checkEscapes(text, help)
        if !text.isUTF8(help) {
            if isStrict { throw fault(.helpText, at: help.start) }
            repairs += 1
        }
        try endMetadata(text, name, at: nameStart, isSecond: family.hasHelp, .helpOnce)
        family.hasHelp = true
        metadata = help
        return .help
    }

    private mutating func readType(_ text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        let (name, nameStart) = try readFamilyName(text)
        if byte(text) == lineFeed { throw fault(.kind) }
        try separate(text)
        let word = readToken(text)
        guard let kind = FamilyKind(text, word) else { throw fault(tokenReason(text, word, .kind), at: word.start) }
        if format == .text { skipBlanks(text) }
        try demand(kind.isNamed(in: format, text, word), .kindOfFormat, at: word.start)
        try demand(!(kind.hasNoUnit && family.hasUnit && isFamily(text, name)), .unitOfKind, at: nameStart)
        try endMetadata(text, name, at: nameStart, isSecond: family.hasType, .typeOnce)
        family.hasType = true
        family.kind = kind
        return .type
    }

    private mutating func readUnit(_ text: Span<UInt8>) throws(ReadingFault) -> ExpositionReader.Entry? {
        let (name, nameStart) = try readFamilyName(text)
        let unit = try readRest(text)
        if unit.count > limits.nameBytes { throw fault(.nameLimit, at: unit.start) }
        if !text.isUTF8(unit) { throw fault(.unitSuffix, at: unit.start) }
        try demand(unit.count == 0 || hasUnit(text, name, unit), .unitSuffix, at: unit.start)
        try demand(!(unit.count > 0 && family.kind.hasNoUnit && isFamily(text, name)), .unitOfKind, at: nameStart)
        try endMetadata(text, name, at: nameStart, isSecond: family.hasUnit, .unitOnce)
        family.hasUnit = unit.count > 0
        metadata = unit
        return .unit
    }

    /// The name behind HELP, TYPE or UNIT, and where it stands.
    private mutating func readFamilyName(_ text: Span<UInt8>) throws(ReadingFault) -> (TextRange, Int) {
        if byte(text) == lineFeed { throw fault(.metricName) }
        try separate(text)
        let start = position
        let isQuoted = byte(text) == UInt8(ascii: "\"")
        return (try isQuoted ? readQuotedName(text) : readBareName(text, .metricName), start)
    }

    /// What stands behind the family's name, up to the line's end.
    private mutating func readRest(_ text: Span<UInt8>) throws(ReadingFault) -> TextRange {
        // HELP with no words has nothing behind it in the text format, and a space in OpenMetrics.
        if format == .openMetrics || byte(text) != lineFeed { try separate(text) }
        let start = position
        skipToLineFeed(text)
        return TextRange(start: start, end: position)
    }

    private mutating func skipToLineFeed(_ text: Span<UInt8>) {
        while byte(text) != lineFeed { position += 1 }
    }

    /// Whether a help text has escapes; one that the text format does not know is a fault when strict.
    private func checkEscapes(_ text: Span<UInt8>, _ help: TextRange) throws(ReadingFault) -> Bool {
        var found = false
        var position = help.start
        while position < help.end {
            if text[position] == UInt8(ascii: "\\") {
                found = true
                let escaped = position + 1 < help.end ? text[position + 1] : lineFeed
                if format == .text, escaped != UInt8(ascii: "\\"), escaped != UInt8(ascii: "n") { try demand(false, .escape, at: position) }
                position += 1
            }
            position += 1
        }
        return found
    }

    /// Ends the line and makes the name the family of what follows.
    ///
    /// - Parameter isSecond: whether the family has had such a line, if the name is that of the family.
    private mutating func endMetadata(
        _ text: Span<UInt8>, _ name: TextRange, at nameStart: Int, isSecond: Bool, _ reason: ReadingFault.Reason
    ) throws(ReadingFault) {
        guard isFamily(text, name) else {
            try checkFamilyLimit()
            try endLine(text)
            beginFamily(name)
            return
        }
        try demand(!family.hasSamples, .metadataFirst, at: nameStart)
        try demand(!isSecond, reason, at: nameStart)
        try endLine(text)
    }

    private func isFamily(_ text: Span<UInt8>, _ name: TextRange) -> Bool {
        familyCount > 0 && text.isEqual(family.name, name)
    }

    /// Whether a name ends with an underscore and the unit.
    private func hasUnit(_ text: Span<UInt8>, _ name: TextRange, _ unit: TextRange) -> Bool {
        let tail = TextRange(start: name.end - unit.count, end: name.end)
        return name.count > unit.count && text[tail.start - 1] == UInt8(ascii: "_") && text.isEqual(tail, unit)
    }
}

extension FamilyKind {
    fileprivate var hasNoUnit: Bool { self == .info || self == .stateSet }
}
