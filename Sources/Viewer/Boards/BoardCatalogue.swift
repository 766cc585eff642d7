import Boards
import JSON
import Primitives
import Synchronization

/// The boards that there are: those that the program carries, or those of a folder, looked at again and again.
final class BoardCatalogue: Sendable {
    /// One file.
    struct Entry: Sendable {
        var uid: String
        var title: String
        var tags: [String] = []
        /// Why there is no board to show.
        var problem: String?
        var board: Board?
    }

    private struct Reading {
        let stamp: FileStamp?
        let entry: Entry
    }

    private struct State {
        /// By title.
        var entries: [Entry] = []
        var byUID: [String: Int] = [:]
        /// What was read of each file of the folder.
        var readings: [String: Reading] = [:]
        /// Why the folder cannot be read.
        var problem: String?
        /// A look at the folder is going on.
        var isLooking = false
    }

    private static let mostBoards = 500
    private static let mostBytes = 4 << 20
    /// A file nests deeper than a board has parts.
    private static let depth = 64

    private let folder: String?
    private let state: Mutex<State>

    /// - Parameter shipped: name and text of the files that the program carries.
    init(shipped: [(name: String, bytes: [UInt8])]) {
        folder = nil
        state = Mutex(State())
        take(shipped.map { Self.entry($0.name, $0.bytes) })
    }

    /// - Parameter folder: of files that end in `.json`; it is read once here.
    init(folder: String) {
        self.folder = folder
        state = Mutex(State())
        look()
    }

    var entries: [Entry] { state.withLock { $0.entries } }
    var problem: String? { state.withLock { $0.problem } }

    func entry(_ uid: String) -> Entry? { state.withLock { state in state.byUID[uid].map { state.entries[$0] } } }

    /// Looks at the folder every two seconds, on a thread of its own each time: a file system may hang. Ends when its task is cancelled.
    func watch() async {
        guard folder != nil else { return }
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(2))
            let isFree = state.withLock { state in
                defer { state.isLooking = true }
                return !state.isLooking
            }
            guard isFree else { continue }
            do { try Thread.start("dashboards") { [self] in look() } } catch { state.withLock { $0.isLooking = false } }
        }
    }

    /// Reads what has changed.
    func look() {
        guard let folder else { return }
        defer { state.withLock { $0.isLooking = false } }
        guard let names = Files.names(in: folder, limit: 20 * Self.mostBoards) else {
            return state.withLock { $0.problem = "cannot read the folder \(folder)" }
        }
        let files = names.filter { $0.hasSuffix(".json") && !$0.hasPrefix(".") }.sorted()
        let before = state.withLock { $0.readings }
        var readings: [String: Reading] = [:]
        for name in files.prefix(Self.mostBoards) {
            let path = "\(folder)/\(name)"
            let stamp = FileStamp(path)
            if let known = before[name], let stamp, known.stamp == stamp {
                readings[name] = known
                continue
            }
            readings[name] = Reading(stamp: stamp, entry: Self.entry(name, path))
        }
        let left = files.count - readings.count
        state.withLock { state in
            state.readings = readings
            state.problem = left > 0 ? "\(folder) has more than \(Self.mostBoards) boards; \(left) are left out" : nil
        }
        let isSame = before.count == readings.count && readings.allSatisfy { before[$0]?.stamp == $1.stamp && $1.stamp != nil }
        if !isSame { take(files.compactMap { readings[$0]?.entry }) }
    }

    private static func entry(_ name: String, _ path: String) -> Entry {
        do {
            return entry(name, try Files.read(path, limitBytes: mostBytes))
        } catch {
            return broken(name, error.message)
        }
    }

    private static func entry(_ name: String, _ bytes: [UInt8]) -> Entry {
        do {
            let document = try JSONDocument(parsing: bytes, depth: depth)
            let result = document.withRoot { root in
                Result { () throws(Failure) in try Board.read(root) }
            }
            var board = try result.get()
            // Boards of long ago have none, and it is by this that their panels are asked for.
            if board.uid.isEmpty { board.uid = fallbackUID(name) }
            return Entry(uid: board.uid, title: board.title.isEmpty ? name : board.title, tags: board.tags, board: board)
        } catch {
            return broken(name, error.message)
        }
    }

    private static func broken(_ name: String, _ words: String) -> Entry { Entry(uid: fallbackUID(name), title: name, problem: words) }

    /// The file's name as it can stand in a URL.
    private static func fallbackUID(_ name: String) -> String {
        let stem = name.hasSuffix(".json") ? name.dropLast(".json".count) : name[...]
        return String(decoding: stem.utf8.map { isPlain($0) ? $0 : UInt8(ascii: "-") }, as: UTF8.self)
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

    private func take(_ found: [Entry]) {
        var entries: [Entry] = []
        var owners: [String: String] = [:]
        for var entry in found {
            if let owner = owners[entry.uid] {
                entry.problem = "its uid is that of \(owner) too"
                entry.board = nil
            } else {
                owners[entry.uid] = entry.title
            }
            entries.append(entry)
        }
        entries.sort { ($0.title, $0.uid) < ($1.title, $1.uid) }
        var byUID: [String: Int] = [:]
        for (index, entry) in entries.enumerated() where entry.board != nil || byUID[entry.uid] == nil { byUID[entry.uid] = index }
        state.withLock { state in
            state.entries = entries
            state.byUID = byUID
        }
    }
}
