/// How one part of the stack is doing.
package struct ServiceState: Sendable, Equatable {
    /// `prometheus`, `node-exporter`, …
    package var name: String
    /// Where a person finds it.
    package var url: String
    /// Whether it does what it is there for.
    package var isReady: Bool
    /// The same in words: `ready`, `ready, 9 of 9 targets up`, or what is missing and where its log is.
    package var state: String
    /// nil while it does not run.
    package var processID: Int32?

    /// A state from its parts.
    package init(name: String, url: String, isReady: Bool, state: String, processID: Int32?) {
        self.name = name
        self.url = url
        self.isReady = isReady
        self.state = state
        self.processID = processID
    }
}
