import ProviderRPC
import ProviderTasks
import RPC

extension CreateWork {
    /// What may have been made, chosen when the request is accepted.
    struct Made: Sendable {
        let volumes: [MachineMark.Volume]
        /// One that is brought.
        let image: (pool: String, name: String)?

        private static let volumesNote = "volumes"
        private static let imagePoolNote = "imagePool"
        private static let imageNameNote = "imageName"

        init(_ request: MachineRequest, uuid: String, _ settings: LibvirtProviderSettings) throws(RPCError) {
            let volumes = CreateWork.volumes(request, uuid)
            guard let wanted = request.image, wanted.url != nil else {
                self = Made(volumes: volumes, image: nil)
                return
            }
            self = Made(volumes: volumes, image: (wanted.storage ?? settings.pool, try ImageStore.name(wanted, targetName: "")))
        }

        /// Of an operation; of one that a version before this one accepted, which noted nothing, as its request is read today.
        init(_ operation: OperationContext, _ settings: LibvirtProviderSettings) throws(RPCError) {
            guard let note = operation.note(Self.volumesNote) else {
                let settings = settings.with(operation.note(LibvirtProviderSettings.note))
                self = try Made(CreateWork.request(operation, settings), uuid: operation.resultID, settings)
                return
            }
            let (pool, name) = (operation.note(Self.imagePoolNote), operation.note(Self.imageNameNote))
            self = Made(volumes: try MachineMark.Volume.read(note), image: pool.flatMap { pool in name.map { (pool, $0) } })
        }

        private init(volumes: [MachineMark.Volume], image: (pool: String, name: String)?) { (self.volumes, self.image) = (volumes, image) }

        var notes: [String: String] {
            var notes = [Self.volumesNote: MachineMark.Volume.note(volumes)]
            (notes[Self.imagePoolNote], notes[Self.imageNameNote]) = (image?.pool, image?.name)
            return notes
        }
    }
}
