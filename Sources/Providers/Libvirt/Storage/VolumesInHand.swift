import ProviderRPC
import ProviderTasks

/// Volumes that operations have in hand which are not over: they are made before a machine has them, and are removed when none has them any more.
struct VolumesInHand: Sendable {
    /// The operation's identifier and kind, by its volume.
    private var byVolume: [VolumeUse.Volume: String] = [:]
    /// The same, by how names of volumes begin.
    private var byStem: [(stem: String, operation: String)] = []
    /// Notes that cannot be read, for what may stand in them.
    private var unread: [(text: String, operation: String)] = []

    init() {}

    init(_ operations: [Operation]) {
        for operation in operations {
            let name = "\(operation.id) (\(operation.kind))"
            for (key, note) in operation.notes {
                guard let volumes = Self.volumes(operation.kind, key, note) else { continue }
                if let volumes = try? volumes.get() {
                    for volume in volumes { byVolume[volume] = name }
                } else {
                    unread.append((note, name))
                }
            }
            switch ProviderMethod(rawValue: operation.kind) {
            case .create, .clone: byStem.append((Names.stem(operation.target, operation.resultID), name))
            case .exportDisk: byStem.append((ExportDiskWork.stem(operation.id), name))
            default: break
            }
        }
    }

    /// Nil for a note of something else.
    private static func volumes(_ kind: String, _ key: String, _ note: String) -> Result<[VolumeUse.Volume], any Error>? {
        switch ProviderMethod(rawValue: kind) {
        case .delete where key == DeleteWork.volumesNote, .reconfigure where key.hasPrefix(ReconfigureWork.madeNote):
            Result { try MachineMark.Volume.read(note).map { VolumeUse.Volume(pool: $0.pool, name: $0.name) } }
        case .clone where key == CloneWork.disksNote:
            Result {
                try CloneDisk.read(note).flatMap { disk in
                    [VolumeUse.Volume(pool: disk.pool, name: disk.name)]
                        + (disk.own.map { [VolumeUse.Volume(pool: disk.sourcePool, name: $0)] } ?? [])
                }
            }
        default: nil
        }
    }

    /// The operation that has the volume, for a person; nil for none.
    func operation(having volume: VolumeUse.Volume) -> String? {
        byVolume[volume] ?? byStem.first { volume.name.hasPrefix($0.stem) }?.operation
            ?? unread.first { $0.text.contains(volume.name) }?.operation
    }
}
