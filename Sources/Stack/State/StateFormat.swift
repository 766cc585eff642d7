import Primitives

/// The version of what lies in a state directory, and the steps from older ones.
struct StateFormat {
    /// What this program reads and writes.
    var version = 1
    /// From a version to the next one.
    var steps: [Int: (StatePaths) throws(Failure) -> Void] = [:]

    /// Brings the directory to our version; a fresh one is marked with it.
    ///
    /// Errors: a newer version, an unreadable one, or a directory that holds something else than our state.
    func adopt(_ paths: StatePaths) throws(Failure) {
        let file = paths.path("version")
        guard Files.exists(file) else {
            let strangers = try Directory.names(paths.root).filter { !$0.hasPrefix(".") && $0 != "lock" && $0 != "lost+found" }
            if let stranger = strangers.min() {
                throw Failure(
                    .environment,
                    "\(paths.root) is not a state directory of martlet, it holds \(stranger) and no file named version; "
                        + "choose an empty or new --state-dir")
            }
            return try write(version, to: file)
        }
        let text = try Files.readLine(file)
        guard var found = Int(text) else { throw Failure(.malformed, "\(file) holds \"\(text.prefix(40))\", which is no version") }
        guard found <= version else {
            throw Failure(
                .environment,
                "\(paths.root) was written by a newer martlet (format \(found), this one knows up to \(version)); "
                    + "use that one or choose another --state-dir")
        }
        while found < version {
            guard let step = steps[found] else {
                throw Failure(.environment, "\(paths.root) has format \(found), from which there is no way to format \(version)")
            }
            try step(paths)
            found += 1
            try write(found, to: file)
        }
    }

    private func write(_ version: Int, to file: String) throws(Failure) {
        try Files.write(Array("\(version)\n".utf8), to: file, mode: 0o600)
    }
}
