import Objects
import Primitives
import Settings

/// What kubeconfig files say, put together as kubectl does: of a name that several have, and of the current context, the first file's word counts.
struct Kubeconfig: Sendable {
    /// One entry of a list, and where its relative paths begin.
    struct Entry: Sendable {
        let body: SettingsTree
        let folder: String
    }

    private(set) var clusters: [String: Entry] = [:]
    private(set) var users: [String: Entry] = [:]
    private(set) var contexts: [String: Entry] = [:]
    private(set) var currentContext: String?
    /// For messages.
    let name: String

    /// Errors: `environment` for one that cannot be read, `malformed` with file, line and column.
    init(files: [String]) throws(Failure) {
        name = files.joined(separator: ":")
        for file in files { try add(Files.read(file, limitBytes: 1 << 20), path: file) }
    }

    private mutating func add(_ bytes: [UInt8], path: String) throws(Failure) {
        let tree = try SettingsTree(yaml: bytes, path: path)
        let absolute = Files.absolute(path)
        let folder = String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
        for (list, section, place) in [
            ("clusters", "cluster", \Self.clusters), ("users", "user", \Self.users), ("contexts", "context", \Self.contexts),
        ] as [(String, String, WritableKeyPath<Self, [String: Entry]>)] {
            for element in tree[list].sections {
                guard let name = element.word("name") else { throw element.failure("an entry of \(list) needs a name") }
                if self[keyPath: place][name] == nil { self[keyPath: place][name] = Entry(body: element[section], folder: folder) }
            }
        }
        if currentContext == nil { currentContext = tree.word("current-context") }
    }
}

extension Kubeconfig.Entry {
    /// The path behind a key, from the file's folder where it is relative.
    func path(_ key: String) -> String? { body.word(key).map { $0.hasPrefix("/") ? $0 : "\(folder)/\($0)" } }

    /// What a key says inside the file, in base64.
    func data(_ key: String) throws(Failure) -> [UInt8]? {
        guard let text = body.word(key) else { return nil }
        guard let bytes = Base64Text.bytes(of: text), !bytes.isEmpty else {
            throw body[key].failure("\(key) is no base64; copy it whole, or name a file with \(key.dropLast("-data".count))")
        }
        return bytes
    }

    /// The file that a key names or has inside, which counts more; what is inside is kept in `files`.
    func file(_ key: String, _ files: inout [MemoryFile]) throws(Failure) -> String? {
        if let bytes = try data(key + "-data") {
            let file = try MemoryFile(key, bytes)
            files.append(file)
            return file.path
        }
        guard let path = path(key) else { return nil }
        guard Files.exists(path) else { throw body[key].failure("\(key): there is no file \(path)") }
        return path
    }
}
