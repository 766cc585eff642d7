/// What came of one check.
package struct Finding: Sendable, Equatable {
    /// How bad it is.
    package enum State: String, Sendable, CaseIterable {
        case ok
        /// Worth knowing, and as it may be.
        case information
        /// It works, and is not as one should want it.
        case warning
        /// Something that was asked for is missing or wrong.
        case problem
        /// Not looked at, because of something before it.
        case skipped
    }

    /// What to do, and where.
    package struct Remedy: Sendable, Equatable {
        package enum Place: String, Sendable {
            /// A shell on a node of the cluster.
            case node
            /// A shell on this machine.
            case here
            case guest
            case settings
            /// Prometheus' configuration.
            case prometheus
        }

        package let place: Place
        /// A sentence; nil where the place says enough.
        package let text: String?
        /// To be typed or written as they stand.
        package let lines: [String]

        package init(_ place: Place, _ text: String? = nil, lines: [String] = []) {
            self.place = place
            self.text = text.map(plain)
            self.lines = lines.map(plain)
        }
    }

    /// The kind of check, which never changes its name.
    package let check: String
    package let state: State
    /// What is the case.
    package let summary: String
    /// What belongs to it, a line each.
    package let details: [String]
    package let remedies: [Remedy]

    package init(_ check: String, _ state: State, _ summary: String, details: [String] = [], remedies: [Remedy] = []) {
        self.check = check
        self.state = state
        self.summary = plain(summary)
        self.details = details.map(plain)
        self.remedies = remedies
    }
}

/// Text from outside as one line that no terminal obeys, of bearable length.
func plain(_ text: String) -> String {
    var line = ""
    for letter in text.unicodeScalars.prefix(600) {
        switch letter.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: line += " "
        default: line.unicodeScalars.append(letter)
        }
    }
    return line
}

/// `a, b and 3 more`
func enumeration(_ words: [String], limit: Int = 5) -> String {
    guard words.count > limit else {
        return words.count < 2 ? words.joined() : words.dropLast().joined(separator: ", ") + " and " + words[words.count - 1]
    }
    return words.prefix(limit).joined(separator: ", ") + " and \(words.count - limit) more"
}

/// `1 guest`, `3 guests`
func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(count == 1 ? noun : plural ?? noun + "s")"
}
