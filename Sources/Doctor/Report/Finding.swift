import ProxmoxConfiguration

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
            /// Variables that martlet is started with.
            case environment
            /// Prometheus' configuration.
            case prometheus
            /// How an LLM server, or another program that is asked, is started or set up.
            case server
        }

        /// Makes a file one that its owner alone may read.
        package static func privacy(of file: String) -> Remedy { Remedy(.here, lines: ["chmod 600 \(Self.word(file))"]) }

        /// A file as one word of a command, never a flag of it.
        private static func word(_ file: String) -> String { (file.hasPrefix("-") ? "-- " : "") + AccountCommands.word(file) }

        package let place: Place
        /// A sentence; nil where the place says enough.
        package let text: String?
        /// To be typed or written as they stand.
        package let lines: [String]

        package init(_ place: Place, _ text: String? = nil, lines: [String] = []) {
            self.place = place
            self.text = text.map(prose)
            self.lines = lines.map(plain)
        }
    }

    /// The kind of check, which never changes its name.
    package let check: String
    package let state: State
    /// What is the case.
    package let summary: String
    /// What belongs to it, a line each; for a person the first of them, for a program all.
    package let details: [String]
    /// How many details a person is shown; none where the summary names them.
    package let shown: Int
    package let remedies: [Remedy]

    package init(_ check: String, _ state: State, _ summary: String, details: [String] = [], shown: Int = .max, remedies: [Remedy] = []) {
        self.check = check
        self.state = state
        self.summary = prose(summary)
        self.details = details.map(prose)
        self.shown = shown
        self.remedies = remedies
    }
}
