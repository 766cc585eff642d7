package import Primitives

/// Where a service is told to listen: on a network address, or on a socket in the file system.
package enum ListenPlace: Sendable, Hashable, CustomStringConvertible {
    case network(ListenAddress)
    /// An absolute path.
    case file(String)

    /// Reads `HOST:PORT` or `unix:/absolute/path`.
    package init(parsing text: String) throws(Failure) {
        guard text.hasPrefix("unix:") else {
            self = .network(try ListenAddress(parsing: text))
            return
        }
        let path = String(text.dropFirst("unix:".count))
        guard path.hasPrefix("/"), path.utf8.count < 108, path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw Failure(
                .configuration, "listen address \"\(text)\" is not unix:/PATH with an absolute path of at most 107 bytes")
        }
        self = .file(path)
    }

    /// False when the kernel chooses the port, so that the same text means another place each time.
    package var hasFixedPlace: Bool {
        if case .network(let address) = self { return address.port != 0 }
        return true
    }

    package var description: String {
        switch self {
        case .network(let address): address.description
        case .file(let path): "unix:\(path)"
        }
    }
}
