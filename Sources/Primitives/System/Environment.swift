import Glibc

/// The environment and identity of this process.
package enum ProcessEnvironment {
    /// All variables. A name given twice keeps its first value, as getenv would find it.
    package static var all: [String: String] {
        var variables: [String: String] = [:]
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                let name = String(line[..<equals])
                if variables[name] == nil { variables[name] = String(line[line.index(after: equals)...]) }
            }
            entry += 1
        }
        return variables
    }

    /// Where a program stands: itself when it has a slash, else the first hit on PATH.
    package static func findProgram(_ name: String, path: String? = all["PATH"]) -> String? {
        if name.contains("/") { return Files.isExecutable(name) ? name : nil }
        for folder in (path ?? "/usr/local/bin:/usr/bin:/bin").split(separator: ":") {
            let candidate = "\(folder)/\(name)"
            if Files.isExecutable(candidate) { return candidate }
        }
        return nil
    }

    package static var hostName: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
            guard let start = buffer.baseAddress, gethostname(start, 255) == 0 else { return "localhost" }
            return String(cString: start)
        }
    }
}
