package import Primitives

/// Files that a person names to be applied.
package enum ManifestFiles {
    private static let bytes = 8 << 20
    private static let files = 10_000

    /// The files of a path: itself, or of a folder those that end with .yaml, .yml or .json, in the order of their names. `-` is stdin.
    package static func files(_ path: String) throws(Failure) -> [String] {
        guard path != "-", let names = Files.names(in: path, limit: files + 1) else { return [path] }
        let chosen = names.filter(isManifest).sorted()
        guard !chosen.isEmpty else { throw Failure(.usage, "\(path): no file of the folder ends with .yaml, .yml or .json") }
        guard names.count <= files else { throw Failure(.limit, "\(path): more than \(files) files; name some of them") }
        return chosen.map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    }

    static func isManifest(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    package static func read(_ file: String) throws(Failure) -> [UInt8] {
        try Files.read(file == "-" ? "/dev/stdin" : file, limitBytes: bytes)
    }
}
