import JSON
import RPC

/// A disk of a clone's source, and what is made of it: chosen before anything is made, and noted, so that a life after this one finds the same.
struct CloneDisk: Sendable, Equatable {
    let sourcePath: String
    let sourcePool: String
    let sourceName: String
    /// qcow2 or raw, as the source's description says.
    let sourceFormat: String
    /// Of a linked clone the volume that the source gets upon what was its disk, in the same pool.
    let own: String?
    /// Of the clone's disk.
    let format: String
    let capacityBytes: UInt64
    let role: MachineMark.Role
    let pool: String
    let name: String
    /// Of a data disk: its name in the request that made the source.
    let disk: String?

    /// What a source's volume is called upon the base.
    static func own(_ volume: String, _ operation: String) -> String {
        // Of a source that is linked again and again the name does not grow.
        let stem =
            volume.firstRange(of: ".link-").map { volume[..<$0.lowerBound] } ?? volume[..<(volume.lastIndex(of: ".") ?? volume.endIndex)]
        return "\(stem).link-\(operation.suffix(8)).qcow2"
    }

    static func note(_ disks: [CloneDisk]) -> String {
        var writer = JSONWriter()
        writer.array { array in
            for disk in disks {
                array.object { object in
                    object.member("sourcePath", disk.sourcePath)
                    object.member("sourcePool", disk.sourcePool)
                    object.member("sourceName", disk.sourceName)
                    object.member("sourceFormat", disk.sourceFormat)
                    if let own = disk.own { object.member("own", own) }
                    object.member("format", disk.format)
                    // As text: a number of JSON is a Double to many.
                    object.member("capacityBytes", String(disk.capacityBytes))
                    object.member("role", disk.role.rawValue)
                    object.member("pool", disk.pool)
                    object.member("name", disk.name)
                    if let name = disk.disk { object.member("disk", name) }
                }
            }
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Errors: `internal` for what is not whole: a disk that is missing here would be shared with the source.
    static func read(_ note: String) throws(RPCError) -> [CloneDisk] {
        guard let document = try? JSONDocument(parsing: Array(note.utf8)) else { throw NoteError.notWhole }
        var (disks, isWhole): ([CloneDisk], Bool) = ([], true)
        document.withRoot { root in
            root.forEachElement { value in
                if let disk = CloneDisk(value) { disks.append(disk) } else { isWhole = false }
            }
        }
        guard isWhole, !disks.isEmpty else { throw NoteError.notWhole }
        return disks
    }

    private init?(_ value: borrowing JSONValue) {
        guard let sourcePath = value["sourcePath"]?.text, let sourcePool = value["sourcePool"]?.text,
            let sourceName = value["sourceName"]?.text, let sourceFormat = value["sourceFormat"]?.text, let format = value["format"]?.text,
            let capacity = value["capacityBytes"]?.text.flatMap({ UInt64($0) }),
            let role = value["role"]?.text.flatMap(MachineMark.Role.init),
            let pool = value["pool"]?.text, let name = value["name"]?.text
        else { return nil }
        self.init(
            sourcePath: sourcePath, sourcePool: sourcePool, sourceName: sourceName, sourceFormat: sourceFormat, own: value["own"]?.text,
            format: format, capacityBytes: capacity, role: role, pool: pool, name: name, disk: value["disk"]?.text)
    }

    init(
        sourcePath: String, sourcePool: String, sourceName: String, sourceFormat: String, own: String?, format: String,
        capacityBytes: UInt64, role: MachineMark.Role, pool: String, name: String, disk: String?
    ) {
        self.sourcePath = sourcePath
        self.sourcePool = sourcePool
        self.sourceName = sourceName
        self.sourceFormat = sourceFormat
        self.own = own
        self.format = format
        self.capacityBytes = capacityBytes
        self.role = role
        self.pool = pool
        self.name = name
        self.disk = disk
    }
}
