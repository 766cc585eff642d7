import LibvirtAPI
import Primitives
import ProviderTasks
import RPC

/// Removes a machine and what belongs to it: volumes that it was made with. Images stay, and so do volumes of machines that somebody else made.
struct DeleteWork: OperationWork {
    let hypervisor: Hypervisor

    private static let volumesNote = "volumes"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let uuid = operation.target
        // Who they are stands in the machine alone, which goes first: a volume must not go while a machine has it.
        try await operation.step("look", at: 0) { () throws(RPCError) in
            let volumes = try await look(uuid)
            let text = volumes.map { "\($0.role.rawValue)\t\($0.pool)\t\($0.name)" }.joined(separator: "\n")
            try await operation.note(Self.volumesNote, text)
        }
        try await operation.step("machine", at: 0.2) { () throws(RPCError) in
            try await hypervisor.act("remove machine \(uuid)", seconds: 120) { connection throws(LibvirtError) in
                if let domain = try Hypervisor.domainIfThere(connection, uuid) { try Removal.remove(domain) }
            }
        }
        let volumes = (operation.note(Self.volumesNote) ?? "").split(separator: "\n").compactMap(Self.volume)
        try await operation.step("volumes", at: 0.6) { () throws(RPCError) in
            try await hypervisor.act("remove the volumes of machine \(uuid)") { connection throws(LibvirtError) in
                // What others may stand upon comes last, when ours stands there no more.
                for volume in volumes where volume.role != .base {
                    try Storage.remove(connection, pool: volume.pool, volume: volume.name)
                }
                try Bases.removeUnused(connection, volumes)
            }
        }
    }

    private static func volume(_ line: Substring) -> MachineMark.Volume? {
        let parts = line.split(separator: "\t").map(String.init)
        guard parts.count == 3, let role = MachineMark.Role(rawValue: parts[0]) else { return nil }
        return MachineMark.Volume(role: role, pool: parts[1], name: parts[2])
    }

    /// Errors: `failedPrecondition` when disks of others stand upon one of them.
    private func look(_ uuid: String) async throws(RPCError) -> [MachineMark.Volume] {
        let found: (volumes: [MachineMark.Volume], users: [String]) = try await hypervisor.look(
            "look at the volumes of machine \(uuid)", seconds: 60
        ) {
            connection throws(LibvirtError) in
            guard let domain = try Hypervisor.domainIfThere(connection, uuid) else { return ([], []) }
            guard let mark = try Hypervisor.view(domain).mark else { return ([], []) }
            var users: [String] = []
            for volume in mark.volumes where volume.role == .root || volume.role == .data {
                guard let there = try Storage.volume(connection.pool(named: volume.pool), volume.name) else { continue }
                users += try Storage.standing(connection, on: there.path())
            }
            return (mark.volumes, users)
        }
        guard found.users.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "\(found.users.prefix(3).joined(separator: ", ")) stand upon disks of machine \(uuid): remove the machines that have them first"
            )
        }
        return found.volumes
    }
}

/// Volumes below disks of several machines, as linked clones leave them.
enum Bases {
    /// Removes those that nothing stands upon any more, from the top.
    static func removeUnused(_ connection: LibvirtConnection, _ volumes: [MachineMark.Volume]) throws(LibvirtError) {
        var left = volumes.filter { $0.role == .base }
        // One may stand upon another: as long as one goes, there may be one more to go.
        while !left.isEmpty {
            var kept: [MachineMark.Volume] = []
            for base in left {
                guard let volume = try Storage.volume(connection.pool(named: base.pool), base.name) else { continue }
                if try Storage.standing(connection, on: volume.path()).isEmpty { try volume.delete() } else { kept.append(base) }
            }
            if kept.count == left.count { return }
            left = kept
        }
    }
}
