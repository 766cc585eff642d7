extension LineParser {
    /// From the opening brace past the closing one. A quoted name without a value is the metric's.
    mutating func readLabels(_ text: Span<UInt8>) throws(ReadingFault) {
        position += 1
        while true {
            skipBlanksOfText(text)
            if byte(text) == UInt8(ascii: "}"), labels.isEmpty || allowsTrailingComma { break }
            let isQuoted = byte(text) == UInt8(ascii: "\"")
            let labelName = try isQuoted ? readQuotedName(text) : readBareName(text, .labelName)
            skipBlanksOfText(text)
            if isQuoted, byte(text) == UInt8(ascii: ",") || byte(text) == UInt8(ascii: "}") {
                guard name.count == 0 else { throw fault(.metricNameInBraces, at: labelName.start - 1) }
                name = labelName
            } else {
                try checkLabelName(text, labelName, among: labels)
                labels.append(LabelRange(name: labelName, value: try readLabelValue(text)))
                skipBlanksOfText(text)
            }
            if byte(text) == UInt8(ascii: "}") { break }
            guard byte(text) == UInt8(ascii: ",") else { throw fault(.commaOrBrace) }
            position += 1
        }
        position += 1
    }

    mutating func readExemplarLabels(_ text: Span<UInt8>) throws(ReadingFault) {
        position += 1
        while byte(text) != UInt8(ascii: "}") || !(exemplarLabels.isEmpty || allowsTrailingComma) {
            let isQuoted = byte(text) == UInt8(ascii: "\"")
            let labelName = try isQuoted ? readQuotedName(text) : readBareName(text, .labelName)
            try checkLabelName(text, labelName, among: exemplarLabels)
            exemplarLabels.append(LabelRange(name: labelName, value: try readLabelValue(text)))
            if byte(text) == UInt8(ascii: "}") { break }
            guard byte(text) == UInt8(ascii: ",") else { throw fault(.commaOrBrace) }
            position += 1
        }
        position += 1
    }

    /// OpenMetrics' page has none; Prometheus takes it.
    private var allowsTrailingComma: Bool { format == .text || !isStrict }

    @inline(__always)
    private mutating func skipBlanksOfText(_ text: Span<UInt8>) {
        if format == .text { skipBlanks(text) }
    }

    private func checkLabelName(_ text: Span<UInt8>, _ name: TextRange, among others: [LabelRange]) throws(ReadingFault) {
        if others.count >= limits.labels { throw fault(.labelLimit, at: name.start) }
        if text.spells(name, "__name__") { throw fault(.reservedLabel, at: name.start) }
        for other in others where text.isEqual(other.name, name) { throw fault(.labelTwice, at: name.start) }
    }

    /// `="value"`.
    private mutating func readLabelValue(_ text: Span<UInt8>) throws(ReadingFault) -> TextRange {
        guard byte(text) == UInt8(ascii: "=") else { throw fault(.equalsSign) }
        position += 1
        skipBlanksOfText(text)
        guard byte(text) == UInt8(ascii: "\"") else { throw fault(.quotationMark) }
        let (value, isUTF8) = try readQuoted(text)
        if value.count > limits.labelValueBytes { throw fault(.labelValueLimit, at: value.start) }
        if !isUTF8 {
            if isStrict { throw fault(.labelText, at: value.start) }
            repairs += 1
        }
        return value
    }

    mutating func readQuotedName(_ text: Span<UInt8>) throws(ReadingFault) -> TextRange {
        let (name, isUTF8) = try readQuoted(text)
        guard name.count > 0, isUTF8 else { throw fault(.nameText, at: name.start) }
        if name.count > limits.nameBytes { throw fault(.nameLimit, at: name.start) }
        return name
    }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`, of a metric with colons too.
    @inline(__always)
    mutating func readBareName(_ text: Span<UInt8>, _ reason: ReadingFault.Reason) throws(ReadingFault) -> TextRange {
        let colon = reason == .metricName ? UInt8(ascii: ":") : UInt8(ascii: "_")
        let start = position
        var current = byte(text)
        guard current.isNameStart || current == colon else { throw fault(reason) }
        repeat {
            position += 1
            current = byte(text)
        } while current.isNameStart || current.isDigit || current == colon
        if position - start > limits.nameBytes { throw fault(.nameLimit, at: start) }
        return TextRange(start: start, end: position)
    }

    /// From one quotation mark past the other; the range is what stands between them.
    private mutating func readQuoted(_ text: Span<UInt8>) throws(ReadingFault) -> (range: TextRange, isUTF8: Bool) {
        let opening = position
        position += 1
        var range = TextRange(start: position, end: position)
        var isASCII = true
        while true {
            let current = byte(text)
            if current == UInt8(ascii: "\"") { break }
            if current == lineFeed { throw fault(.endOfQuoted, at: opening) }
            if current == UInt8(ascii: "\\") {
                range.hasEscapes = true
                let escaped = byte(text, at: position + 1)
                let isKnown = escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "n")
                if escaped == lineFeed { throw fault(.endOfQuoted, at: opening) }
                // OpenMetrics lets a backslash before another letter stand for itself; so does Prometheus in either format.
                if !isKnown, format == .text { try demand(false, .escape) }
                if escaped >= 0x80 { isASCII = false }
                position += 1
            }
            if current >= 0x80 { isASCII = false }
            position += 1
        }
        range.end = position
        position += 1
        return (range, isASCII || text.isUTF8(range))
    }
}
