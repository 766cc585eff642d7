package import Primitives
package import ProviderTasks

/// What a provider is handed when it is made.
package struct ProviderSurroundings: Sendable {
    /// Where it keeps its journal and whatever else must outlive it; there, and for nobody else.
    package let stateDirectory: String
    package let logger: Logger
    /// To be told of each operation that ends.
    package let observer: TaskEngine.Observer

    package init(stateDirectory: String, logger: Logger, observer: @escaping TaskEngine.Observer) {
        self.stateDirectory = stateDirectory
        self.logger = logger
        self.observer = observer
    }
}
