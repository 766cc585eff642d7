import JSON
import RPC

/// Volumes as an operation notes them: as JSON, for names of pools and files may have anything in them.
extension MachineMark.Volume {
    static func note(_ volumes: [MachineMark.Volume]) -> String {
        var writer = JSONWriter()
        writer.array { array in
            for volume in volumes {
                array.object { object in
                    object.member("role", volume.role.rawValue)
                    object.member("pool", volume.pool)
                    object.member("name", volume.name)
                    if let disk = volume.disk { object.member("disk", disk) }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Errors: `internal` for what is not whole: volumes that are not known would stay, or be taken for another's.
    static func read(_ note: String) throws(RPCError) -> [MachineMark.Volume] {
        guard let document = try? JSONDocument(parsing: Array(note.utf8)) else { throw NoteError.notWhole }
        var (volumes, isWhole): ([MachineMark.Volume], Bool) = ([], true)
        document.withRoot { root in
            root.forEachElement { value in
                guard let role = value["role"]?.text.flatMap(MachineMark.Role.init), let pool = value["pool"]?.text,
                    let name = value["name"]?.text
                else {
                    isWhole = false
                    return
                }
                volumes.append(MachineMark.Volume(role: role, pool: pool, name: name, disk: value["disk"]?.text))
            }
        }
        guard isWhole else { throw NoteError.notWhole }
        return volumes
    }
}

enum NoteError {
    static let notWhole = RPCError(.internal, "what the operation noted of its volumes cannot be read; nothing more is done for it")
}
