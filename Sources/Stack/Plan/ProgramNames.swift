import Primitives

/// Which programs the stack is made of: Debian's, the authors' own names for them, or a path that a person gave.
package struct ProgramNames: Sendable {
    /// A path to use instead of looking on PATH.
    package var prometheus: String?
    /// Likewise.
    package var alertmanager: String?
    /// Likewise.
    package var nodeExporter: String?
    /// Where to look, as in PATH.
    package var searchPath: String? = ProcessEnvironment.all["PATH"]

    /// All programs as found on PATH.
    package init() {}

    /// Where the programs stand.
    struct Found: Sendable {
        var prometheus: String
        var alertmanager: String
        var nodeExporter: String
        /// The checkers; nil when they are not installed.
        var promtool: String?
        var amtool: String?
    }

    /// Finds all of them, or fails with one line that names every missing one and its Debian package.
    func find() throws(Failure) -> Found {
        var missing: [String] = []
        let prometheus = try find(["prometheus"], given: self.prometheus, &missing)
        let alertmanager = try find(["prometheus-alertmanager", "alertmanager"], given: self.alertmanager, &missing)
        let nodeExporter = try find(["prometheus-node-exporter", "node_exporter"], given: self.nodeExporter, &missing)
        guard let prometheus, let alertmanager, let nodeExporter else {
            let names = missing.count == 1 ? missing[0] : missing.dropLast().joined(separator: ", ") + " and \(missing[missing.count - 1])"
            throw Failure(
                .environment,
                "\(names) \(missing.count == 1 ? "is" : "are") not on PATH: apt-get install \(missing.joined(separator: " "))")
        }
        return Found(
            prometheus: prometheus, alertmanager: alertmanager, nodeExporter: nodeExporter,
            promtool: ProcessEnvironment.findProgram("promtool", path: searchPath),
            amtool: ProcessEnvironment.findProgram("amtool", path: searchPath))
    }

    /// The first name is Debian's, of the program and of its package.
    private func find(_ names: [String], given: String?, _ missing: inout [String]) throws(Failure) -> String? {
        if let given {
            if let path = ProcessEnvironment.findProgram(given, path: searchPath) { return Files.absolute(path) }
            throw Failure(.environment, "\(given), given for \(names[0]), is not an executable file")
        }
        for name in names {
            if let path = ProcessEnvironment.findProgram(name, path: searchPath) { return Files.absolute(path) }
        }
        missing.append(names[0])
        return nil
    }
}
