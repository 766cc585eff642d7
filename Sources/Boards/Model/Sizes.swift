extension String {
    /// As many bytes as it takes written as JSON, at most.
    var writtenBytes: Int {
        utf8.reduce(3) { sum, byte in
            switch byte {
            case 0x22, 0x5C: sum + 2
            case 0..<0x20, 0x7F: sum + 6
            // A control of two bytes may follow.
            case 0xC2: sum + 5
            default: sum + 1
            }
        }
    }

    /// Bytes after which titles and names are cut.
    static let mostOfName = 1_000

    /// The text, or as much of its beginning as fits into so many bytes.
    func cut(bytes most: Int = mostOfName) -> String {
        guard utf8.count > most else { return self }
        var bytes = Array(utf8.prefix(most + 1))
        // Back to where a letter begins.
        while let last = bytes.popLast(), last & 0xC0 == 0x80 {}
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension JSONTree {
    /// What a value costs beside its text.
    private static let node = 32

    /// As many bytes as it takes written as JSON, or held: whichever is more, about.
    var writtenBytes: Int {
        switch self {
        case .null, .flag, .number: Self.node
        case .text(let text): Self.node + text.writtenBytes
        case .list(let elements): elements.reduce(Self.node) { $0 + $1.writtenBytes }
        case .object(let members): members.reduce(Self.node) { $0 + $1.name.writtenBytes + $1.value.writtenBytes }
        }
    }
}

extension BoardPanel {
    /// As many bytes as the page is told of it at most, but for what variables put in.
    var weight: Int {
        var sum = 1_024 + title.writtenBytes + description.writtenBytes
        for problem in problems { sum += problem.writtenBytes }
        // Numbers of a target take up to 25 bytes each.
        for target in targets {
            sum +=
                384 + target.ref.writtenBytes + target.expression.writtenBytes + target.legend.writtenBytes + target.minimumStep.utf8.count
        }
        for override in overrides {
            sum += 128 + override.matcher.writtenBytes + override.matcherOptions.writtenBytes
            for property in override.properties { sum += 64 + property.id.writtenBytes + property.value.writtenBytes }
        }
        for transformation in transformations { sum += transformation.options.writtenBytes }
        for link in links { sum += link.writtenBytes }
        return sum + defaults.writtenBytes + options.writtenBytes
    }
}

extension ResolvedVariable {
    /// As many bytes as the page is told of it at most.
    var writtenBytes: Int {
        var sum = 512 + variable.label.writtenBytes + (problem ?? "").writtenBytes
        for option in options { sum += 32 + option.text.writtenBytes + option.value.writtenBytes }
        return current.reduce(sum) { $0 + $1.writtenBytes }
    }
}
