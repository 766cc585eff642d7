import Glibc
import Primitives

/// Writes the stack's files and remembers which, so that those of an earlier run go and those of a person stay.
struct StateWriter {
    /// Where to.
    let paths: StatePaths
    /// Of the files.
    var fileMode: UInt32 = 0o600
    /// Of folders that are made.
    var folderMode: UInt32 = 0o700

    /// Writes the files, by path below the root, and removes those that the call before wrote and this one does not.
    func write(_ files: [(path: String, text: String)]) throws(Failure) {
        let list = paths.path("written")
        let earlier = Files.exists(list) ? try Files.readLine(list).split(separator: "\n").map(String.init) : []
        let now = files.map(\.path)
        // Both lists first: a crash on the way leaves no file that nobody knows.
        let known = now + earlier.filter { !now.contains($0) }
        try write(known.joined(separator: "\n") + "\n", to: list)
        for (path, text) in files {
            try Files.makeDirectory(folder(of: paths.path(path)), mode: folderMode)
            try write(text, to: paths.path(path))
        }
        for path in earlier where !now.contains(path) && !path.hasPrefix("/") && !path.split(separator: "/").contains("..") {
            Files.remove(paths.path(path))
        }
        try write(now.joined(separator: "\n") + "\n", to: list)
    }

    private func write(_ text: String, to path: String) throws(Failure) { try Files.write(Array(text.utf8), to: path, mode: fileMode) }

    private func folder(of path: String) -> String { String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) }
}
