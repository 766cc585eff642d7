/// The boards of `grafana/`, as they stand in the repository.
package enum ShippedBoards {
    private static let folder = "grafana/provisioning/dashboards/json/"

    /// The names of their files, and what is in them.
    package static var all: [(name: String, text: String)] {
        EmbeddedFiles.grafana.filter { $0.path.hasPrefix(folder) }.map { (String($0.path.dropFirst(folder.count)), $0.text) }
    }
}
