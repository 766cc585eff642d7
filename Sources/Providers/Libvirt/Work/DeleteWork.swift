import LibvirtAPI
import Primitives
import ProviderTasks
import RPC

/// Removes a machine and what belongs to it: volumes that it was made with. Images stay, and so do volumes of machines that somebody else made.
struct DeleteWork: OperationWork {
    let hypervisor: Hypervisor

    static let volumesNote = "volumes"

    func run(_ operation: OperationContext) async throws(RPCError) {
        let uuid = operation.target
        // Who they are stands in the machine alone, which goes first: a volume must not go while a machine has it.
        try await operation.step("look", at: 0) { () throws(RPCError) in
            try await operation.note(Self.volumesNote, MachineMark.Volume.note(try await look(uuid)))
        }
        try await operation.step("machine", at: 0.2) { () throws(RPCError) in
            try await hypervisor.act("remove machine \(uuid)", seconds: 120) { connection throws(LibvirtError) in
                if let domain = try Hypervisor.domainIfThere(connection, uuid) { try Removal.remove(domain) }
            }
        }
        let volumes = try MachineMark.Volume.read(operation.note(Self.volumesNote) ?? "")
        try await operation.step("volumes", at: 0.6) { () throws(RPCError) in
            try await hypervisor.act("remove the volumes of machine \(uuid)", seconds: 300) { connection throws(LibvirtError) in
                let users = try VolumeUse(connection, except: uuid)
                // What others may stand upon comes last, when ours stands there no more.
                for volume in volumes where volume.role != .base {
                    guard let there = try Self.find(connection, volume), try Self.isFree(there, volume, users) else { continue }
                    try Storage.remove(connection, pool: volume.pool, volume: volume.name)
                }
                try Bases.removeUnused(connection, volumes, users)
            }
        }
    }

    /// nil when it is gone, or its pool is.
    static func find(_ connection: LibvirtConnection, _ volume: MachineMark.Volume) throws(LibvirtError) -> LibvirtVolume? {
        do throws(LibvirtError) {
            return try Storage.volume(connection.pool(named: volume.pool), volume.name)
        } catch  where error.kind == .noStoragePool {
            return nil
        }
    }

    static func isFree(_ there: LibvirtVolume, _ volume: MachineMark.Volume, _ users: VolumeUse) throws(LibvirtError) -> Bool {
        users.machine(needing: try there.path(), pool: volume.pool, name: volume.name) == nil
    }

    /// Errors: `failedPrecondition` when others have one of them, or disks of others stand upon one.
    private func look(_ uuid: String) async throws(RPCError) -> [MachineMark.Volume] {
        let found: (volumes: [MachineMark.Volume], users: [String]) = try await hypervisor.look(
            "look at the volumes of machine \(uuid)", seconds: 120
        ) {
            connection throws(LibvirtError) in
            guard let domain = try Hypervisor.domainIfThere(connection, uuid) else { return ([], []) }
            guard let mark = try Hypervisor.machine(domain).mark else { return ([], []) }
            let others = try VolumeUse(connection, except: domain.uuid)
            var users: [String] = []
            for volume in mark.volumes where volume.role == .root || volume.role == .data {
                guard let there = try Self.find(connection, volume) else { continue }
                let path = try there.path()
                if let other = others.machine(needing: path, pool: volume.pool, name: volume.name) {
                    users.append("machine \(other) has \(path)")
                }
                users += try Storage.standing(connection, on: path).map { "\($0) stands upon \(path)" }
            }
            return (mark.volumes, users)
        }
        guard found.users.isEmpty else {
            throw RPCError(
                .failedPrecondition,
                "machine \(uuid) is not alone with its disks: \(found.users.prefix(3).joined(separator: ", ")); remove the machines that have them first"
            )
        }
        return found.volumes
    }
}

/// Volumes below disks of several machines, as linked clones leave them.
enum Bases {
    /// Removes those that nothing stands upon any more, from the top.
    static func removeUnused(
        _ connection: LibvirtConnection, _ volumes: [MachineMark.Volume], _ users: VolumeUse
    ) throws(LibvirtError) {
        var left = volumes.filter { $0.role == .base }
        // One may stand upon another: as long as one goes, there may be one more to go.
        while !left.isEmpty {
            var kept: [MachineMark.Volume] = []
            for base in left {
                guard let volume = try DeleteWork.find(connection, base) else { continue }
                var isUnused = try DeleteWork.isFree(volume, base, users)
                if isUnused { isUnused = try Storage.standing(connection, on: volume.path()).isEmpty }
                if isUnused { try volume.delete() } else { kept.append(base) }
            }
            if kept.count == left.count { return }
            left = kept
        }
    }
}
