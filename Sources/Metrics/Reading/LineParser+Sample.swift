extension LineParser {
    mutating func readSample(_ text: Span<UInt8>) throws(ReadingFault) {
        let start = position
        labels.removeAll(keepingCapacity: true)
        exemplarLabels.removeAll(keepingCapacity: true)
        exemplar = nil
        timestampSeconds = nil
        // Empty until the name is known: between the braces it may stand anywhere.
        name = TextRange()
        if byte(text) != UInt8(ascii: "{") {
            name = try readBareName(text, .metricName)
            if format == .text, byte(text).isBlank {
                let nameEnd = position
                skipBlanks(text)
                if byte(text) != UInt8(ascii: "{") { position = nameEnd }
            }
        }
        let hasBraces = byte(text) == UInt8(ascii: "{")
        if hasBraces { try readLabels(text) }
        guard name.count > 0 else { throw fault(.metricNameInBraces, at: start) }
        series = TextRange(start: start, end: position)
        try separate(text, isNeeded: !hasBraces)
        (value, valueText) = try readNumber(text)
        try readTimestamp(text)
        if format == .openMetrics, byte(text) == UInt8(ascii: " ") { try readExemplar(text) }
        try endSample(text)
    }

    /// Keeps what the line changes until all of it has been read, so that a bad line changes nothing.
    private mutating func endSample(_ text: Span<UInt8>) throws(ReadingFault) {
        let suffix = try suffixInFamily(text)
        if let suffix { try checkSample(text, family.kind, suffix) } else { try checkSample(text, .unknown, .none) }
        guard sampleCount < limits.samples else { throw fault(.sampleLimit, at: lineStart) }
        if suffix == nil { try checkFamilyLimit() }
        try endLine(text)
        if suffix == nil { beginFamily(name) }
        family.hasSamples = true
        sampleCount += 1
    }

    /// What the sample's name has beyond the family's; nil when it is of another family, which then begins with it.
    private func suffixInFamily(_ text: Span<UInt8>) throws(ReadingFault) -> FamilyKind.Suffix? {
        guard familyCount > 0, text.hasPrefix(name, family.name) else { return nil }
        if name.count == family.name.count {
            try demand(family.kind.has(.none, in: format), .sampleSuffix, at: lineStart)
            return FamilyKind.Suffix.none
        }
        guard let suffix = FamilyKind.Suffix(text, TextRange(start: name.start + family.name.count, end: name.end)),
            family.kind.has(suffix, in: format)
        else { return nil }
        return suffix
    }

    /// A number up to the next blank or the line's end, and where it stands.
    private mutating func readNumber(_ text: Span<UInt8>) throws(ReadingFault) -> (Double, TextRange) {
        let token = readToken(text)
        try checkLineLength()
        guard let number = text.double(token) else { throw fault(tokenReason(text, token, .value), at: token.start) }
        return (number, token)
    }

    /// Up to the next blank or the line's end.
    mutating func readToken(_ text: Span<UInt8>) -> TextRange {
        let start = position
        while true {
            let byte = byte(text)
            if byte == lineFeed || byte.isBlank { break }
            position += 1
        }
        return TextRange(start: start, end: position)
    }

    /// Why a token cannot be read: the carriage return of another system's line end is told as such.
    func tokenReason(_ text: Span<UInt8>, _ token: TextRange, _ reason: ReadingFault.Reason) -> ReadingFault.Reason {
        let isReturn = token.count > 1 && text[token.end - 1] == UInt8(ascii: "\r") && byte(text, at: token.end) == lineFeed
        return isReturn ? .carriageReturn : reason
    }

    private mutating func readTimestamp(_ text: Span<UInt8>) throws(ReadingFault) {
        if byte(text) == lineFeed { return }
        switch format {
        case .text:
            skipBlanks(text)
            if byte(text) == lineFeed { return }
            let token = readToken(text)
            try checkLineLength()
            guard let milliseconds = text.int64(token) else { throw fault(tokenReason(text, token, .timestamp), at: token.start) }
            timestampSeconds = Double(milliseconds) / 1000
            skipBlanks(text)
        case .openMetrics:
            if byte(text, at: position + 1) == UInt8(ascii: "#") { return }
            try separate(text)
            timestampSeconds = try readSeconds(text)
        }
    }

    private mutating func readSeconds(_ text: Span<UInt8>) throws(ReadingFault) -> Double {
        let token = readToken(text)
        try checkLineLength()
        guard let seconds = text.double(token), seconds.isFinite else { throw fault(tokenReason(text, token, .timestamp), at: token.start) }
        return seconds
    }

    /// ` # {labels} value timestamp`.
    private mutating func readExemplar(_ text: Span<UInt8>) throws(ReadingFault) {
        try separate(text)
        guard byte(text) == UInt8(ascii: "#") else { throw fault(.lineEnd) }
        let start = position
        position += 1
        try separate(text)
        guard byte(text) == UInt8(ascii: "{") else { throw fault(.exemplar) }
        try readExemplarLabels(text)
        try separate(text)
        let (number, _) = try readNumber(text)
        var seconds: Double?
        if byte(text) != lineFeed {
            try separate(text)
            seconds = try readSeconds(text)
        }
        try checkExemplar(text, at: start)
        exemplar = (number, seconds)
    }
}
