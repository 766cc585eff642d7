import JSON
import Primitives

/// How far everything was read that Loki has stored, as it lies on disk.
struct Places: Sendable, Equatable {
    /// What this program writes. Whoever changes the form adds a step to `read`.
    static let version = 1
    /// Containers that are remembered; of more, those that wrote last.
    private static let containerLimit = 10_000

    var journal: JournalPlace?
    var containers: [String: ContainerPlace] = [:]

    init() {}

    mutating func take(_ place: SourcePlace) {
        switch place {
        case .journal(let place): journal = place
        case .container(let id, let place): containers[id] = place
        }
    }

    // MARK: on disk

    /// Errors: what is no such file, and one of a newer martlet.
    init(reading bytes: [UInt8], of file: String) throws(Failure) {
        var found: Places?
        var version: Int?
        do {
            try JSONDocument(parsing: bytes, depth: 8).withRoot { root in
                version = root["version"]?.integer
                found = Self.read(root)
            }
        } catch {
            throw Failure(.malformed, "\(file) is damaged: \(error.message); remove it, and what was sent lately is sent again")
        }
        guard let version, version > 0, let found else {
            throw Failure(.malformed, "\(file) is no state of martlet logs; choose another logs.state_dir")
        }
        guard version <= Self.version else {
            throw Failure(
                .environment,
                "\(file) was written by a newer martlet (format \(version), this one knows up to \(Self.version)); use that one or choose another logs.state_dir"
            )
        }
        self = found
    }

    private static func read(_ root: JSONValue) -> Places? {
        guard root.isObject else { return nil }
        var places = Places()
        if let journal = root["journal"], let cursor = journal["cursor"]?.text, let time = journal["realtime_us"]?.integer {
            places.journal = JournalPlace(cursor: cursor, microseconds: Int64(time))
        }
        root["containers"]?.forEachMember { id, value in
            guard let time = value["time_ns"]?.integer, let count = value["count"]?.integer, count >= 0,
                let hash = value["hash"]?.text.flatMap({ UInt64($0, radix: 16) })
            else { return }
            places.containers[id.text] = ContainerPlace(time: Int64(time), count: count, hash: hash)
        }
        return places
    }

    var written: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("version", Self.version)
            if let journal {
                json.key("journal")
                json.object { json in
                    json.member("cursor", journal.cursor)
                    json.member("realtime_us", Int(journal.microseconds))
                }
            }
            json.key("containers")
            json.object { json in
                for (id, place) in containers.sorted(by: { $0.value.time > $1.value.time }).prefix(Self.containerLimit) {
                    json.key(text: id)
                    json.object { json in
                        json.member("time_ns", Int(place.time))
                        json.member("count", place.count)
                        json.member("hash", String(place.hash, radix: 16))
                    }
                }
            }
        }
        return json.bytes + [0x0A]
    }
}
