import Glibc
import JSON
import Primitives

/// What the client asked for, and was answered, on disk: it survives the process as the client's own memory would.
final class Ledger: Sendable {
    struct Entry: Sendable {
        let key: String
        let method: String
        var members: [String: String]
        /// Identifier of what is made, and the task; nil while no answer has come.
        var answer: String?
    }

    private let descriptor: Int32

    init(_ path: String) throws(Failure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(.environment, "cannot write \(path): \(systemMessage(errno))") }
    }

    func asked(_ entry: Entry) { write(["key": entry.key, "method": entry.method].merging(entry.members) { first, _ in first }) }

    func answered(_ key: String, _ answer: String) { write(["key": key, "answer": answer]) }

    private func write(_ members: [String: String]) {
        var writer = JSONWriter()
        writer.object { writer in
            for (name, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(text: name)
                writer.string(value)
            }
        }
        Files.writeAll(writer.bytes + [0x0A], to: descriptor)
    }

    /// In the order in which they were asked; a line that was cut off was not.
    static func read(_ path: String) throws(Failure) -> [Entry] {
        var entries: [Entry] = []
        guard Files.exists(path) else { return [] }
        for line in try Files.read(path).split(separator: 0x0A) {
            guard let document = try? JSONDocument(parsing: Array(line)) else { continue }
            var members: [String: String] = [:]
            document.withRoot { $0.forEachMember { key, value in members[key.text] = value.text } }
            guard let key = members.removeValue(forKey: "key") else { continue }
            if let answer = members["answer"] {
                if let place = entries.firstIndex(where: { $0.key == key }) { entries[place].answer = answer }
            } else if let method = members.removeValue(forKey: "method") {
                entries.append(Entry(key: key, method: method, members: members))
            }
        }
        return entries
    }
}
